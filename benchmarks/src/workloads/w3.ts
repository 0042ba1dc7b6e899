/**
 * W3: one workflow at a time that works on 1,000 items at once and sums up what they gave. Each item is a
 * step of its own with a durable result; results that are there in one turn of the event loop share a commit.
 */
import { owed, reference, scaled } from "../bars.ts";
import { inFolder, type Job, runJob } from "../jobs.ts";
import { median, percentile, rounded, waitForQuiet } from "../measure.ts";
import { openSystem } from "../open-system.ts";
import type { Plan, Report } from "../report.ts";
import type { SystemName } from "../system.ts";
import { closedLoop } from "./w1.ts";

interface W3Answer {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bestMs: number;
}

/** In the job. */
export async function measureW3({ system: name, folder, items, ms }: Extract<Job, { kind: "w3" }>): Promise<W3Answer> {
  const system = await openSystem(name, { folder, resultBytes: 64 });
  await closedLoop(1, Math.min(1_500, ms), () => system.mapReduce(items));
  const samples = await closedLoop(1, ms, () => system.mapReduce(items));
  await system.close();
  return { p50Ms: percentile(samples, 50), p99Ms: percentile(samples, 99), bestMs: Math.min(...samples) };
}

export async function runW3(plan: Plan): Promise<Report> {
  const items = plan.tiny ? 10 : 1_000;
  const answers: Record<SystemName, W3Answer[]> = { bare: [], heddle: [] };
  const measurements: unknown[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const busy = plan.tiny ? 0 : await waitForQuiet(3_000);
    for (const system of ["bare", "heddle"] as const) {
      const ms = plan.tiny ? 30 : plan.quick ? 1_500 : 3_000;
      const answer = await inFolder((folder) => runJob<W3Answer>({ kind: "w3", system, folder, items, ms }));
      answers[system].push(answer);
      measurements.push({ workload: "w3", system, items, round, busy, ...answer });
    }
    plan.progress(`W3: round ${round + 1} of ${plan.rounds}`);
  }
  return reportOf(items, answers, measurements);
}

function reportOf(items: number, answers: Readonly<Record<SystemName, W3Answer[]>>, measurements: readonly unknown[]): Report {
  const shares = answers.heddle.map((answer, round) => answer.p50Ms / (answers.bare[round]?.p50Ms ?? Number.NaN));
  const times = median(shares);
  const of = (system: SystemName, figure: keyof W3Answer): number => median(answers[system].map((answer) => answer[figure]));
  const best = (system: SystemName): number => Math.min(...answers[system].map((answer) => answer.p50Ms));
  const ms = scaled(best("heddle"), best("bare"), reference.w3Ms);
  const columns = ["system", "items", "p50 ms", "best round", "best workflow", "p99 ms", "times bare", "by round"];
  return {
    workload: "w3",
    tables: [
      {
        title: "W3: one workflow at a time, its items at once, then their reduction (WAL, synchronous=FULL)",
        columns,
        rows: (["bare", "heddle"] as const).map((system) => [
          system,
          items,
          of(system, "p50Ms"),
          best(system),
          Math.min(...answers[system].map((answer) => answer.bestMs)),
          of(system, "p99Ms"),
          system === "bare" ? "1" : times.toFixed(2),
          system === "bare" ? "" : shares.map((share) => share.toFixed(1)).join(" "),
        ]),
      },
    ],
    bars: [
      {
        id: `B3 embedded, ${items.toLocaleString("en")} items`,
        owed: `p50 of the best round at most ${owed.w3Ms} ms, scaled (aim: ${owed.w3MsAim})`,
        measured: `${ms.toFixed(1)} ms (unscaled ${best("heddle").toFixed(1)})`,
        met: ms <= owed.w3Ms,
      },
    ],
    ratios: { "w3, heddle / bare": { value: rounded(times), better: "lower" } },
    measurements,
  };
}
