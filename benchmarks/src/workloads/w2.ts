/** W2: one workflow at a time, of 1 step and of 10: how long from the call to the durable, checked output. */
import { owed, reference, scaled } from "../bars.ts";
import { inFolder, type Job, runJob } from "../jobs.ts";
import { median, percentile, rounded, waitForQuiet } from "../measure.ts";
import { openSystem } from "../open-system.ts";
import type { Bar, Plan, Ratio, Report } from "../report.ts";
import type { SystemName } from "../system.ts";
import { closedLoop } from "./w1.ts";

interface W2Answer {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** In the job. */
export async function measureW2({ system: name, folder, steps, ms }: Extract<Job, { kind: "w2" }>): Promise<W2Answer> {
  const system = await openSystem(name, { folder, resultBytes: 64 });
  await closedLoop(1, Math.min(700, ms), () => system.runWorkflow(steps));
  const samples = await closedLoop(1, ms, () => system.runWorkflow(steps));
  await system.close();
  return { p50Ms: percentile(samples, 50), p99Ms: percentile(samples, 99) };
}

const lengths = [1, 10] as const;

interface Case {
  readonly steps: 1 | 10;
  readonly answers: Readonly<Record<SystemName, W2Answer[]>>;
}

export async function runW2(plan: Plan): Promise<Report> {
  const cases = lengths.map((steps): Case => ({ steps, answers: { bare: [], heddle: [] } }));
  const measurements: unknown[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    for (const { steps, answers } of cases) {
      const busy = plan.tiny ? 0 : await waitForQuiet(3_000);
      for (const system of ["bare", "heddle"] as const) {
        const ms = plan.tiny ? 30 : plan.quick ? 700 : 1_500;
        const answer = await inFolder((folder) => runJob<W2Answer>({ kind: "w2", system, folder, steps, ms }));
        answers[system].push(answer);
        measurements.push({ workload: "w2", system, steps, round, busy, ...answer });
      }
    }
    plan.progress(`W2: round ${round + 1} of ${plan.rounds}`);
  }
  return reportOf(cases, measurements);
}

function reportOf(cases: readonly Case[], measurements: readonly unknown[]): Report {
  const ratios: Record<string, Ratio> = {};
  const bars: Bar[] = [];
  const rows: (string | number)[][] = [];
  for (const { steps, answers } of cases) {
    const times = median(answers.heddle.map((answer, round) => answer.p50Ms / (answers.bare[round]?.p50Ms ?? Number.NaN)));
    for (const system of ["bare", "heddle"] as const) {
      const p50 = median(answers[system].map((answer) => answer.p50Ms));
      const p99 = median(answers[system].map((answer) => answer.p99Ms));
      rows.push([system, steps, p50, p99, system === "bare" ? "1" : times.toFixed(2)]);
    }
    const best = (system: SystemName): number => Math.min(...answers[system].map((answer) => answer.p50Ms));
    const ms = scaled(best("heddle"), best("bare"), reference.w2Ms[steps]);
    bars.push({
      id: `B2 embedded, ${steps} step${steps === 1 ? "" : "s"}`,
      owed: `p50 of the best round at most ${owed.w2Ms[steps]} ms, scaled`,
      measured: `${ms.toFixed(2)} ms (unscaled ${best("heddle").toFixed(2)})`,
      met: ms <= owed.w2Ms[steps],
    });
    ratios[`w2 ${steps} steps p50, heddle / bare`] = { value: rounded(times), better: "lower" };
  }
  const columns = ["system", "steps", "p50 ms", "p99 ms", "times bare"];
  return {
    workload: "w2",
    tables: [{ title: "W2: one workflow at a time (WAL, synchronous=FULL)", columns, rows }],
    bars,
    ratios,
    measurements,
  };
}
