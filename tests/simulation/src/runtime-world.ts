/**
 * A program on the whole runtime: virtual time, the memory store, everything through the API. What
 * happens to it from outside comes from the seed; what it leaves in the store is held to the laws.
 */
import { compileExpr, defaultTenant, type Explanation, type Expr, HeddleError, jsonEquals, RunEvent, type RunId } from "@heddle/core";
import type { Executor, Store, StreamAppend } from "@heddle/ports";
import { createMemoryStore } from "@heddle/runtime";
import { SeededRandom, Simulation, simulatedPrincipal } from "@heddle/testkit/simulator";
import { evolve, LiveRun, reasonsOf, statusOf } from "../../../packages/runtime/src/machine/stages/index.ts";
import { checkAtRest, checkConsistent, law } from "./laws.ts";
import { answerFor, type OutsideEvent, outsideOf, settlementFor, signalFor } from "./outside.ts";
import type { Program } from "./program.ts";
import { actor } from "./script.ts";

const caller = { principal: simulatedPrincipal };
const stepsMax = 5_000;

/** Refusals that a wish at a random time may meet. */
const expected: ReadonlySet<string> = new Set([
  "run-ended",
  "run-not-ended",
  "run-not-paused",
  "not-waiting",
  "request-invalid",
  "answer-invalid",
  "value-invalid",
  "call-not-found",
  "call-not-unknown",
  "result-invalid",
  "activation-not-found",
]);

/** What happened, for the histogram. */
export type Happened = Set<string>;

export class RuntimeWorld {
  readonly happened: Happened = new Set();
  readonly #program: Program;
  readonly #random: SeededRandom;
  readonly #store: Store = createMemoryStore();
  readonly #simulation: Simulation;
  readonly #executing = new Map<string, number>();
  /** The last `seq` of each append, by stream: where a state is at rest. */
  readonly #commits = new Map<string, Set<number>>();
  /** When each attempt was first executed, by `<run>/<activation>#<attempt>`. */
  readonly #startedAtMs = new Map<string, number>();
  #run: RunId = "";

  constructor(program: Program) {
    this.#program = program;
    this.#random = new SeededRandom(program.seed).fork();
    this.#simulation = new Simulation({
      seed: program.seed,
      store: this.#store,
      handlers: ({ clock }) => ({ act: actor(program.seed, clock) }),
      wrapExecutor: (executor) => this.#watched(executor),
      onAppended: (items) => this.#appended(items),
    });
  }

  async play(): Promise<void> {
    const simulation = this.#simulation;
    simulation.start();
    this.#run = await this.#startRun();
    const outside = [...outsideOf(this.#program, this.#random)];
    let retries = Number(this.#random.weighted({ 0: 6, 1: 3, 2: 1 } as Record<string, number>));
    for (let steps = 0; ; steps++) {
      law(steps < stepsMax, "a run ends");
      await simulation.settle();
      law(simulation.bugs.length === 0, `no bug: ${String((simulation.bugs[0] as Error)?.stack ?? simulation.bugs[0])}`);
      law(simulation.fatals.length === 0, `no fatal error: ${simulation.fatals[0]?.message}`);
      if (this.#random.chance(0.03)) await this.#checkLive();
      const next = outside[0];
      const inMs = simulation.clock.nextInMs;
      if (next !== undefined && next.atMs <= simulation.clock.steadyMs + (inMs ?? Number.POSITIVE_INFINITY)) {
        simulation.clock.pass(next.atMs - simulation.clock.steadyMs);
        outside.shift();
        await this.#happen(next.event);
      } else if (!simulation.clock.advance()) {
        if (await this.#unblock()) continue;
        if (retries-- <= 0 || !(await this.#retry())) break;
      }
    }
    await this.#checkEnd();
    await simulation.incarnation.runtime.close({ graceMs: 0 });
  }

  async #startRun(): Promise<RunId> {
    const { runtime } = this.#simulation.incarnation;
    const random = this.#random;
    const input = { x: random.pick([1, "text", null]), list: random.pick([[1, 2], [], [4, 5, 6, 7]]) };
    // The first event names the run; the rest is read from the store.
    const first = runtime.stream(this.#program.workflows, input)[Symbol.asyncIterator]();
    const { value } = await first.next();
    law(value?.event.kind === "run-started", "the first event of a run is its start");
    await first.return?.();
    return value.event.run;
  }

  #watched(executor: Executor): Executor {
    return {
      execute: async (task, abort) => {
        const key = `${task.incarnation}:${task.idempotencyKey}`;
        this.#executing.set(key, (this.#executing.get(key) ?? 0) + 1);
        law(this.#executing.get(key) === 1, `${task.node.id} is executed once at a time`);
        const attempt = `${task.idempotencyKey}#${task.attempt}`;
        if (!this.#startedAtMs.has(attempt)) this.#startedAtMs.set(attempt, this.#simulation.clock.nowMs());
        const outcome = await executor.execute(task, abort);
        this.#executing.delete(key);
        return outcome;
      },
      close: () => executor.close(),
    };
  }

  #appended(items: readonly StreamAppend[]): void {
    for (const { stream, expectedSeq, events } of items) {
      const ends = this.#commits.get(stream) ?? new Set();
      this.#commits.set(stream, ends.add(expectedSeq + events.length));
    }
  }

  async #happen(event: OutsideEvent): Promise<void> {
    const { api } = this.#simulation;
    const runId = this.#run;
    this.happened.add(`outside-${event.kind}`);
    switch (event.kind) {
      case "pause":
        return this.#wish(api.runs.pause({ runId }, caller));
      case "cancel":
        return this.#wish(api.runs.cancel({ runId }, caller));
      case "resume":
      case "resume-now":
        return this.#wish(api.runs.resume({ runId, now: event.kind === "resume-now" }, caller));
      case "signal":
        return this.#wish(
          api.runs.signal(
            { runId, name: event.name, value: event.value, ...(event.key === undefined ? {} : { idempotencyKey: event.key }) },
            caller,
          ),
        );
      case "answer":
        return this.#wish(api.runs.answer({ runId, ...(event.answer === undefined ? {} : { answer: event.answer }) }, caller));
      case "settle": {
        const { rows } = await api.calls.list({ status: "outcome-unknown" }, caller);
        const call = rows[0]?.id ?? `${runId}/1`;
        return this.#wish(api.calls.settle({ call, as: event.as, result: event.result }, caller));
      }
      default:
        this.#simulation.start();
        this.#executing.clear();
        await this.#simulation.incarnation.runtime.ready();
    }
  }

  async #wish(wish: Promise<unknown>): Promise<void> {
    try {
      await this.#simulation.answer(wish);
    } catch (error) {
      law(HeddleError.is(error) && expected.has(error.code), `a wish meets a known refusal: ${String((error as Error).stack)}`);
      this.happened.add(`refused-${(error as HeddleError).code}`);
    }
  }

  /** No timer is armed: whatever the run waits for must come from outside. False where it has ended. */
  async #unblock(): Promise<boolean> {
    const { api } = this.#simulation;
    await this.#checkLive();
    const view = await api.runs.get({ runId: this.#run }, caller);
    const reasons = await api.runs.why({ runId: this.#run }, caller);
    if (["succeeded", "failed", "cancelled"].includes(view.status)) {
      law(reasons.length === 0, "a run that has ended waits for nothing");
      return false;
    }
    for (const reason of reasons) this.happened.add(`why-${reason.kind}`);
    const blocking = reasons.find(({ kind }) => kind !== "child-run" && kind !== "effect-in-flight");
    if (blocking !== undefined) {
      await this.#end(blocking);
      return true;
    }
    law(
      reasons.some(
        ({ kind, run, activation }) =>
          kind === "effect-in-flight" && [...this.#executing.keys()].some((key) => key.endsWith(`:${run}/${activation}`)),
      ),
      `nothing moves, and the run is ${view.status}: ${reasons.map(({ kind }) => kind).join(", ") || "without a reason"}`,
    );
    // A handler that never ends: somebody has to give up.
    await this.#happen({ kind: "cancel" });
    return true;
  }

  /** What the printed command does, through the API. */
  async #end(reason: Explanation): Promise<void> {
    const { api } = this.#simulation;
    const { run: runId } = reason;
    const random = this.#random;
    switch (reason.kind) {
      case "paused":
        return this.#wish(api.runs.resume({ runId }, caller));
      case "person": {
        const { answer } = answerFor(random) as Extract<OutsideEvent, { kind: "answer" }>;
        return this.#wish(
          api.runs.answer({ runId, activation: reason.activation as number, ...(answer === undefined ? {} : { answer }) }, caller),
        );
      }
      case "signal": {
        const { value } = signalFor(reason.signal as string, random) as Extract<OutsideEvent, { kind: "signal" }>;
        return this.#wish(api.runs.signal({ runId, name: reason.signal as string, value }, caller));
      }
      case "outcome-unknown": {
        const { as, result } = settlementFor(random) as Extract<OutsideEvent, { kind: "settle" }>;
        return this.#wish(api.calls.settle({ call: `${runId}/${reason.activation}`, as, result }, caller));
      }
      default:
        law(false, `nothing moves, and run ${runId} waits for ${reason.kind}: ${reason.message}`);
    }
  }

  async #retry(): Promise<boolean> {
    const before = this.happened.size;
    await this.#wish(this.#simulation.api.runs.retry({ runId: this.#run }, caller));
    if (this.happened.has("refused-activation-not-found") && this.happened.size > before) return false;
    const { status } = await this.#simulation.api.runs.get({ runId: this.#run }, caller);
    if (["succeeded", "failed", "cancelled"].includes(status)) return false;
    this.happened.add("outside-retry");
    return true;
  }

  /** What the API says of the state in memory is what the journal says. */
  async #checkLive(): Promise<void> {
    const { api, clock } = this.#simulation;
    const runId = this.#run;
    const live = new LiveRun();
    for (const { text, atMs } of await this.#store.journal.read(`run:${runId}`, defaultTenant, 0, 1_000_000))
      evolve(live, JSON.parse(text) as RunEvent, atMs);
    const view = await api.runs.get({ runId }, caller);
    law(view.status === statusOf(live, true), `the API says ${view.status}, and the journal ${statusOf(live, true)}`);
    if (live.head.phase !== "open") return;
    const told = (await api.runs.why({ runId }, caller))
      .filter(({ run }) => run === runId)
      .map(({ kind, activation }) => `${kind} ${activation}`);
    const known = reasonsOf(live, { nowMs: clock.nowMs() }).map(({ kind, activation }) => `${kind} ${activation}`);
    law(told.sort().join() === known.sort().join(), `the API gives the reasons ${told.join()}, and the journal ${known.join()}`);
    const asked = [...live.activations()].filter((activation) => activation.does?.kind === "ask").length;
    law(view.questions.length === asked && view.steps === live.head.steps, "the API counts questions and steps as the journal does");
    const expr = this.#program.workflows[0]?.queries?.[0]?.value as Expr;
    const frame = live.frame(0);
    const value = compileExpr(expr)({ var: (name) => frame?.vars[name] });
    law(jsonEquals(await api.runs.query({ runId, name: "last" }, caller), value), "a query reads what the journal says");
  }

  /** Folds every run of the store, event by event. */
  async #checkEnd(): Promise<void> {
    const all = await this.#store.journal.readAll(undefined, 0, 1_000_000);
    const streams = new Map<string, (typeof all)[number][]>();
    for (const event of all) if (event.stream.startsWith("run:")) streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
    for (const [stream, rows] of streams) {
      const live = new LiveRun();
      const hastened = rows.some(({ text }) => text.includes("waits-hastened"));
      for (const { seq, atMs, text } of rows) {
        const event = RunEvent.parse(JSON.parse(text));
        this.happened.add(nameOf(event));
        if (event.kind === "attempt-failed" && !hastened) {
          const startedAtMs = this.#startedAtMs.get(`${stream.slice("run:".length)}/${event.activation}#${event.attempt + 1}`);
          law(startedAtMs === undefined || startedAtMs >= event.retryAtMs, `attempt ${event.attempt + 1} waits for its time`);
        }
        law(atMs >= live.head.lastAtMs, "time does not run backwards in a journal");
        evolve(live, event, atMs);
        checkConsistent(live);
        if (this.#commits.get(stream)?.has(seq) === true) checkAtRest(live, atMs);
      }
      law(
        live.head.phase !== "open",
        `${stream} has ended, as its parent has (${statusOf(live, true)}: ${reasonsOf(live, { nowMs: 0 })
          .map(({ kind }) => kind)
          .join(", ")})`,
      );
      await this.#checkView(stream, live, rows.length);
    }
    law(this.#executing.size === 0, `nothing is executed for runs that have ended: ${[...this.#executing.keys()].join(", ")}`);
  }

  async #checkView(stream: string, live: LiveRun, seq: number): Promise<void> {
    const view = await this.#simulation.api.runs.get({ runId: stream.slice("run:".length) }, caller);
    law(view.status === live.head.phase, `the API says how the journal ends: ${view.status}, ${live.head.phase}`);
    law(
      view.seq === seq && view.steps === live.head.steps && view.tenant === defaultTenant,
      "the API counts events and steps as the journal does",
    );
  }
}

function nameOf(event: RunEvent): string {
  switch (event.kind) {
    case "activation-failed":
      return `event-failed-${event.on}${event.edge === undefined ? "" : "-edge"}`;
    case "unwinding-started":
      return `event-unwinding-${event.cause}`;
    case "run-failed":
    case "run-cancelled":
      return `event-${event.kind}${event.forced === true ? "-forced" : ""}`;
    case "activation-cancelled":
      return `event-cancelled-${event.outcome ?? "region"}`;
    default:
      return `event-${event.kind}`;
  }
}
