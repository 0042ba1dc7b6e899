/**
 * W7: one run of very many steps. A step may cost no more late in a run than early, memory may not
 * grow with what has happened, and the journal may not hold much more than what the steps gave.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { owed } from "../bars.ts";
import { openRuntime } from "../heddle.ts";
import { inFolder, type Job, runJob } from "../jobs.ts";
import { median, percentile, rounded, waitForQuiet } from "../measure.ts";
import type { Bar, Plan, Ratio, Report } from "../report.ts";
import { cycleWorkflow, loopWorkflow } from "../workflows.ts";

const resultBytes = 64;
const warmSteps = 5_000;

export interface W7Answer {
  readonly steps: number;
  readonly seconds: number;
  /** The p50 of the time from one step to the next, in microseconds: of the first and the last thousand, of each tenth. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly tenthsUs: readonly number[];
  /** Of a fresh run of a thousand, right after. */
  readonly freshUs: number;
  /** The most that each tenth of the run held. */
  readonly rssMb: readonly number[];
  readonly bytesPerStep: number;
}

/** In the job. */
export async function measureW7({ folder, form, steps }: Extract<Job, { kind: "w7" }>): Promise<W7Answer> {
  const workflowOf = form === "loop" ? loopWorkflow : cycleWorkflow;
  const window = Math.min(1_000, Math.floor(steps / 4));
  const timesMs = new Float64Array(steps + 1);
  const rssMb = new Array<number>(10).fill(0);
  let measuring = false;
  const onStep = (_: string, step: number): void => {
    timesMs[step] = performance.now();
    if (!measuring || step % Math.ceil(steps / 200) !== 0) return;
    const tenth = Math.min(9, Math.floor((step * 10) / steps));
    rssMb[tenth] = Math.max(rssMb[tenth] ?? 0, process.memoryUsage.rss() / 2 ** 20);
  };

  // What an empty store takes, so that it can be left out.
  const empty = await openRuntime({ folder, resultBytes, onStep });
  await empty.runtime.close({ graceMs: 0 });
  const emptyBytes = storedBytes(folder);

  // The first thousand steps would else be those of a cold process on a log that still grows.
  const { runtime } = await openRuntime({ folder, resultBytes, onStep });
  const warmed = Math.min(warmSteps, steps);
  await runtime.run(workflowOf(warmed), {});
  measuring = true;
  const startedMs = performance.now();
  const { output } = await runtime.run(workflowOf(steps), {});
  const seconds = (performance.now() - startedMs) / 1_000;
  if (output !== steps) throw new Error(`a run of ${steps} steps gave ${JSON.stringify(output)}`);
  const between = timesMs.subarray(1, steps).map((timeMs, step) => (timeMs - (timesMs[step] as number)) * 1_000);
  const tenth = Math.floor(between.length / 10);
  const figures = {
    firstUs: percentile(between.subarray(0, window), 50),
    lastUs: percentile(between.subarray(-window), 50),
    tenthsUs: Array.from({ length: 10 }, (_, index) => percentile(between.subarray(index * tenth, (index + 1) * tenth), 50)),
  };
  measuring = false;
  await runtime.run(workflowOf(window), {});
  const fresh = timesMs.subarray(1, window).map((timeMs, step) => (timeMs - (timesMs[step] as number)) * 1_000);
  await runtime.close({ graceMs: 0 });
  const stored = (storedBytes(folder) - emptyBytes) / (warmed + steps + window);
  const result = JSON.stringify({ n: steps, payload: "x".repeat(resultBytes) }).length;
  return { steps, seconds, ...figures, freshUs: percentile(fresh, 50), rssMb, bytesPerStep: stored - result };
}

function storedBytes(folder: string): number {
  const files = ["heddle.db", "heddle.db-wal"].map((name) => join(folder, name));
  return files.reduce((sum, path) => sum + (existsSync(path) ? statSync(path).size : 0), 0);
}

export async function runW7(plan: Plan): Promise<Report> {
  const tables: (string | number)[][] = [];
  const bars: Bar[] = [];
  const ratios: Record<string, Ratio> = {};
  const measurements: unknown[] = [];
  for (const form of ["loop", "cycle"] as const) {
    if (!plan.tiny) await waitForQuiet(5_000);
    const steps = plan.tiny ? 200 : plan.quick || form === "cycle" ? 50_000 : 1_000_000;
    const answer = await inFolder((folder) => runJob<W7Answer>({ kind: "w7", folder, form, steps }));
    measurements.push({ workload: "w7", form, ...answer });
    const { firstUs, lastUs, freshUs, tenthsUs, rssMb, bytesPerStep, seconds } = answer;
    // The heap and the page cache find their sizes in the first half; what still grows in the second would grow for ever.
    const half = Math.floor(rssMb.length / 2);
    const early = rssMb[half - 1] ?? 0;
    const late = Math.max(...rssMb.slice(half));
    tables.push([
      form,
      steps,
      seconds,
      firstUs,
      lastUs,
      freshUs,
      tenthsUs.map((us) => us.toFixed(0)).join(" "),
      rssMb.map((mb) => mb.toFixed(0)).join(" "),
      bytesPerStep,
    ]);
    ratios[`w7 ${form}, last / first`] = { value: rounded(lastUs / firstUs), better: "lower" };
    ratios[`w7 ${form}, bytes per step beyond the result`] = { value: rounded(bytesPerStep), better: "lower" };
    if (form !== "loop") continue;
    bars.push(...barsOf(answer, late / early));
    plan.progress("W7: loop done");
  }
  const columns = [
    "form",
    "steps",
    "seconds",
    "first us",
    "last us",
    "fresh run us",
    "tenths us",
    "RSS MiB by tenth",
    "bytes/step beyond result",
  ];
  const title = "W7: one long run, p50 from one step to the next (WAL, synchronous=FULL)";
  return { workload: "w7", tables: [{ title, columns, rows: tables }], bars, ratios, measurements };
}

/** A short run ends before the heap of its process has found its size, so its memory is shown and not judged. */
const rssJudgedFrom = 500_000;

function barsOf({ steps, firstUs, lastUs, rssMb, bytesPerStep }: W7Answer, rssGrowth: number): readonly Bar[] {
  const id = `B8 embedded, ${steps.toLocaleString("en")} steps`;
  const rss: Bar = {
    id,
    owed: `RSS in the second half at most ${owed.w7RssGrowth} of what it was by then`,
    measured: `${rssGrowth.toFixed(2)} (median ${median(rssMb).toFixed(0)} MiB)`,
    met: rssGrowth <= owed.w7RssGrowth,
  };
  return [
    {
      id,
      owed: `p50 of the last thousand at most ${owed.w7Growth} of the first`,
      measured: (lastUs / firstUs).toFixed(2),
      met: lastUs / firstUs <= owed.w7Growth,
    },
    ...(steps < rssJudgedFrom ? [] : [rss]),
    {
      id,
      owed: `at most ${owed.w7BytesPerStep} bytes stored per step beyond its result`,
      measured: bytesPerStep.toFixed(0),
      met: bytesPerStep <= owed.w7BytesPerStep,
    },
  ];
}
