// Holds docs/parity.md and docs/parity-detail.md to account.
//
// docs/parity.md has every promised row exactly once, with a status. A row that claims to work, wholly or in part, names
// test files that exist, and one of them mentions the row by its id. docs/parity-detail.md breaks rows down into lines;
// a row is not done while one of its lines is not.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { codeSpans, readTables } from "./lib/markdown-table.mjs";

const families = { MN: 17, MI: 11, LC: 20, NE: 10, NA: 8, HE: 14 };
const statuses = new Set(["done", "partial", "planned"]);
const rowColumns = ["Row", "Feature", "Status", "Where", "Test"];
const lineColumns = ["Row", "Promise", "Our name", "Status", "Test"];

export const rowIds = Object.entries(families).flatMap(([family, count]) =>
  Array.from({ length: count }, (_, index) => `${family}${index + 1}`),
);

/** The faults of a claim: which tests it names, whether they are there, whether one speaks of the row. */
function faultsOfClaim(where, row, readFile) {
  const tests = codeSpans(row.Test);
  if (row.Status === "planned" && tests.length === 0) return [];
  if (tests.length === 0) return [`${where}: ${row.Status}, but no test is named`];
  const missing = tests.filter((path) => readFile(path) === undefined);
  if (missing.length > 0) return missing.map((path) => `${where}: there is no ${path}`);
  const mention = new RegExp(`\\b${row.Row}\\b`);
  if (tests.some((path) => mention.test(readFile(path) ?? ""))) return [];
  return [`${where}: none of its tests mentions ${row.Row}`];
}

/**
 * Every fault of the two documents. Pure: `readFile` gives the text of a path of the repository, or undefined when there
 * is no such file.
 */
export function parityFaults(parity, detail, readFile) {
  const faults = [];
  const rows = readTables(parity, rowColumns, (fault) => faults.push(`parity.md ${fault}`));
  const seen = new Map();
  for (const row of rows) {
    const where = `parity.md line ${row.line}: ${row.Row}`;
    if (!rowIds.includes(row.Row)) faults.push(`${where}: no such row`);
    if (seen.has(row.Row)) faults.push(`${where}: already on line ${seen.get(row.Row).line}`);
    if (!statuses.has(row.Status)) faults.push(`${where}: status "${row.Status}" is none of ${[...statuses].join(", ")}`);
    if (row.Feature === "") faults.push(`${where}: says nothing`);
    faults.push(...faultsOfClaim(where, row, readFile));
    seen.set(row.Row, row);
  }
  for (const id of rowIds) if (!seen.has(id)) faults.push(`parity.md: row ${id} is missing`);

  for (const line of readTables(detail, lineColumns, (fault) => faults.push(`parity-detail.md ${fault}`))) {
    const where = `parity-detail.md line ${line.line}: ${line.Row}`;
    const row = seen.get(line.Row);
    if (row === undefined) faults.push(`${where}: no such row`);
    if (!statuses.has(line.Status)) faults.push(`${where}: status "${line.Status}" is none of ${[...statuses].join(", ")}`);
    if (line.Promise === "") faults.push(`${where}: says nothing`);
    faults.push(...faultsOfClaim(where, line, readFile));
    if (row?.Status === "done" && line.Status !== "done") faults.push(`${where}: ${line.Status}, but the row is done`);
  }
  return { faults, rows };
}

function main() {
  const root = join(fileURLToPath(new URL(".", import.meta.url)), "..");
  const readFile = (path) => {
    const full = join(root, path);
    return !path.includes("..") && existsSync(full) ? readFileSync(full, "utf8") : undefined;
  };
  const { faults, rows } = parityFaults(readFile("docs/parity.md") ?? "", readFile("docs/parity-detail.md") ?? "", readFile);
  for (const fault of faults) process.stderr.write(`parity: ${fault}\n`);
  const counts = [...statuses].map((status) => `${rows.filter((row) => row.Status === status).length} ${status}`);
  process.stdout.write(`parity: ${rows.length} rows: ${counts.join(", ")}\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
