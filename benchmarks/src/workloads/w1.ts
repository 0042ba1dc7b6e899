/**
 * W1: N clients, each starting a workflow of 10 steps as soon as its last one has ended. A step is
 * durable before the next begins. Starting, waiting and checking the output are part of it.
 */
import { owed } from "../bars.ts";
import { inFolder, type Job, runJob } from "../jobs.ts";
import { median, percentile, rounded, syncMs, waitForQuiet } from "../measure.ts";
import { openSystem } from "../open-system.ts";
import type { Plan, Ratio, Report } from "../report.ts";
import type { SystemName } from "../system.ts";

export const stepsPerWorkflow = 10;

export interface W1Answer {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of this process, for each workflow. */
  readonly cpuUs: number;
  /** What the disk took to sync one append, right before. */
  readonly syncMs: number;
}

/** In the job: a closed loop for a warm-up, then for `ms`; the last workflows are waited for and counted. */
export async function measureW1({ system: name, folder, resultBytes, clients, ms }: Extract<Job, { kind: "w1" }>): Promise<W1Answer> {
  const disk = syncMs(folder);
  const system = await openSystem(name, { folder, resultBytes });
  await closedLoop(clients, Math.min(700, ms), () => system.runWorkflow(stepsPerWorkflow));
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  const samples = await closedLoop(clients, ms, () => system.runWorkflow(stepsPerWorkflow));
  const cpu = process.cpuUsage(startedCpu);
  const seconds = (performance.now() - startedMs) / 1_000;
  await system.close();
  return {
    perSecond: samples.length / seconds,
    p50Ms: percentile(samples, 50),
    p99Ms: percentile(samples, 99),
    cpuUs: (cpu.user + cpu.system) / samples.length,
    syncMs: disk,
  };
}

/** How long each workflow took, in milliseconds. */
export async function closedLoop(clients: number, ms: number, run: () => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  const untilMs = performance.now() + ms;
  const client = async (): Promise<void> => {
    do {
      const startedMs = performance.now();
      await run();
      samples.push(performance.now() - startedMs);
    } while (performance.now() < untilMs);
  };
  await Promise.all(Array.from({ length: clients }, client));
  return samples;
}

interface Case {
  readonly clients: number;
  readonly resultBytes: number;
  readonly answers: Readonly<Record<SystemName, W1Answer[]>>;
  /** Heddle's workflows per second by the bare journal's, of each round. */
  readonly shares: number[];
}

export async function runW1(plan: Plan): Promise<Report> {
  const sizes = plan.tiny ? [64] : [64, 1_024];
  const cases = sizes.flatMap((resultBytes) =>
    (plan.tiny ? [2] : [1, 32, 256]).map((clients): Case => ({ clients, resultBytes, answers: { bare: [], heddle: [] }, shares: [] })),
  );
  const measurements: unknown[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    for (const { clients, resultBytes, answers, shares } of cases) {
      const busy = plan.tiny ? 0 : await waitForQuiet(3_000);
      for (const system of ["bare", "heddle"] as const) {
        const ms = plan.tiny ? 50 : plan.quick ? 1_000 : 2_000;
        const answer = await inFolder((folder) => runJob<W1Answer>({ kind: "w1", system, folder, resultBytes, clients, ms }));
        answers[system].push(answer);
        measurements.push({ workload: "w1", system, clients, resultBytes, round, busy, ...answer });
      }
      shares.push(rounded((answers.heddle.at(-1)?.perSecond ?? 0) / (answers.bare.at(-1)?.perSecond ?? 1)));
    }
    plan.progress(`W1: round ${round + 1} of ${plan.rounds}`);
  }
  return reportOf(cases, measurements);
}

function reportOf(cases: readonly Case[], measurements: readonly unknown[]): Report {
  const ratios: Record<string, Ratio> = {};
  const rows = cases.flatMap(({ clients, resultBytes, answers, shares }) => {
    const share = median(shares);
    ratios[`w1 ${resultBytes} B at ${clients}, heddle / bare`] = { value: rounded(share), better: "higher" };
    return (["bare", "heddle"] as const).map((system) => {
      const of = (figure: keyof W1Answer): number => median(answers[system].map((answer) => answer[figure]));
      const perSecond = of("perSecond");
      const among = system === "bare" ? ["1", ""] : [share.toFixed(3), shares.map((value) => value.toFixed(2)).join(" ")];
      return [system, clients, resultBytes, perSecond, perSecond * stepsPerWorkflow, of("p50Ms"), of("p99Ms"), of("cpuUs"), ...among];
    });
  });
  const judged = cases.find(({ clients, resultBytes }) => clients === 256 && resultBytes === 64);
  const share = judged === undefined ? undefined : median(judged.shares);
  return {
    workload: "w1",
    tables: [
      {
        title: "W1: concurrent workflows of 10 steps, each step durable before the next (WAL, synchronous=FULL)",
        columns: [
          "system",
          "clients",
          "result bytes",
          "workflows/s",
          "steps/s",
          "p50 ms",
          "p99 ms",
          "CPU us/workflow",
          "share of bare",
          "by round",
        ],
        rows,
      },
    ],
    bars:
      share === undefined
        ? []
        : [
            {
              id: "B1 embedded, 256 clients, 64 B",
              owed: `at least ${owed.w1Share} of the bare journal (aim: ${owed.w1ShareAim})`,
              measured: share.toFixed(3),
              met: share >= owed.w1Share,
            },
          ],
    ratios,
    measurements,
  };
}
