/** The command line of the benchmarks. */
import { parseArgs } from "node:util";
import type { SystemName } from "./system.ts";

export const workloadNames = ["w1", "w1-worker", "w2", "w3", "w4", "w5", "w6", "w7", "w9"] as const;
export type WorkloadName = (typeof workloadNames)[number];

export interface Arguments {
  readonly only: readonly WorkloadName[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly json: boolean;
  readonly record: boolean;
  readonly check: boolean;
  readonly profile: boolean;
  readonly help: boolean;
  readonly system: SystemName;
  readonly clients: number;
  readonly bytes: number;
}

export const usage = `node benchmarks/src/main.ts [options]

  --only w1,w5   these workloads alone (${workloadNames.join(", ")})
  --quick        shorter measurements, 3 rounds, W7 with 50,000 steps
  --rounds N     rounds of each measurement (5)
  --json         the reports as JSON on standard output, progress on standard error
  --record       keep the ratios in benchmarks/results/baseline.json
  --check        compare the ratios with it; exit 1 where one is more than 10 % worse
  --profile      W1 under the CPU profiler instead; with --clients N (256), --bytes N (64), --system heddle|bare
`;

export function parseArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      clients: { type: "string", default: "256" },
      bytes: { type: "string", default: "64" },
      system: { type: "string", default: "heddle" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { only, rounds, clients, bytes, system, ...flags } = values;
  if (system !== "heddle" && system !== "bare") throw new Error(`--system is heddle or bare, not ${system}`);
  return {
    ...flags,
    system,
    only: only === undefined ? workloadNames : only.split(",").map(workloadOf),
    rounds: rounds === undefined ? (flags.quick ? 3 : 5) : countOf("--rounds", rounds),
    clients: countOf("--clients", clients),
    bytes: countOf("--bytes", bytes),
  };
}

function workloadOf(name: string): WorkloadName {
  const found = workloadNames.find((known) => known === name.trim().toLowerCase());
  if (found === undefined) throw new Error(`there is no workload ${name}; there are ${workloadNames.join(", ")}`);
  return found;
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option} is a number from 1, not ${text}`);
  return count;
}
