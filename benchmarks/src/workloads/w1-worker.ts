/**
 * W1 as those have it who do not embed: a daemon, a worker that has the handler, and clients that start
 * workflows and wait for them over gRPC, each of the three a process of its own.
 *
 * The bare journal beside it is embedded, and has neither clients nor a worker: it is what the disk leaves.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@heddle/client";
import { createWorker } from "@heddle/client/worker";
import { anonymousBundle, parseDaemonConfig } from "@heddle/core";
import { startDaemon } from "@heddle/daemon";
import { owed } from "../bars.ts";
import { inFolder, type Job, ready, runJob, say, spawnJob } from "../jobs.ts";
import { median, percentile, rounded, waitForQuiet } from "../measure.ts";
import type { Plan, Report } from "../report.ts";
import { chainWorkflow } from "../workflows.ts";
import { closedLoop, stepsPerWorkflow, type W1Answer } from "./w1.ts";

interface Served {
  readonly target: string;
  readonly token: string;
}

interface DriveAnswer {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type WorkerJob = Extract<Job, { kind: "w1-worker" }>;

const servedFile = "served.json";
const slots = 512;

/** In the job. */
export async function measureW1Worker(job: WorkerJob): Promise<unknown> {
  if (job.role === "serve") return serve(job);
  const served = JSON.parse(readFileSync(join(job.folder, servedFile), "utf8")) as Served;
  return job.role === "work" ? work(job, served) : drive(job, served);
}

/** Serves until it is asked to end. */
async function serve({ folder }: WorkerJob): Promise<unknown> {
  const daemon = await startDaemon({
    config: parseDaemonConfig({ dataDir: join(folder, "daemon"), grpc: { port: 0 }, http: { enabled: false } }),
    env: { HEDDLE_HOME: folder },
  });
  const served: Served = { target: daemon.address, token: readFileSync(daemon.tokenFile, "utf8").trim() };
  writeFileSync(join(folder, servedFile), JSON.stringify(served));
  const asked = new Promise((resolve) => process.once("SIGTERM", resolve));
  say("ready");
  await asked;
  await daemon.close();
  return {};
}

/** Carries out steps until it is asked to end. */
async function work({ folder, resultBytes }: WorkerJob, served: Served): Promise<unknown> {
  const payload = "x".repeat(resultBytes);
  const worker = createWorker({
    ...served,
    slots,
    logPath: join(folder, "worker.log"),
    handlers: { step: ({ n }: { n: number }) => ({ n: n + 1, payload }) },
  }).stopOnSignals();
  void worker.ready.then(() => say("ready"));
  await worker.run();
  return {};
}

/** Starts workflows and waits for each, a fixed number at a time. */
async function drive({ folder, clients, ms }: WorkerJob, served: Served): Promise<DriveAnswer> {
  await using client = createClient({ ...served, logPath: join(folder, "client.log") });
  const { hash } = await client.bundles.put({ manifest: anonymousBundle([chainWorkflow(stepsPerWorkflow)]), files: [] });
  const run = async (): Promise<void> => {
    const { runId } = await client.runs.start({ bundle: hash, input: {} });
    const { status, output } = await client.runs.result({ runId });
    if (status !== "succeeded" || output !== stepsPerWorkflow)
      throw new Error(`run ${runId} is ${status} and gave ${JSON.stringify(output)}`);
  };
  await closedLoop(clients, Math.min(1_000, ms), run);
  const startedMs = performance.now();
  const samples = await closedLoop(clients, ms, run);
  const perSecond = samples.length / ((performance.now() - startedMs) / 1_000);
  return { perSecond, p50Ms: percentile(samples, 50), p99Ms: percentile(samples, 99) };
}

/** One measurement, in a folder of its own. `options` go to the process of the daemon. */
export function measureOnce(
  wanted: { readonly clients: number; readonly resultBytes: number; readonly ms: number },
  options: readonly string[] = [],
): Promise<DriveAnswer> {
  return inFolder(async (folder) => {
    const job = { kind: "w1-worker" as const, folder, ...wanted };
    const server = spawnJob({ ...job, role: "serve" }, options);
    await ready(server);
    const worker = spawnJob({ ...job, role: "work" });
    await ready(worker);
    const answer = await runJob<DriveAnswer>({ ...job, role: "drive" });
    for (const { child, ended } of [worker, server]) {
      child.kill("SIGTERM");
      await ended;
    }
    return answer;
  });
}

export async function runW1Worker(plan: Plan): Promise<Report> {
  const clients = plan.tiny ? 2 : 256;
  const resultBytes = 1_024;
  const ms = plan.tiny ? 50 : plan.quick ? 1_500 : 3_000;
  const rows: (string | number)[][] = [];
  const rates: number[] = [];
  const shares: number[] = [];
  const measurements: unknown[] = [];
  const answers: DriveAnswer[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const busy = plan.tiny ? 0 : await waitForQuiet(3_000);
    const bare = await inFolder((folder) => runJob<W1Answer>({ kind: "w1", system: "bare", folder, resultBytes, clients, ms }));
    const answer = await measureOnce({ clients, resultBytes, ms });
    answers.push(answer);
    rates.push(answer.perSecond * stepsPerWorkflow);
    shares.push(rounded(answer.perSecond / bare.perSecond));
    measurements.push({ workload: "w1-worker", clients, resultBytes, round, busy, barePerSecond: bare.perSecond, ...answer });
    plan.progress(`W1 with a worker: round ${round + 1} of ${plan.rounds}`);
  }
  const of = (figure: keyof DriveAnswer): number => median(answers.map((answer) => answer[figure]));
  const best = Math.max(...rates);
  rows.push([
    clients,
    resultBytes,
    of("perSecond"),
    median(rates),
    of("p50Ms"),
    of("p99Ms"),
    median(shares).toFixed(3),
    shares.map((share) => share.toFixed(2)).join(" "),
  ]);
  return {
    workload: "w1-worker",
    tables: [
      {
        title: "W1 through the gRPC API, with a worker in another process (WAL, synchronous=FULL)",
        columns: ["clients", "result bytes", "workflows/s", "steps/s", "p50 ms", "p99 ms", "of bare, embedded", "by round"],
        rows,
      },
    ],
    bars: [
      {
        id: `B1 through gRPC, a worker elsewhere, ${clients} clients, 1 KiB`,
        owed: `at least ${owed.w1WorkerStepsPerSecond.toLocaleString("en")} steps/s`,
        measured: `${Math.round(best).toLocaleString("en")}/s (${median(shares).toFixed(2)} of bare, embedded)`,
        met: best >= owed.w1WorkerStepsPerSecond,
      },
    ],
    ratios: {
      [`w1 through a worker, ${resultBytes} B at ${clients}, heddle / bare embedded`]: { value: rounded(median(shares)), better: "higher" },
    },
    measurements,
  };
}
