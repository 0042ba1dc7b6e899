/** Runs the benchmarks: every workload, the bare journal and Heddle in turns, then tables, bars and ratios. */
import { appendFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArguments, usage, type WorkloadName } from "./arguments.ts";
import { compare, readBaseline, recordBaseline } from "./baseline.ts";
import { profile } from "./profile.ts";
import { barsTable, formatTable, type Plan, type Report } from "./report.ts";
import { runW1 } from "./workloads/w1.ts";
import { runW1Worker } from "./workloads/w1-worker.ts";
import { runW2 } from "./workloads/w2.ts";
import { runW3 } from "./workloads/w3.ts";
import { runW4 } from "./workloads/w4.ts";
import { runW5 } from "./workloads/w5.ts";
import { runW6 } from "./workloads/w6.ts";
import { runW7 } from "./workloads/w7.ts";
import { runW9 } from "./workloads/w9.ts";

const workloads: Readonly<Record<WorkloadName, (plan: Plan) => Promise<Report>>> = {
  w1: runW1,
  "w1-worker": runW1Worker,
  w2: runW2,
  w3: runW3,
  w4: runW4,
  w5: runW5,
  w6: runW6,
  w7: runW7,
  w9: runW9,
};

const localFolder = fileURLToPath(new URL("../results/local/", import.meta.url));

function keepLocally(report: Report): void {
  mkdirSync(localFolder, { recursive: true });
  const at = new Date().toISOString();
  const lines = report.measurements.map((measurement) => `${JSON.stringify({ at, node: process.version, ...(measurement as object) })}\n`);
  appendFileSync(`${localFolder}measurements.jsonl`, lines.join(""));
}

async function main(): Promise<number> {
  const wanted = parseArguments(process.argv.slice(2));
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  if (wanted.help) {
    print(usage);
    return 0;
  }
  if (wanted.profile) {
    print(await profile({ system: wanted.system, clients: wanted.clients, resultBytes: wanted.bytes, ms: wanted.quick ? 1_500 : 5_000 }));
    return 0;
  }
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const reports: Report[] = [];
  for (const name of wanted.only) {
    const report = await workloads[name]({ rounds: wanted.rounds, quick: wanted.quick, tiny: false, progress });
    reports.push(report);
    keepLocally(report);
    if (!wanted.json) for (const table of report.tables) print(`\n${formatTable(table)}`);
  }
  const bars = reports.flatMap((report) => report.bars);
  const ratios = Object.assign({}, ...reports.map((report) => report.ratios)) as Report["ratios"];
  const comparison = compare(ratios, readBaseline());
  if (wanted.json) print(JSON.stringify({ bars, ratios, reports }, null, 2));
  else {
    print(`\n${formatTable(barsTable(bars))}`);
    if (wanted.check) print(`\n${formatTable(comparison.table)}`);
  }
  if (wanted.record) recordBaseline(ratios);
  return wanted.check && comparison.losses > 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`benchmarks: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 2;
});
