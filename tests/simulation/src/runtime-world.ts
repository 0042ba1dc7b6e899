/**
 * A program on the whole runtime: virtual time, the memory store, everything through the API. What
 * happens to it from outside comes from the seed; what it leaves in the store is held to the laws.
 */
import { compileExpr, defaultTenant, type Explanation, type Expr, HeddleError, jsonEquals, RunEvent, type RunId } from "@heddle/core";
import type { Executor, Store, StreamAppend } from "@heddle/ports";
import { createMemoryStore } from "@heddle/runtime";
import { type Death, SeededRandom, Simulation, simulatedPrincipal } from "@heddle/testkit/simulator";
import { evolve, LiveRun, reasonsOf, statusOf } from "../../../packages/runtime/src/machine/stages/index.ts";
import { checkAtRest, checkConsistent, law } from "./laws.ts";
import { answerFor, type OutsideEvent, outsideOf, settlementFor, signalFor, type Timed } from "./outside.ts";
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

/** Thrown where a process died under a call of the API. */
const died = Symbol("died");

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
  readonly #succeeded = new Set<string>();
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
    if (this.#random.chance(0.5)) outside.unshift({ atMs: 0, event: { kind: "restart" } });
    let retries = Number(this.#random.weighted({ 0: 6, 1: 3, 2: 1 } as Record<string, number>));
    for (let steps = 0; ; steps++) {
      law(steps < stepsMax, "a run ends");
      await simulation.settle();
      law(simulation.bugs.length === 0, `no bug: ${String((simulation.bugs[0] as Error)?.stack ?? simulation.bugs[0])}`);
      law(simulation.fatals.length === 0, `no fatal error: ${simulation.fatals[0]?.message}`);
      try {
        if (!simulation.incarnation.calls.alive) await this.#restart(this.#deathOf(0.2));
        else if (await this.#step(outside)) continue;
        else if (retries-- <= 0 || !(await this.#retry())) break;
      } catch (thrown) {
        if (thrown !== died) throw thrown;
      }
    }
    // Whatever is asked from here on is answered.
    await this.#restart();
    await this.#checkEnd();
    await simulation.incarnation.runtime.close({ graceMs: 0 });
  }

  /** What happens next, from outside or with time; false once the run has ended. */
  async #step(outside: Timed[]): Promise<boolean> {
    const { clock } = this.#simulation;
    if (this.#random.chance(0.03)) await this.#checkLive();
    const [next] = outside;
    if (next !== undefined && next.atMs <= clock.steadyMs + (clock.nextInMs ?? Number.POSITIVE_INFINITY)) {
      clock.pass(next.atMs - clock.steadyMs);
      outside.shift();
      await this.#happen(next.event);
      return true;
    }
    return clock.advance() || this.#unblock();
  }

  /** A process takes over; perhaps it will not live long. */
  async #restart(death?: Death): Promise<void> {
    const { calls } = this.#simulation.incarnation;
    if (calls.diedAt !== undefined) this.happened.add(`died-at-${calls.diedAt}`);
    this.#simulation.start(death);
    this.#executing.clear();
    await this.#simulation.settle();
  }

  #deathOf(probability: number): Death | undefined {
    if (!this.#random.chance(probability)) return undefined;
    return { n: this.#random.integer(1, this.#random.pick([15, 30, 60])), mode: this.#random.pick(["before", "after"] as const) };
  }

  /** An answer of the API. Throws {@link died} where the process died before it gave one. */
  async #ask<Answer>(asked: Promise<Answer>): Promise<Answer> {
    let done = false;
    const marked = asked.finally(() => {
      done = true;
    });
    marked.catch(() => undefined);
    await this.#simulation.settle();
    if (done) return marked;
    law(!this.#simulation.incarnation.calls.alive, "a call of the API is answered once nothing moves");
    throw died;
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
        law(!this.#succeeded.has(task.idempotencyKey), `${task.node.id} is not executed after its success was committed`);
        law(task.node.safety !== "unsafe" || !this.#startedAtMs.has(attempt), `an unsafe attempt at ${task.node.id} is executed once`);
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
      for (const { text } of events) {
        if (!text.startsWith('{"kind":"activation-succeeded"')) continue;
        this.#succeeded.add(`${stream.slice("run:".length)}/${(JSON.parse(text) as { activation: number }).activation}`);
      }
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
        const { rows } = await this.#ask(api.calls.list({ status: "outcome-unknown" }, caller));
        const call = rows[0]?.id ?? `${runId}/1`;
        return this.#wish(api.calls.settle({ call, as: event.as, result: event.result }, caller));
      }
      default:
        await this.#restart(this.#deathOf(0.6));
    }
  }

  async #wish(wish: Promise<unknown>): Promise<void> {
    try {
      await this.#ask(wish);
    } catch (error) {
      if (error === died) throw error;
      law(HeddleError.is(error) && expected.has(error.code), `a wish meets a known refusal: ${String((error as Error).stack)}`);
      this.happened.add(`refused-${(error as HeddleError).code}`);
    }
  }

  /** No timer is armed: whatever the run waits for must come from outside. False where it has ended. */
  async #unblock(): Promise<boolean> {
    const { api } = this.#simulation;
    await this.#checkLive();
    const view = await this.#ask(api.runs.get({ runId: this.#run }, caller));
    const reasons = await this.#ask(api.runs.why({ runId: this.#run }, caller));
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
    const { status } = await this.#ask(this.#simulation.api.runs.get({ runId: this.#run }, caller));
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
    const view = await this.#ask(api.runs.get({ runId }, caller));
    law(view.status === statusOf(live, true), `the API says ${view.status}, and the journal ${statusOf(live, true)}`);
    if (live.head.phase !== "open") return;
    const told = (await this.#ask(api.runs.why({ runId }, caller)))
      .filter(({ run }) => run === runId)
      .map(({ kind, activation }) => `${kind} ${activation}`);
    const known = reasonsOf(live, { nowMs: clock.nowMs() }).map(({ kind, activation }) => `${kind} ${activation}`);
    law(told.sort().join() === known.sort().join(), `the API gives the reasons ${told.join()}, and the journal ${known.join()}`);
    const asked = [...live.activations()].filter((activation) => activation.does?.kind === "ask").length;
    law(view.questions.length === asked && view.steps === live.head.steps, "the API counts questions and steps as the journal does");
    const expr = this.#program.workflows[0]?.queries?.[0]?.value as Expr;
    const frame = live.frame(0);
    const value = compileExpr(expr)({ var: (name) => frame?.vars[name] });
    law(jsonEquals(await this.#ask(api.runs.query({ runId, name: "last" }, caller)), value), "a query reads what the journal says");
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
    const view = await this.#ask(this.#simulation.api.runs.get({ runId: stream.slice("run:".length) }, caller));
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
