/**
 * Carries out every node of a simulated process with a stub, or with its code as it is, and lets go wrong what the seed
 * says: before the work and after it, and around each request that a stub makes.
 */
import {
  adoptJson,
  CallFailedError,
  type Failure,
  failureOf,
  failureOfThrown,
  type HandlerCallOptions,
  type HandlerLog,
  HeddleError,
  isSafeToRepeat,
  type JsonObject,
  type JsonValue,
  logFunctions,
  outcomeOfResult,
} from "@heddle/core";
import type { AbortHandle, Clock, Executor, Outcome, Task } from "@heddle/ports";
import type { SimulationSpec, StubContext } from "./define-simulation.ts";
import type { Outside } from "./outside.ts";
import type { RealCalls } from "./real-calls.ts";
import type { BundleFunctions } from "./stand-ins.ts";

/** One life of a simulated process, as its stubs depend on it. */
export interface Life {
  readonly number: number;
  readonly clock: Pick<Clock, "setTimer" | "nowMs">;
  isAlive(): boolean;
  kill(): void;
}

export interface StubExecutorOptions<World> {
  readonly outside: Outside;
  readonly world: World;
  readonly spec: Pick<SimulationSpec<World>, "handlers">;
  readonly code: BundleFunctions;
  readonly realCalls: RealCalls;
  readonly life: Life;
  sendSignal(task: Task, site: string, name: string, value: JsonValue, afterMs: number): void;
}

/** How long a stub may go on once it was asked to stop. */
const graceMs = 2_000;
/** One way of a request, where nothing goes wrong. */
const wayMs = 1;
const slowMs = [20, 300, 4_000, 60_000] as const;

export function createStubExecutor<World>(options: StubExecutorOptions<World>): Executor {
  return {
    execute: (task, abort) => new Promise((resolve) => new Attempt(options, task, abort, resolve).begin()),
    close: () => Promise.resolve(),
  };
}

/** One attempt. Nobody hears of it once it is `gone`, and nothing that it still does has an effect. */
class Attempt<World> implements StubContext<World> {
  readonly world: World;
  readonly #options: StubExecutorOptions<World>;
  readonly #task: Task;
  readonly #abort: AbortHandle;
  readonly #resolve: (outcome: Outcome) => void;
  #name = "";
  #gone = false;
  #settled = false;
  #visits = 0;
  #log: HandlerLog | undefined;

  constructor(options: StubExecutorOptions<World>, task: Task, abort: AbortHandle, resolve: (outcome: Outcome) => void) {
    this.world = options.world;
    this.#options = options;
    this.#task = task;
    this.#abort = abort;
    this.#resolve = resolve;
  }

  get runId(): string {
    return this.#task.run;
  }
  get node(): string {
    return this.#task.node.id;
  }
  get activation(): number {
    return this.#task.activation;
  }
  get attempt(): number {
    return this.#task.attempt;
  }
  get idempotencyKey(): string {
    return this.#task.idempotencyKey;
  }
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  get log(): HandlerLog {
    this.#log ??= logFunctions((level, text, fields) => {
      this.#task.services.log({ level, source: "log", text, ...(fields === undefined ? {} : { fields }) });
    });
    return this.#log;
  }

  async once<Value extends JsonValue>(name: string, fn: () => Value | Promise<Value>): Promise<Value> {
    const recorded = this.#task.services.once(name);
    if (recorded !== undefined) return recorded as Value;
    const value = await fn();
    if (this.#isGone()) return never();
    await this.#task.services.recordOnce(name, value);
    return value;
  }

  call(tool: string, args: JsonObject = {}, options: HandlerCallOptions = {}): Promise<JsonValue> {
    const calling = this.#callTool(tool, args, options);
    // A handler may forget to wait for it.
    calling.catch(() => undefined);
    return calling;
  }

  async #callTool(tool: string, args: JsonObject, { name }: HandlerCallOptions): Promise<JsonValue> {
    const wanted = { tool, args: adoptJson(args), ...(name === undefined ? {} : { name }) };
    const answer = await this.#task.services.call(wanted);
    if (this.#isGone()) return never();
    if (answer.kind === "failed") throw new CallFailedError(answer.failure);
    return answer.result;
  }

  nowMs(): number {
    return this.#options.life.clock.nowMs();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.life.clock.setTimer(ms, () => {
        if (!this.#isGone()) resolve();
      });
    });
  }

  sendSignal(name: string, value: JsonValue, { afterMs = 10 } = {}): void {
    if (!this.#isGone()) this.#options.sendSignal(this.#task, `${this.#name} signal ${name}`, name, value, afterMs);
  }

  visit<Value>(act: (world: World) => Value): Promise<Value> {
    if (this.#isGone()) return never();
    const { outside } = this.#options;
    const { plan, clock } = outside;
    const site = `${this.#name} request ${++this.#visits}`;
    const wrong =
      plan.draw("visit", site, { "request-lost": 3, "answer-lost": 4, "executor-lost-before": 1, "executor-lost-after": 2 }) ??
      plan.draw("crash", `${site} crash`, { "crash-before": 1, "crash-after": 1 }, 0.05);
    const slow = plan.draw("slow", `${site} time`, { "slow-request": 1, "slow-answer": 1 });
    if (wrong?.kind === "executor-lost-before" || wrong?.kind === "crash-before") {
      this.#vanish(site, wrong.kind, "before it was sent");
      return never();
    }
    const ms = slow?.dice.pick(slowMs) ?? wayMs;
    if (slow !== undefined)
      outside.fault(`${site} time`, slow.kind, `${site}: its ${slow.kind === "slow-request" ? "way there" : "answer"} takes ${ms} ms`);
    const answered = new Promise<Value>((resolve, reject) => {
      outside.underWay++;
      clock.setTimer(slow?.kind === "slow-request" ? ms : wayMs, () => {
        outside.underWay--;
        if (wrong?.kind === "request-lost") {
          outside.fault(site, wrong.kind, `${site}: it never arrives`);
          clock.setTimer(wayMs, () => this.#answer(() => reject(unreachableWorld())));
          return;
        }
        const answer = this.#arrive(act);
        if (wrong?.kind === "executor-lost-after" || wrong?.kind === "crash-after") {
          this.#vanish(site, wrong.kind, "after it had its effect");
          return;
        }
        if (wrong?.kind === "answer-lost") outside.fault(site, wrong.kind, `${site}: it has its effect, and its answer is lost`);
        clock.setTimer(slow?.kind === "slow-answer" ? ms : wayMs, () =>
          this.#answer(() => {
            if (wrong?.kind === "answer-lost") reject(unreachableWorld());
            else if (answer.kind === "thrown") reject(answer.thrown);
            else resolve(answer.value);
          }),
        );
      });
    });
    // A stub may leave a request to itself: that it is lost is no fault of this process.
    answered.catch(() => undefined);
    return answered;
  }

  begin(): void {
    const { outside, life } = this.#options;
    const { plan } = outside;
    this.#name = outside.begin(this.#task, life.number, isSafeToRepeat(this.#task.node));
    const wrong = plan.draw("attempt", this.#name, {
      "fails-before": 3,
      "fails-after": 3,
      "lost-before": 1,
      "lost-after": 2,
      "lost-and-goes-on": 2,
    });
    const slow = plan.draw("slow", `${this.#name} begins`, { "slow-start": 1 });
    this.#abort.onAbort(() => {
      life.clock.setTimer(graceMs, () => {
        this.#gone = true;
        this.#end({ kind: "aborted" });
      });
    });
    const work = (): void => {
      if (this.#isGone()) return;
      if (wrong === undefined) this.#work((outcome) => this.#end(outcome));
      else this.#goWrong(wrong.kind);
    };
    if (slow === undefined) {
      work();
      return;
    }
    const { timeoutMs } = this.#task.node;
    const ms = slow.dice.pick(timeoutMs === undefined ? slowMs : [...slowMs, timeoutMs + 1]);
    outside.fault(`${this.#name} begins`, slow.kind, `${this.#name}: it is slow to begin, by ${ms} ms`);
    life.clock.setTimer(ms, work);
  }

  #goWrong(kind: "fails-before" | "fails-after" | "lost-before" | "lost-after" | "lost-and-goes-on"): void {
    const { outside } = this.#options;
    const lost: Outcome = { kind: "lost", message: "the process that ran it is gone", counted: false };
    const failed: Outcome = { kind: "failed", failure: simulatedFailure(this.node) };
    const say = (text: string): void => outside.fault(this.#name, kind, `${this.#name}: ${text}`);
    switch (kind) {
      case "fails-before":
        say("it fails before it does anything");
        this.#end(failed);
        return;
      case "lost-before":
        say("its executor is lost before it does anything");
        this.#end(lost);
        return;
      case "lost-and-goes-on":
        say("its executor is taken for lost, and goes on");
        this.#work(() => undefined);
        this.#end(lost);
        return;
      default:
        this.#work((outcome) => {
          // What has failed by itself, or was stopped, needs no help.
          if (outcome.kind === "succeeded" && !this.#settled)
            say(kind === "fails-after" ? "it fails after it has done everything" : "its executor is lost after it has done everything");
          this.#end(outcome.kind !== "succeeded" ? outcome : kind === "fails-after" ? failed : lost);
        });
    }
  }

  /** Does what the node does, and tells how that went unless nobody is left to hear it. */
  #work(then: (outcome: Outcome) => void): void {
    const { node, input, idempotencyKey, attempt } = this.#task;
    const { outside } = this.#options;
    const tell = (outcome: Outcome): void => {
      if (this.#isGone()) return;
      if (outcome.kind === "succeeded") {
        outside.done(idempotencyKey, attempt, outcome.result);
        outside.compareResults(idempotencyKey, node.id, outcome.result);
      }
      then(this.#abort.aborted && outcome.kind === "failed" ? { kind: "aborted" } : outcome);
    };
    let given: unknown;
    try {
      freeze(input as JsonValue);
      const args = node.kind === "handler" && node.arguments === "positional" ? Object.values(input) : [input];
      given = this.#call(args);
    } catch (thrown) {
      tell({ kind: "failed", failure: failureOfThrown(thrown, node.id) });
      return;
    }
    Promise.resolve(given).then(
      (value: unknown) => tell(outcomeOfResult(value, node.id)),
      (thrown: unknown) => tell({ kind: "failed", failure: failureOfThrown(thrown, node.id) }),
    );
  }

  #call(args: readonly unknown[]): unknown {
    const { spec, code, realCalls } = this.#options;
    const { node } = this.#task;
    const names = node.kind === "handler" ? [node.id, node.handler] : [node.id];
    // A model's stub is registered under a name of ours, and belongs to its node.
    const stubs = spec.handlers ?? {};
    const name = names.find((one) => Object.hasOwn(stubs, one));
    const stub = name === undefined ? undefined : stubs[name];
    if (stub !== undefined) return (stub as (...all: unknown[]) => unknown)(...args, this);
    const real = node.kind === "handler" ? code[node.handler] : undefined;
    return realCalls.call(node.id, () => (real as (...all: unknown[]) => unknown)(...args, this));
  }

  #arrive<Value>(act: (world: World) => Value): Answer<Value> {
    const { outside } = this.#options;
    outside.done(this.idempotencyKey, this.attempt);
    try {
      return { kind: "given", value: act(this.world) };
    } catch (thrown) {
      return { kind: "thrown", thrown };
    }
  }

  #answer(then: () => void): void {
    if (!this.#isGone()) then();
  }

  #vanish(site: string, kind: string, when: string): void {
    const { outside, life } = this.#options;
    if (!life.isAlive()) return;
    const crash = kind.startsWith("crash");
    outside.fault(crash ? `${site} crash` : site, kind, `${site}: ${crash ? "the daemon dies" : "its executor is lost"} ${when}`);
    this.#gone = true;
    if (crash) life.kill();
    else this.#end({ kind: "lost", message: "the process that ran it is gone", counted: false });
  }

  #end(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    const { outside, life } = this.#options;
    if (!life.isAlive()) return;
    outside.end(this.idempotencyKey, life.number);
    outside.tell(`${this.#name} ${outcome.kind}${outcome.kind === "failed" ? ` (${outcome.failure.code})` : ""}`);
    this.#resolve(outcome);
  }

  #isGone(): boolean {
    return this.#gone || !this.#options.life.isAlive();
  }
}

type Answer<Value> = { readonly kind: "given"; readonly value: Value } | { readonly kind: "thrown"; readonly thrown: unknown };

function simulatedFailure(node: string): Failure {
  return failureOf("handler-failed", "the simulation let it fail", "handler", { retryable: true, node });
}

/** What a stub meets where its request, or the answer to it, was lost: it cannot know which. */
function unreachableWorld(): HeddleError {
  return new HeddleError("deadline-exceeded", "no answer from the world");
}

function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

function freeze(value: JsonValue): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  for (const member of Object.values(value)) freeze(member as JsonValue);
  Object.freeze(value);
}
