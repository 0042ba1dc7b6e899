/**
 * One run of a bundle as it is, in this process and in memory: no daemon, no data folder, nothing left behind. Its code runs in
 * processes of its own, as in a daemon; waits for time are ended at once, and people and signals answer as told.
 */
import {
  type BundleManifest,
  type BundleView,
  type Explanation,
  type Failure,
  HeddleError,
  type JsonObject,
  type JsonValue,
  type RunEvent,
  type RunId,
  type RuntimeApi,
} from "@heddle/core";
import { createRuntime, systemClock } from "@heddle/runtime";
import { simulatedPerson, simulatedPrincipal } from "./simulation.ts";

export interface QuickTestOptions {
  readonly manifest: BundleManifest;
  /** Its payload files, by path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Default: the main one. */
  readonly workflow?: string;
  readonly input: JsonObject;
  /** Says yes to whoever asks for yes or no, and is not named in `answers`. */
  readonly yes?: boolean;
  /** Answers by the id of the node that asks. */
  readonly answers?: Readonly<Record<string, JsonValue>>;
  /** Values of signals that the run waits for, by name. */
  readonly signals?: Readonly<Record<string, JsonValue>>;
  /** Milliseconds of the machine until it is given up. Default 60,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** One step of the path, in the order of the beginnings; those of child runs come last. */
export interface QuickStep {
  /** Of a child run `<workflow>/<node>`. */
  readonly node: string;
  readonly activation: number;
  /** `open`: it had not ended when the run had. */
  readonly outcome: "succeeded" | "failed" | "rejected" | "timeout" | "cancelled" | "open";
  readonly attempts: number;
}

export interface QuickTestReport {
  readonly workflow: string;
  readonly status: "succeeded" | "failed" | "cancelled" | "open";
  readonly output?: JsonValue;
  readonly failure?: Failure;
  readonly path: readonly QuickStep[];
  /** How often each node was entered, and tried in all. */
  readonly calls: Readonly<Record<string, { readonly calls: number; readonly attempts: number }>>;
  /** Of a run that did not end: what it waits for. */
  readonly waitsFor: readonly string[];
}

const timeoutMsDefault = 60_000;
const lookEveryMs = 10;
/** People whom one question is put to, where it takes several. */
const peopleMax = 20;
const caller = { principal: simulatedPrincipal };

/** Runs it once. Errors: those of `bundles.put` and `runs.start`; `cancelled` when the signal fires. A run that fails is an answer. */
export async function quickTest(options: QuickTestOptions): Promise<QuickTestReport> {
  const { manifest, files, workflow, input, timeoutMs = timeoutMsDefault } = options;
  const runtime = createRuntime({ handlerProcesses: { count: 1, memoryMb: 512, graceMs: 1_000 } });
  const enough = new AbortController();
  const disarm = systemClock.setTimer(timeoutMs, () => enough.abort());
  try {
    const uploaded = [...files].map(([path, bytes]) => ({ path, bytes }));
    const bundle: BundleView = await runtime.api.bundles.put({ manifest, files: uploaded }, caller);
    const chosen = workflow === undefined ? {} : { workflow };
    const { runId } = await runtime.api.runs.start({ bundle: bundle.hash, ...chosen, input }, caller);
    const signal = options.signal === undefined ? enough.signal : AbortSignal.any([options.signal, enough.signal]);
    const waits = await untilEnd(runtime.api, runId, options, signal);
    if (options.signal?.aborted === true) throw new HeddleError("cancelled", "the test was stopped");
    return reportOf(workflow ?? manifest.main, await eventsOf(runtime.api, runId), await childrenOf(runtime.api, runId), waits);
  } finally {
    disarm();
    await runtime.close({ graceMs: 0 });
  }
}

/** Waits for the end, and does what the run waits for; gives what nobody does. */
async function untilEnd(api: RuntimeApi, runId: RunId, options: QuickTestOptions, signal: AbortSignal): Promise<readonly string[]> {
  const ended = api.runs.result({ runId }, { ...caller, signal }).then(
    () => "ended" as const,
    () => "given-up" as const,
  );
  const done = new Map<string, number>();
  for (;;) {
    const reasons = (await api.runs.why({ runId }, caller)).filter(({ kind }) => kind !== "child-run");
    const helped = await Promise.all(reasons.map((reason) => help(api, reason, options, done)));
    // Whatever runs on its own goes on, or ends.
    const moves = reasons.some(({ kind }) => kind === "effect-in-flight" || kind === "aborting" || kind === "slot");
    if (reasons.length > 0 && !moves && !helped.some(Boolean)) return reasons.map(({ message }) => message);
    const next = await Promise.race([ended, lookAgain()]);
    if (next === "ended") return [];
    if (next === "given-up") return reasons.map(({ message }) => message);
  }
}

/** A question may be asked in any of its child runs, and nobody tells of all of them at once. */
function lookAgain(): Promise<"look"> {
  return new Promise((resolve) => {
    systemClock.setTimer(lookEveryMs, () => resolve("look"));
  });
}

/** Ends one reason, where that can be done. False: nobody does. */
async function help(api: RuntimeApi, reason: Explanation, options: QuickTestOptions, done: Map<string, number>): Promise<boolean> {
  const { kind, run, activation, node = "", signal = "" } = reason;
  const { answers = {}, signals = {}, yes = false } = options;
  const place = `${kind} ${run}/${activation}`;
  const times = done.get(place) ?? 0;
  try {
    if (kind === "timer" || kind === "retry-backoff") await api.runs.resume({ runId: run, now: true }, caller);
    else if (kind === "person" && activation !== undefined && (yes || Object.hasOwn(answers, node))) {
      const answer = Object.hasOwn(answers, node) ? (answers[node] ?? null) : true;
      // Whoever has started a run may not be the one who approves it; and one may not be enough.
      if (times >= peopleMax) return false;
      await api.runs.answer({ runId: run, activation, answer }, { principal: simulatedPerson(times + 1) });
    } else if (kind === "signal" && Object.hasOwn(signals, signal)) {
      if (times === 0) await api.runs.signal({ runId: run, name: signal, value: signals[signal] ?? null }, caller);
    } else return false;
  } catch (error) {
    // It may have gone on, or ended, in the meantime.
    if (!(HeddleError.is(error, "run-ended") || HeddleError.is(error, "not-waiting"))) throw error;
  }
  done.set(place, times + 1);
  return true;
}

async function eventsOf(api: RuntimeApi, runId: RunId): Promise<readonly RunEvent[]> {
  const records = await api.runs.events({ runId, limit: 10_000 }, caller);
  return records.map(({ event }) => event);
}

/** The steps of the runs that it started, in the order of their starts. */
async function childrenOf(api: RuntimeApi, root: RunId): Promise<readonly QuickStep[]> {
  const { rows } = await api.runs.list({ limit: 1_000 }, caller);
  const steps: QuickStep[] = [];
  for (const { id, workflow } of [...rows].reverse()) {
    if (id === root) continue;
    for (const step of stepsOf(await eventsOf(api, id))) steps.push({ ...step, node: `${workflow}/${step.node}` });
  }
  return steps;
}

type OpenStep = { -readonly [Key in keyof QuickStep]: QuickStep[Key] };

function stepsOf(events: readonly RunEvent[]): readonly QuickStep[] {
  const steps = new Map<number, OpenStep>();
  for (const event of events) {
    noteOpened(event, steps);
    if (event.kind === "activation-succeeded") settle(steps, event.activation, "succeeded", event.attempt);
    else if (event.kind === "activation-failed")
      settle(steps, event.activation, event.on === "success" ? "succeeded" : outcomes[event.on], event.attempt);
    else if (event.kind === "activation-cancelled") settle(steps, event.activation, "cancelled", event.attempt);
  }
  return [...steps.values()];
}

function reportOf(
  workflow: string,
  events: readonly RunEvent[],
  children: readonly QuickStep[],
  waitsFor: readonly string[],
): QuickTestReport {
  const path = [...stepsOf(events), ...children];
  const calls: Record<string, { calls: number; attempts: number }> = {};
  for (const { node, attempts } of path) {
    const known = calls[node] ?? { calls: 0, attempts: 0 };
    calls[node] = { calls: known.calls + 1, attempts: known.attempts + attempts };
  }
  const last = events.at(-1);
  const end =
    last?.kind === "run-succeeded"
      ? { status: "succeeded" as const, output: last.output }
      : last?.kind === "run-failed"
        ? { status: "failed" as const, failure: last.failure }
        : { status: last?.kind === "run-cancelled" ? ("cancelled" as const) : ("open" as const) };
  return { workflow, ...end, path, calls, waitsFor };
}

const outcomes = { failure: "failed", rejected: "rejected", timeout: "timeout" } as const;

function settle(
  steps: ReadonlyMap<number, OpenStep>,
  activation: number,
  outcome: QuickStep["outcome"],
  attempt: number | undefined,
): void {
  const step = steps.get(activation);
  if (step === undefined) return;
  step.outcome = outcome;
  step.attempts = attempt ?? step.attempts;
}

/** Wherever an event opens an activation, it has this shape. */
function noteOpened(part: unknown, steps: Map<number, OpenStep>): void {
  if (typeof part !== "object" || part === null) return;
  const { open, frames } = part as { readonly open?: unknown; readonly frames?: unknown };
  for (const frame of Array.isArray(frames) ? frames : []) noteOpened(frame, steps);
  if (typeof open !== "object" || open === null || !("activation" in open) || !("node" in open)) return;
  const activation = Number(open.activation);
  steps.set(activation, { node: String(open.node), activation, outcome: "open", attempts: 1 });
}
