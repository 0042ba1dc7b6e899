/**
 * The whole engine as what a story is told to: virtual time, the memory store, everything through the
 * API. Its handlers end when the story says so. Processes die at random port calls; whoever comes
 * after takes up what the journal owes, and is told again what took no effect.
 */
import {
  anonymousBundle,
  defaultTenant,
  type HandlerContext,
  HeddleError,
  isTerminalStatus,
  type JsonObject,
  type JsonValue,
  RunEvent,
  type RunId,
  type WorkflowIr,
} from "@heddle/core";
import type { Store, StreamAppend } from "@heddle/ports";
import { createMemoryStore, type HandlerFunction } from "@heddle/runtime";
import { type Death, type SeededRandom, Simulation, simulatedPrincipal } from "@heddle/testkit/simulator";
import { type GraphPlan, prepareGraph } from "../../../packages/runtime/src/machine/graph/plan.ts";
import { evolve, LiveRun } from "../../../packages/runtime/src/machine/index.ts";
import { checkGraph, checkGraphAtRest } from "./graph-laws.ts";
import { type GraphEnd, type GraphSubject, textOf } from "./graph-play.ts";
import type { Outcome, Work } from "./graph-reading.ts";
import { law } from "./laws.ts";

const caller = { principal: simulatedPrincipal };

interface Executing {
  readonly attempt: number;
  readonly payload: JsonValue;
  readonly settle: (outcome: Outcome) => void;
}

/** Refusals that a wish may meet that was made again after a death: the first one had its effect. */
const afterDeath: readonly string[] = ["run-ended", "not-waiting", "dead-letter-not-found"];

export class GraphEngine implements GraphSubject {
  readonly happened = new Set<string>();
  readonly #ir: WorkflowIr;
  readonly #plan: GraphPlan;
  readonly #random: SeededRandom;
  readonly #store: Store = createMemoryStore();
  readonly #simulation: Simulation;
  readonly #live = new LiveRun();
  #executing = new Map<number, Executing>();
  #run: RunId = "";
  #wishes = 0;

  constructor(ir: WorkflowIr, random: SeededRandom) {
    this.#ir = ir;
    this.#plan = prepareGraph(ir);
    this.#random = random;
    this.#simulation = new Simulation({
      seed: random.word(),
      store: this.#store,
      handlers: () => ({ act: this.#actor() }),
      onAppended: (items) => this.#appended(items),
    });
  }

  get nowMs(): number {
    return this.#simulation.clock.nowMs();
  }

  async start(input: JsonObject): Promise<void> {
    this.#simulation.start(this.#death());
    const manifest = anonymousBundle([this.#ir]);
    const bundle = await this.#wish(() => this.#simulation.api.bundles.put({ manifest, files: [] }, caller));
    law(bundle !== undefined, "a bundle is stored");
    const wish = { bundle: bundle.hash, input, idempotencyKey: "start" };
    const started = await this.#wish(() => this.#simulation.api.runs.start(wish, caller));
    law(started !== undefined, "a run starts");
    this.#run = started.runId;
  }

  async settle({ id, attempt, node }: Work, outcome: Outcome): Promise<void> {
    const executing = this.#executing.get(id);
    law(executing?.attempt === attempt, `attempt ${attempt} at ${node.id} is being executed`);
    // The attempt that a death took back is carried out once more, and ends as the first one did.
    for (let again: Executing | undefined = executing; again !== undefined; ) {
      this.#executing.delete(id);
      again.settle(outcome);
      await this.#rest();
      again = this.#executing.get(id)?.attempt === attempt ? this.#executing.get(id) : undefined;
    }
  }

  async answer({ id }: Work, yes: boolean): Promise<void> {
    await this.#wish(() => this.#simulation.api.runs.answer({ runId: this.#run, activation: id, answer: yes }, caller));
  }

  async settleCall(): Promise<void> {
    law(false, "no outcome is unknown where every call may be repeated");
  }

  async message(node: string, body: JsonValue): Promise<boolean | undefined> {
    return this.#signal(node, body);
  }

  async signal(name: string, value: JsonValue): Promise<void> {
    await this.#signal(name, value);
  }

  async #signal(name: string, value: JsonValue): Promise<boolean | undefined> {
    const wish = { runId: this.#run, name, value, idempotencyKey: `wish-${this.#wishes++}` };
    return this.#mayBeRefused(() => this.#simulation.api.runs.signal(wish, caller), ["retry-later", "run-ended"]);
  }

  async replay(letters: readonly number[]): Promise<boolean | undefined> {
    const wish = { runId: this.#run, letters: [...letters] };
    return this.#mayBeRefused(() => this.#simulation.api.deadLetters.replay(wish, caller), ["run-ended"]);
  }

  async cancel(): Promise<void> {
    await this.#wish(() => this.#simulation.api.runs.cancel({ runId: this.#run }, caller));
  }

  async pass(ms: number): Promise<void> {
    this.#simulation.clock.pass(ms);
    if (!this.#random.chance(0.06)) return;
    this.#simulation.kill();
    await this.#rest();
  }

  async time(atMs: number): Promise<void> {
    const { clock } = this.#simulation;
    while (clock.nextInMs !== undefined && this.nowMs + clock.nextInMs <= atMs) {
      clock.advance();
      await this.#rest();
    }
    clock.pass(atMs - this.nowMs);
  }

  async inHand(): Promise<readonly string[]> {
    const reasons = await this.#wish(() => this.#simulation.api.runs.why({ runId: this.#run }, caller));
    law(reasons !== undefined && reasons.length > 0, "an open run has a reason");
    return reasons.flatMap(({ kind, activation: id = 0, node, signal, message }) => {
      const executing = this.#executing.get(id);
      switch (kind) {
        case "effect-in-flight":
          return [`#${id}.${executing?.attempt} ${node} runs with ${textOf(executing?.payload ?? null)}`];
        case "retry-backoff":
          return [`#${id} ${node} is delayed`];
        case "timer":
          return [`#${id} ${node} sleeps`];
        case "person":
          return [`#${id} ${node} asks`];
        case "signal":
          if (node === undefined) return [];
          return [signal === undefined ? `#${id} ${node} gathers ${message.match(/\d+$/)?.[0]}` : `#${id} ${node} awaits`];
        default:
          return [`#${id} ${node} ${kind}`];
      }
    });
  }

  async end(): Promise<GraphEnd> {
    const view = await this.#wish(() => this.#simulation.api.runs.get({ runId: this.#run }, caller));
    law(view !== undefined && isTerminalStatus(view.status), `the run has ended: ${view?.status}`);
    const letters = (await this.#wish(() => this.#simulation.api.deadLetters.list({ runId: this.#run }, caller))) ?? [];
    law(this.#executing.size === 0, "nothing is executed for a run that has ended");
    const rows = await this.#store.journal.read(`run:${this.#run}`, defaultTenant, 0, 1_000_000);
    for (const { text } of rows) this.happened.add(`event-${RunEvent.parse(JSON.parse(text)).kind}`);
    this.#simulation.kill();
    return {
      status: view.status,
      output: view.output ?? null,
      failure: view.failure?.code,
      letters: letters.map(({ code, to = "nobody", messageType, body }) => `${code} ${to} ${messageType} ${textOf(body)}`),
    };
  }

  /** A handler of one process: it ends when the story tells it to, or when it is aborted. */
  #actor(): HandlerFunction {
    const executing = new Map<number, Executing>();
    this.#executing = executing;
    return (({ payload }: { payload: JsonValue }, { activation, attempt, signal, node }: HandlerContext) =>
      new Promise<JsonValue>((resolve, reject) => {
        law(!executing.has(activation), `${node} is executed once at a time`);
        const settle = (outcome: Outcome): void => {
          if (outcome.kind === "succeeded") resolve(outcome.result);
          else if (outcome.kind === "failed") {
            const { code, message, class: failureClass, retryable } = outcome.failure;
            const said = failureClass === "transient" ? { retryable: true } : retryable ? {} : { retryable: false };
            reject(Object.assign(new TypeError(message), { code, ...said }));
          }
        };
        executing.set(activation, { attempt, payload, settle });
        signal.addEventListener("abort", () => {
          executing.delete(activation);
          reject(new TypeError("it was aborted"));
        });
      })) as HandlerFunction;
  }

  #appended(items: readonly StreamAppend[]): void {
    for (const { stream, events } of items) {
      if (!stream.startsWith("run:")) continue;
      for (const { text, atMs } of events) {
        evolve(this.#live, JSON.parse(text) as RunEvent, atMs);
        checkGraph(this.#live);
      }
      checkGraphAtRest(this.#plan, this.#live, this.nowMs);
    }
  }

  /** Waits until nothing moves by itself, and lets another process take over from one that died. */
  async #rest(): Promise<boolean> {
    const simulation = this.#simulation;
    let hasDied = false;
    for (;;) {
      await simulation.settle();
      law(simulation.bugs.length === 0, `no bug: ${String((simulation.bugs[0] as Error)?.stack ?? simulation.bugs[0])}`);
      law(simulation.fatals.length === 0, `no fatal error: ${simulation.fatals[0]?.message}`);
      const { calls } = simulation.incarnation;
      if (calls.alive) return hasDied;
      hasDied = true;
      this.happened.add(calls.diedAt === undefined ? "killed" : `died-at-${calls.diedAt}`);
      simulation.start(this.#death());
    }
  }

  #death(): Death | undefined {
    if (this.#random.chance(0.4)) return undefined;
    return { n: this.#random.integer(1, this.#random.pick([6, 15, 40])), mode: this.#random.pick(["before", "after"] as const) };
  }

  /** What the API answers; made again where the process died under it. Undefined where the first one had its effect. */
  async #wish<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    for (let tries = 0; ; tries++) {
      const asked = await this.#ask(ask);
      if ("answer" in asked) return asked.answer;
      if (asked.error === undefined) continue;
      if (tries > 0 && HeddleError.is(asked.error) && afterDeath.includes(asked.error.code)) return undefined;
      throw asked.error;
    }
  }

  async #mayBeRefused(ask: () => Promise<unknown>, codes: readonly string[]): Promise<boolean | undefined> {
    let hasDied = false;
    for (;;) {
      const asked = await this.#ask(ask);
      if ("answer" in asked) return true;
      hasDied ||= asked.error === undefined;
      if (asked.error === undefined) continue;
      law(HeddleError.is(asked.error), `a wish meets a known refusal: ${String((asked.error as Error).stack)}`);
      if (hasDied && afterDeath.includes(asked.error.code)) return undefined;
      if (codes.includes(asked.error.code)) return false;
      throw asked.error;
    }
  }

  /** One call. Neither an answer nor an error: the process died before it gave one. */
  async #ask<Answer>(ask: () => Promise<Answer>): Promise<{ readonly answer: Answer } | { readonly error?: unknown }> {
    let told: { readonly answer: Answer } | { readonly error: unknown } | undefined;
    ask().then(
      (answer) => {
        told = { answer };
      },
      (error: unknown) => {
        told = { error };
      },
    );
    const hasDied = await this.#rest();
    law(told !== undefined || hasDied, "a call of the API is answered once nothing moves");
    return told ?? {};
  }
}
