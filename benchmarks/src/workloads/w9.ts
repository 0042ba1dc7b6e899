/**
 * W9: what a step costs whose work is a call: of an action in the process of the runtime, of a plugin in
 * another process over gRPC, of a node of a node server in another process. The runtime is embedded, and
 * every step is durable before the next begins.
 *
 * Each is measured twice. Through whole runs, beside the same workflow with plain handlers, in turns in one
 * process; and the executor alone, called directly, with no run around it and nothing journalled.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ContentHash, defaultTenant, parseDaemonConfig, type RunId, type WorkflowIr } from "@heddle/core";
import { startDaemon } from "@heddle/daemon";
import { localPlugin } from "@heddle/plugin-sdk";
import type { AbortHandle, Executor, Task } from "@heddle/ports";
import { createNodeServers, createPluginHost } from "@heddle/remote";
import { type Runtime, systemClock } from "@heddle/runtime";
import { owed } from "../bars.ts";
import { caller, openRuntime } from "../heddle.ts";
import { inFolder, type Job, ready, type Spawned, say, spawnJob, type W9Target } from "../jobs.ts";
import { median, percentile, rounded, waitForQuiet } from "../measure.ts";
import type { Bar, Plan, Ratio, Report } from "../report.ts";
import { chainWorkflow, type StepKind } from "../workflows.ts";
import { closedLoop, stepsPerWorkflow as steps } from "./w1.ts";
import { benchPlugin, countIn, keepServed, nodesUrl, serveNodes, servePlugin } from "./w9-callees.ts";

type W9Job = Extract<Job, { kind: "w9" }>;
type DriveJob = Extract<W9Job, { role: "drive" }>;

interface W9Answer {
  /** p50 of a step, by a handler and by a call: of a workflow, one at a time, by its steps. */
  readonly handlerMs: number;
  readonly stepMs: number;
  /** Steps per second of many workflows at a time. */
  readonly handlersPerSecond: number;
  readonly stepsPerSecond: number;
  /** The executor alone: p50 of a call, one at a time, and calls per second, many at a time. */
  readonly callMs: number;
  readonly callsPerSecond: number;
}

const kindOf: Readonly<Record<W9Target, StepKind>> = { local: "tool", plugin: "tool", nodes: "remote" };

/** In the job. */
export async function measureW9(job: W9Job): Promise<unknown> {
  if (job.role === "drive") return drive(job);
  return job.role === "plugin" ? servePlugin(job.folder) : serveNodes(job.folder);
}

async function drive(job: DriveJob): Promise<W9Answer> {
  const { folder, target, clients, ms } = job;
  const tools = createPluginHost({ clock: systemClock, local: target === "local" ? [await localPlugin(benchPlugin)] : [] });
  const remotes = createNodeServers({ clock: systemClock });
  const { runtime } = await openRuntime({ folder, resultBytes: 64, executors: { tools, remotes } });
  const close = target === "plugin" ? await letRegister(folder, runtime) : () => runtime.close({ graceMs: 0 });
  if (target === "nodes") await runtime.api.nodes.add({ url: nodesUrl(folder) }, caller);
  const kind = kindOf[target];
  const run = runOf(runtime, chainWorkflow(steps, kind));
  const runHandlers = runOf(runtime, chainWorkflow(steps));
  // The first call waits until the plugin has registered.
  await run();
  await inTurns(Math.min(700, ms), [runHandlers, run], 1);
  const [handlers, calls] = await inTurns(2 * ms, [runHandlers, run], 1);
  const [manyHandlers, manyCalls] = await inTurns(2 * ms, [runHandlers, run], clients);
  const call = callOf(kind === "tool" ? tools : remotes, chainWorkflow(1, kind).nodes[0] as Task["node"]);
  const alone = await executorAlone(call, clients, ms);
  await close();
  return {
    handlerMs: percentile(handlers.samples, 50) / steps,
    stepMs: percentile(calls.samples, 50) / steps,
    handlersPerSecond: manyHandlers.perSecond * steps,
    stepsPerSecond: manyCalls.perSecond * steps,
    ...alone,
  };
}

/** Serves the runtime over gRPC, so that a plugin can register as plugins do. */
async function letRegister(folder: string, runtime: Runtime): Promise<() => Promise<void>> {
  const daemon = await startDaemon({
    config: parseDaemonConfig({ dataDir: join(folder, "daemon"), grpc: { port: 0 }, http: { enabled: false } }),
    env: { HEDDLE_HOME: folder },
    openEngine: () => ({
      api: runtime.api,
      ready: () => runtime.ready(),
      authenticate: (secret) => runtime.authenticate(secret),
      ensureAdminToken: (known) => runtime.ensureAdminToken(known),
      close: () => runtime.close({ graceMs: 0 }),
    }),
  });
  keepServed(folder, { target: daemon.address, token: readFileSync(daemon.tokenFile, "utf8").trim() });
  say("ready");
  return () => daemon.close();
}

function runOf(runtime: Runtime, ir: WorkflowIr): () => Promise<void> {
  return async () => {
    const { output } = await runtime.run(ir, {});
    if (output !== steps) throw new Error(`a workflow of ${steps} steps gave ${JSON.stringify(output)}`);
  };
}

interface Turns {
  readonly samples: number[];
  readonly perSecond: number;
}

/** Two kinds of work, in up to ten turns each: what changes on the machine meanwhile meets both. */
async function inTurns(ms: number, works: readonly [() => Promise<void>, () => Promise<void>], clients: number): Promise<[Turns, Turns]> {
  const all = works.map((run) => ({ run, samples: [] as number[], seconds: 0 }));
  const turns = Math.max(1, Math.min(10, Math.floor(ms / 200)));
  for (let turn = 0; turn < turns; turn++) {
    for (const one of all) {
      const startedMs = performance.now();
      one.samples.push(...(await closedLoop(clients, ms / 2 / turns, one.run)));
      one.seconds += (performance.now() - startedMs) / 1_000;
    }
  }
  return all.map(({ samples, seconds }) => ({ samples, perSecond: samples.length / seconds })) as [Turns, Turns];
}

const neverAborted: AbortHandle = { aborted: false, signal: new AbortController().signal, onAbort: () => undefined };

const services: Task["services"] = {
  once: () => undefined,
  recorded: () => ({}),
  recordOnce: () => Promise.resolve(),
  call: () => Promise.resolve({ kind: "succeeded", result: null }),
  waiting: () => undefined,
  log: () => undefined,
};

/** One call of an executor, as the gate would make it. */
function callOf(executor: Executor, node: Task["node"]): () => Promise<void> {
  let activation = 0;
  return async () => {
    const n = ++activation;
    const task: Task = {
      run: "run_bench" as RunId,
      tenant: defaultTenant,
      bundle: `sha256:${"0".repeat(64)}` as ContentHash,
      node,
      activation: n,
      attempt: 1,
      incarnation: "inc_bench",
      idempotencyKey: `run_bench/${n}`,
      input: { n },
      services,
    };
    const outcome = await executor.execute(task, neverAborted);
    if (outcome.kind !== "succeeded" || countIn(outcome.result) !== n + 1) throw new Error(`a call gave ${JSON.stringify(outcome)}`);
  };
}

async function executorAlone(call: () => Promise<void>, clients: number, ms: number): Promise<Pick<W9Answer, "callMs" | "callsPerSecond">> {
  await closedLoop(clients, Math.min(300, ms), call);
  const samples = await closedLoop(1, ms, call);
  const startedMs = performance.now();
  const many = await closedLoop(clients, ms, call);
  return { callMs: percentile(samples, 50), callsPerSecond: many.length / ((performance.now() - startedMs) / 1_000) };
}

/** One measurement, in a folder and processes of its own. */
function measureOnce(target: W9Target, clients: number, ms: number): Promise<W9Answer> {
  return inFolder(async (folder) => {
    const helpers: Spawned[] = [];
    const help = (role: "plugin" | "nodes"): Spawned => {
      const helper = spawnJob({ kind: "w9", role, folder });
      helpers.push(helper);
      return helper;
    };
    try {
      if (target === "nodes") await ready(help("nodes"));
      const driver = spawnJob({ kind: "w9", role: "drive", folder, target, clients, ms });
      helpers.push(driver);
      if (target === "plugin") {
        await ready(driver);
        help("plugin");
      }
      const others = helpers.filter((helper) => helper !== driver);
      const lost = others.map(async ({ ended }): Promise<never> => {
        await ended;
        throw new Error(`the process of the ${target} ended before it was asked to`);
      });
      const answer = (await Promise.race([driver.answer, ...lost])) as W9Answer;
      await driver.ended;
      return answer;
    } finally {
      for (const { child, ended } of helpers) {
        child.kill("SIGKILL");
        await ended;
      }
    }
  });
}

interface Case {
  readonly target: W9Target;
  readonly name: string;
  readonly answers: W9Answer[];
}

export async function runW9(plan: Plan): Promise<Report> {
  const clients = plan.tiny ? 2 : 64;
  const ms = plan.tiny ? 40 : plan.quick ? 1_000 : 2_000;
  const cases: readonly Case[] = [
    { target: "local", name: "action in process", answers: [] },
    { target: "plugin", name: "plugin over gRPC", answers: [] },
    { target: "nodes", name: "node server", answers: [] },
  ];
  const measurements: unknown[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    for (const { target, answers } of cases) {
      const busy = plan.tiny ? 0 : await waitForQuiet(3_000);
      const answer = await measureOnce(target, clients, ms);
      answers.push(answer);
      measurements.push({ workload: "w9", target, clients, round, busy, ...answer });
    }
    plan.progress(`W9: round ${round + 1} of ${plan.rounds}`);
  }
  return reportOf(clients, cases, measurements);
}

function reportOf(clients: number, cases: readonly Case[], measurements: readonly unknown[]): Report {
  const ratios: Record<string, Ratio> = {};
  const rows = cases.map(({ name, answers }) => {
    const of = (figure: (answer: W9Answer) => number): number => median(answers.map(figure));
    const times = of(({ stepMs, handlerMs }) => stepMs / handlerMs);
    const share = of(({ stepsPerSecond, handlersPerSecond }) => stepsPerSecond / handlersPerSecond);
    ratios[`w9 ${name}, step / handler step`] = { value: rounded(times), better: "lower" };
    ratios[`w9 ${name} at ${clients}, steps / handler steps`] = { value: rounded(share), better: "higher" };
    return [
      name,
      of(({ handlerMs }) => handlerMs * 1_000),
      of(({ stepMs }) => stepMs * 1_000),
      of(overUs),
      times.toFixed(2),
      of(({ stepsPerSecond }) => stepsPerSecond),
      share.toFixed(2),
      of(({ callMs }) => callMs * 1_000),
      of(({ callsPerSecond }) => callsPerSecond),
    ];
  });
  return {
    workload: "w9",
    tables: [
      {
        title: "W9: steps that are calls, each durable before the next (WAL, synchronous=FULL); the last two columns without any run",
        columns: [
          "step by",
          "handler p50 us",
          "step p50 us",
          "over it us",
          "times",
          `steps/s at ${clients}`,
          "of handlers",
          "executor p50 us",
          `executor calls/s at ${clients}`,
        ],
        rows,
      },
    ],
    bars: cases.flatMap(({ target, answers }) => barsOf(target, answers, clients)),
    ratios,
    measurements,
  };
}

/** What a step costs over one by a handler, in microseconds. */
function overUs({ stepMs, handlerMs }: W9Answer): number {
  return (stepMs - handlerMs) * 1_000;
}

/** Judged by whole runs. What the executor alone takes stands beside it. */
function barsOf(target: W9Target, answers: readonly W9Answer[], clients: number): readonly Bar[] {
  const least = (figure: keyof W9Answer): number => Math.min(...answers.map((answer) => answer[figure]));
  const most = (figure: keyof W9Answer): number => Math.max(...answers.map((answer) => answer[figure]));
  if (target === "local") {
    // The best of differences is the one that noise has favoured most.
    const us = median(answers.map(overUs));
    const measured = `${us.toFixed(1)} us (executor alone ${(least("callMs") * 1_000).toFixed(1)})`;
    return [
      { id: "B9 action in process", owed: `less than ${owed.w9LocalUs} us over a handler's step`, measured, met: us < owed.w9LocalUs },
    ];
  }
  const [name, ms] = target === "plugin" ? (["plugin over gRPC", owed.w9PluginMs] as const) : (["node server", owed.w9NodeMs] as const);
  const latency: Bar = {
    id: `B9 ${name}, one at a time`,
    owed: `p50 of a step in the best round less than ${ms} ms, its commit included`,
    measured: `${least("stepMs").toFixed(2)} ms (executor alone ${least("callMs").toFixed(2)})`,
    met: least("stepMs") < ms,
  };
  if (target === "nodes") return [latency];
  const rate = most("stepsPerSecond");
  const alone = Math.round(most("callsPerSecond")).toLocaleString("en");
  const throughput: Bar = {
    id: `B9 ${name}, ${clients} workflows at a time`,
    owed: `more than ${owed.w9PluginPerSecond.toLocaleString("en")} steps/s in the best round`,
    measured: `${Math.round(rate).toLocaleString("en")}/s (executor alone ${alone})`,
    met: rate > owed.w9PluginPerSecond,
  };
  return [latency, throughput];
}
