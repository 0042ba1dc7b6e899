/**
 * One run of the crash program, in which processes die where they are told to. A client starts it,
 * answers, signals and settles; it repeats what was not answered, as a client does.
 */
import {
  anonymousBundle,
  defaultTenant,
  type Explanation,
  HeddleError,
  isTerminalStatus,
  type JsonValue,
  RunEvent,
  type RunId,
} from "@heddle/core";
import type { Executor, Store, StreamAppend } from "@heddle/ports";
import { type Death, Simulation, simulatedPrincipal } from "@heddle/testkit/simulator";
import { evolve, LiveRun } from "../../../packages/runtime/src/machine/stages/index.ts";
import { crashHandlers, crashWorkflows } from "./crash-program.ts";
import { checkConsistent, law } from "./laws.ts";

const caller = { principal: simulatedPrincipal };

/** What the executor's own log says of one attempt. */
interface Executed {
  readonly key: string;
  readonly node: string;
  readonly input: string;
  result?: JsonValue;
}

/** What a run left behind, without the facts of attempts. */
export interface Traces {
  /** The facts of each frame, in order, by names: frames of one region may interleave differently, and their chains may not. */
  readonly chains: Readonly<Record<string, readonly string[]>>;
  readonly end: JsonValue;
  /** How many events of each kind, in all runs. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Where each death happened. */
  readonly diedAt: readonly (string | undefined)[];
}

export class CrashWorld {
  readonly #store: Store;
  readonly #simulation: Simulation;
  readonly #deaths: readonly (Death | undefined)[];
  readonly #executed: Executed[] = [];
  readonly #succeeded = new Set<string>();
  readonly #diedAt: (string | undefined)[] = [];
  #runId: RunId | undefined;

  constructor(store: Store, deaths: readonly (Death | undefined)[]) {
    this.#store = store;
    this.#deaths = deaths;
    this.#simulation = new Simulation({
      seed: 1,
      store,
      handlers: () => crashHandlers,
      wrapExecutor: (executor) => this.#recorded(executor),
      onAppended: (items) => this.#appended(items),
    });
  }

  async play(): Promise<Traces> {
    const simulation = this.#simulation;
    let lives = 0;
    simulation.start(this.#deaths[lives]);
    for (let steps = 0; ; steps++) {
      law(steps < 1_000, "the run ends");
      await simulation.settle();
      law(
        simulation.bugs.length + simulation.fatals.length === 0,
        `no bug: ${String((simulation.bugs[0] as Error)?.stack)} ${simulation.fatals[0]?.stack}`,
      );
      if (!simulation.incarnation.calls.alive) {
        this.#diedAt.push(simulation.incarnation.calls.diedAt);
        simulation.start(this.#deaths[++lives]);
      } else if (await this.#step()) break;
    }
    while (this.#diedAt.length < this.#deaths.length) this.#diedAt.push(undefined);
    return this.#traces();
  }

  /** What the client does next; true once it knows that the run has ended. */
  async #step(): Promise<boolean> {
    const { api } = this.#simulation;
    if (this.#runId === undefined) {
      const view = await this.#ask(api.bundles.put({ manifest: anonymousBundle(crashWorkflows), files: [] }, caller));
      if (view === undefined) return false;
      const started = await this.#ask(api.runs.start({ bundle: view.hash, input: { list: [1, 2, 3] }, idempotencyKey: "once" }, caller));
      this.#runId = started?.runId;
      return false;
    }
    const runId = this.#runId;
    const view = await this.#ask(api.runs.get({ runId }, caller));
    if (view === undefined) return false;
    if (isTerminalStatus(view.status)) return true;
    const reasons = await this.#ask(api.runs.why({ runId }, caller));
    const blocking = reasons?.find(({ kind }) => kind === "person" || kind === "signal" || kind === "outcome-unknown");
    if (blocking !== undefined) await this.#unblock(blocking);
    else if (reasons !== undefined)
      law(
        this.#simulation.clock.advance() || !this.#simulation.incarnation.calls.alive,
        `something moves: ${reasons.map(({ kind }) => kind).join()}`,
      );
    return false;
  }

  async #unblock(reason: Explanation): Promise<void> {
    const { api } = this.#simulation;
    const { run: runId } = reason;
    if (reason.kind === "person")
      await this.#ask(api.runs.answer({ runId, activation: reason.activation as number, answer: true }, caller));
    else if (reason.kind === "signal") await this.#ask(api.runs.signal({ runId, name: "go", value: 7, idempotencyKey: "once" }, caller));
    else {
      const call = `${runId}/${reason.activation}`;
      const done = this.#executed.find(({ key, result }) => key === call && result !== undefined);
      await this.#ask(
        api.calls.settle(done === undefined ? { call, as: "retry" } : { call, as: "succeeded", result: done.result as JsonValue }, caller),
      );
    }
  }

  /** An answer, or undefined where the process died before it gave one. */
  async #ask<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
    let answer: { readonly value: Answer } | undefined;
    let error: unknown;
    asked.then(
      (value) => {
        answer = { value };
      },
      (thrown: unknown) => {
        error = thrown;
      },
    );
    await this.#simulation.settle();
    // A repeated wish may find that the first one had its effect.
    law(
      error === undefined || HeddleError.is(error, "not-waiting") || HeddleError.is(error, "call-not-unknown"),
      `a call of the client is answered: ${String(error)}`,
    );
    return answer?.value;
  }

  #recorded(executor: Executor): Executor {
    return {
      execute: async (task, abort) => {
        const { idempotencyKey: key, node, input } = task;
        law(!this.#succeeded.has(key), `${node.id} is not executed after its success was committed`);
        const executed: Executed = { key, node: node.id, input: JSON.stringify(input) };
        this.#executed.push(executed);
        const outcome = await executor.execute(task, abort);
        if (outcome.kind === "succeeded") executed.result = outcome.result;
        return outcome;
      },
      close: () => executor.close(),
    };
  }

  #appended(items: readonly StreamAppend[]): void {
    for (const { stream, events } of items) {
      for (const { text } of events) {
        const event = JSON.parse(text) as RunEvent;
        if (event.kind === "activation-succeeded") this.#succeeded.add(`${stream.slice("run:".length)}/${event.activation}`);
      }
    }
  }

  async #traces(): Promise<Traces> {
    const chains: Record<string, string[]> = {};
    const kinds: Record<string, number> = {};
    const ends: Record<string, JsonValue> = {};
    const rows = await this.#store.journal.readAll(defaultTenant, 0, 10_000);
    const folds = new Map<string, LiveRun>();
    for (const { stream, text, atMs } of rows) {
      if (!stream.startsWith("run:")) continue;
      const { refs, ...stored } = JSON.parse(text) as RunEvent & { refs?: JsonValue };
      const event = stored as RunEvent;
      if (refs === undefined) RunEvent.parse(event);
      const fold = folds.get(stream) ?? new LiveRun();
      folds.set(stream, fold);
      kinds[event.kind] = (kinds[event.kind] ?? 0) + 1;
      const name = `${event.kind === "run-started" ? event.workflow : fold.head.workflow}${pathOf(fold, frameOf(fold, event))}`;
      const fact = factOf(fold, event, refs);
      if (fact !== undefined) chains[name] = [...(chains[name] ?? []), fact];
      evolve(fold, event, atMs);
      checkConsistent(fold);
    }
    for (const fold of folds.values()) {
      const { phase, output, steps, nextActivation, nextFrame, nextSignal, signalKeys } = fold.head;
      ends[fold.head.workflow] = { phase, output, steps, nextActivation, nextFrame, nextSignal, signalKeys };
    }
    this.#checkExecuted();
    return { chains, end: ends, kinds, diedAt: this.#diedAt };
  }

  /** The same work always carries the same key, and what may not be repeated was done once. */
  #checkExecuted(): void {
    const keys = new Map<string, string>();
    for (const { node, input, key } of this.#executed) {
      const known = keys.get(`${node} ${input}`) ?? key;
      law(known === key, `every attempt at ${node} of ${input} carries the same idempotency key`);
      keys.set(`${node} ${input}`, key);
    }
    law(this.#executed.filter(({ node, result }) => node === "pay" && result !== undefined).length === 1, "what is unsafe is done once");
  }
}

const attemptFacts: ReadonlySet<string> = new Set([
  "attempt-started",
  "attempt-failed",
  "outcome-unknown",
  "outcome-settled",
  "once-recorded",
]);

/** The frame that an event is a fact of. */
function frameOf(fold: LiveRun, event: RunEvent): number {
  if ("frame" in event) return event.frame;
  if ("region" in event && event.region !== undefined) return fold.activation(event.region)?.frame ?? 0;
  return "activation" in event ? (fold.activation(event.activation)?.frame ?? 0) : 0;
}

function pathOf(fold: LiveRun, id: number): string {
  const frame = fold.frame(id);
  if (frame === undefined || id === 0) return "";
  const region = fold.activation(frame.region);
  return `${pathOf(fold, region?.frame ?? 0)}/${region?.node}:${frame.slot}[${frame.index}]`;
}

/** An event by names: without the numbers of activations and frames, without times, and without attempts. */
function factOf(fold: LiveRun, event: RunEvent, refs: JsonValue | undefined): string | undefined {
  if (attemptFacts.has(event.kind)) return undefined;
  const node = "activation" in event ? fold.activation(event.activation)?.node : undefined;
  const dropped = new Set(["activation", "attempt", "frame", "region", "untilMs", "deadlineMs"]);
  // Who said how an unsafe call ended is a fact of its attempt: an operator, after a death.
  const { by: _, ...said } = event as RunEvent & { readonly by?: string };
  const text = JSON.stringify({ ...said, refs }, (key, value: unknown) => (dropped.has(key) ? undefined : value));
  return `${node ?? ""} ${text}`;
}
