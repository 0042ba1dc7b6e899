/**
 * W6: an idle runtime in a process of its own, with 0 and with 10,000 waiting runs: from the start of
 * the process to its first answer, and what it then costs to have it.
 */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { caller, openRuntime, putWorkflow } from "../heddle.ts";
import { inFolder, type Job, runJob, say, spawnJob } from "../jobs.ts";
import { median, waitForQuiet } from "../measure.ts";
import type { Plan, Report } from "../report.ts";
import { waitingWorkflow } from "../workflows.ts";

interface W6Answer {
  readonly rssMb: number;
  /** Of one core. */
  readonly cpuPercent: number;
  /** To the disk; null where the system does not count them. */
  readonly bytesPerSecond: number | null;
}

/** In the job: fills the store with waiting runs, or opens it, answers one call and idles. */
export async function measureW6({ folder, phase, runs, ms }: Extract<Job, { kind: "w6" }>): Promise<W6Answer> {
  const { runtime } = await openRuntime({ folder, resultBytes: 0 });
  if (phase === "fill") {
    const bundle = await putWorkflow(runtime, waitingWorkflow());
    await Promise.all(Array.from({ length: runs }, () => runtime.api.runs.start({ bundle, input: {} }, caller)));
    await runtime.close({ graceMs: 0 });
    return { rssMb: 0, cpuPercent: 0, bytesPerSecond: null };
  }
  await runtime.api.runtime.status({}, caller);
  say("answered");
  await sleep(Math.min(500, ms));
  const before = { cpu: process.cpuUsage(), writes: bytesWritten(), atMs: performance.now() };
  await sleep(ms);
  const seconds = (performance.now() - before.atMs) / 1_000;
  const { user, system } = process.cpuUsage(before.cpu);
  const writes = bytesWritten();
  const answer = {
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    cpuPercent: (user + system) / 1e4 / seconds,
    bytesPerSecond: writes === undefined || before.writes === undefined ? null : (writes - before.writes) / seconds,
  };
  await runtime.close({ graceMs: 0 });
  return answer;
}

function bytesWritten(): number | undefined {
  const path = "/proc/self/io";
  if (!existsSync(path)) return undefined;
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(path, "utf8"))?.[1]);
}

export async function runW6(plan: Plan): Promise<Report> {
  const rows: (string | number)[][] = [];
  const measurements: unknown[] = [];
  for (const runs of plan.tiny ? [5] : [0, 10_000]) {
    const answers: (W6Answer & { readonly answeredMs: number })[] = [];
    await inFolder(async (folder) => {
      if (runs > 0) await runJob({ kind: "w6", folder, phase: "fill", runs, ms: 0 });
      for (let round = 0; round < Math.min(3, plan.rounds); round++) {
        if (!plan.tiny) await waitForQuiet(3_000);
        const startedMs = performance.now();
        const job = spawnJob({ kind: "w6", folder, phase: "idle", runs, ms: plan.tiny ? 50 : 1_500 });
        await Promise.race([job.said("answered"), job.ended]);
        const answeredMs = performance.now() - startedMs;
        const answer = { ...((await job.answer) as W6Answer), answeredMs };
        await job.ended;
        answers.push(answer);
        measurements.push({ workload: "w6", runs, round, ...answer });
      }
    });
    const of = (figure: keyof (typeof answers)[number]): number => median(answers.map((answer) => answer[figure] ?? Number.NaN));
    rows.push([runs, of("answeredMs"), of("rssMb"), of("cpuPercent"), of("bytesPerSecond")]);
  }
  plan.progress("W6: done");
  const columns = ["waiting runs", "start to first answer ms", "RSS MiB", "CPU % of a core", "bytes written/s"];
  return {
    workload: "w6",
    tables: [{ title: "W6: idle, embedded (no server; for orientation)", columns, rows }],
    bars: [],
    ratios: {},
    measurements,
  };
}
