/**
 * The ratios that were once measured, kept in the repository, and what has become of them. Ratios
 * alone: a figure in seconds says more about a machine than about a change.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Ratio, Table } from "./report.ts";

type Ratios = Readonly<Record<string, Ratio>>;

const path = fileURLToPath(new URL("../results/baseline.json", import.meta.url));

/** How much worse a ratio may be before it counts as a loss. */
const lossMax = 0.1;

export function readBaseline(): Ratios {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Ratios;
  } catch {
    return {};
  }
}

/** Writes what was measured; what was not measured this time stays. */
export function recordBaseline(ratios: Ratios): void {
  const all = Object.entries({ ...readBaseline(), ...ratios }).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
}

export interface Comparison {
  readonly table: Table;
  readonly losses: number;
}

/** What was measured, beside the baseline. A ratio that only one of them has is not compared. */
export function compare(measured: Ratios, baseline: Ratios): Comparison {
  let losses = 0;
  const rows: (string | number)[][] = [];
  for (const [name, { value, better }] of Object.entries(measured)) {
    const was = baseline[name]?.value;
    if (was === undefined) continue;
    const gain = better === "higher" ? value / was - 1 : 1 - value / was;
    const lost = gain < -lossMax;
    if (lost) losses++;
    rows.push([name, was, value, `${gain < 0 ? "" : "+"}${(gain * 100).toFixed(0)} %`, lost ? "WORSE" : "ok"]);
  }
  return { table: { title: "Against the baseline", columns: ["ratio", "baseline", "now", "gain", "verdict"], rows }, losses };
}
