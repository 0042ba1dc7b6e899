// Holds docs/errors.md equal to the error registry of @heddle/core, both ways: `node scripts/check-docs.mjs [--scaffold]`.
//
// The document has one section per code, `## code`, which opens with a list of what the registry says about it:
//   - category: conflict   - retry: never   - grpc: 9 FAILED_PRECONDITION   - http: 409     (one bullet per line)
// followed by at least one sentence of explanation. A heading that is not a code in its spelling (lower case, no spaces)
// is prose. With --scaffold the sections that the document lacks are printed, ready to be filled in.
// It reads the built package, so build first.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const fields = ["category", "retry", "grpc", "http"];

const grpcNames = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** How the document writes one fact of the registry; a gRPC status has its number and its name. */
function written(field, value) {
  return field === "grpc" && grpcNames[value] !== undefined ? `${value} ${grpcNames[value]}` : String(value);
}

/** The sections of the document: code -> what it claims, and whether it explains itself. */
export function readErrorSections(text) {
  const sections = [];
  let current;
  for (const line of text.split("\n")) {
    const heading = /^##\s+`?([a-z][a-z0-9_.-]*)`?\s*$/.exec(line);
    if (heading) {
      current = { code: heading[1], claims: {}, explained: false };
      sections.push(current);
    } else if (/^##?\s/.test(line)) {
      current = undefined;
    } else if (current !== undefined && line.trim() !== "") {
      const claim = /^[-*]\s+(\w+):\s*`?([^`]*?)`?\s*$/.exec(line);
      if (claim && fields.includes(claim[1])) current.claims[claim[1]] = claim[2];
      else current.explained = true;
    }
  }
  return sections;
}

/** Every way in which the document and the registry differ. Pure. */
export function errorDocFaults(text, registry) {
  const faults = [];
  const documented = new Set();
  for (const { code, claims, explained } of readErrorSections(text)) {
    if (documented.has(code)) faults.push(`${code}: has two sections`);
    documented.add(code);
    const entry = registry[code];
    if (entry === undefined) {
      faults.push(`${code}: documented, but not in the registry`);
      continue;
    }
    for (const field of fields) {
      if (claims[field] === undefined) faults.push(`${code}: does not state its ${field}`);
      else if (claims[field] !== written(field, entry[field])) {
        const wanted = written(field, entry[field]);
        faults.push(`${code}: ${field} is ${wanted} in the registry, ${claims[field]} in the document`);
      }
    }
    if (!explained) faults.push(`${code}: has no explanation`);
  }
  for (const code of Object.keys(registry)) {
    if (!documented.has(code)) faults.push(`${code}: in the registry, but not documented`);
  }
  return faults;
}

function scaffold(text, registry) {
  const documented = new Set(readErrorSections(text).map((section) => section.code));
  return Object.entries(registry)
    .filter(([code]) => !documented.has(code))
    .map(([code, entry]) => `## ${code}\n\n${fields.map((field) => `- ${field}: ${written(field, entry[field])}`).join("\n")}\n`)
    .join("\n");
}

async function main() {
  const root = join(fileURLToPath(new URL(".", import.meta.url)), "..");
  const built = join(root, "packages", "core", "dist", "index.js");
  const document = join(root, "docs", "errors.md");
  const text = existsSync(document) ? readFileSync(document, "utf8") : "";
  if (!existsSync(built)) {
    process.stderr.write("docs: @heddle/core is not built\n");
    process.exitCode = 1;
    return;
  }
  const { errorCodes } = await import(pathToFileURL(built).href);
  if (errorCodes === undefined) {
    process.stderr.write("docs: @heddle/core exports no errorCodes\n");
    process.exitCode = 1;
    return;
  }
  if (process.argv.includes("--scaffold")) {
    process.stdout.write(scaffold(text, errorCodes));
    return;
  }
  const faults = text === "" ? ["docs/errors.md is missing"] : errorDocFaults(text, errorCodes);
  for (const fault of faults) process.stderr.write(`docs: ${fault}\n`);
  process.stdout.write(`docs: ${Object.keys(errorCodes).length} error codes\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
