/** Workers and tasks for tests of the hub: the real serving half on the other end of a stream in memory. */
import { type HeddleError, type JsonValue, type Node, outcomeOfResult, type Principal } from "@heddle/core";
import type { AbortHandle, Outcome, Task, TaskWaiting } from "@heddle/ports";
import { VirtualClock } from "@heddle/testkit/simulator";
import { type ServingOutcome, type ServingSession, type ServingWork, startServing } from "@heddle/wire";
import { createWorkerHub, type WorkerHub } from "../src/workers/worker-hub.ts";
import { streamPair, type TestEnd } from "./stream-pair.ts";

export const bundle = `sha256:${"b".repeat(64)}`;
export const otherBundle = `sha256:${"c".repeat(64)}`;
export const leaseMs = 3_000;

export const principal: Principal = { subject: "worker", tenant: "default", roles: ["operator"] };

export class TestAbort implements AbortHandle {
  readonly #controller = new AbortController();

  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  abort(reason: string): void {
    this.#controller.abort(reason);
  }
  onAbort(then: () => void): void {
    if (this.aborted) then();
    else this.signal.addEventListener("abort", then, { once: true });
  }
}

/** Lets what was said arrive, a few turns long. */
export async function turns(count = 12): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

export interface GivenTask {
  readonly task: Task;
  readonly abort: TestAbort;
  readonly outcome: Promise<Outcome>;
  readonly logs: string[];
  readonly recorded: Record<string, JsonValue>;
  waiting: TaskWaiting | undefined;
}

export interface TestWorker {
  readonly session: ServingSession;
  readonly end: TestEnd;
  readonly far: TestEnd;
  /** Tasks that have begun, and wait for `finish`. */
  readonly begun: { readonly work: ServingWork; finish(outcome: ServingOutcome): void }[];
  /** How its session ended; `open` while it has not. */
  ended: HeddleError | undefined | "open";
}

export interface WorkerGiven {
  readonly handlers?: readonly string[];
  readonly bundles?: readonly string[];
  readonly slots?: number;
  readonly instance?: string;
  readonly principal?: Principal;
  readonly perform?: (work: ServingWork) => ServingOutcome | Promise<ServingOutcome>;
}

export class World {
  readonly clock = new VirtualClock();
  readonly reports: string[] = [];
  readonly hub: WorkerHub = createWorkerHub({ clock: this.clock, leaseMs, abortGraceMs: 500, report: (text) => this.reports.push(text) });
  #activations = 0;
  #workers = 0;

  async worker(given: WorkerGiven = {}): Promise<TestWorker> {
    const { a, b } = streamPair();
    const name = `w${++this.#workers}`;
    const begun: TestWorker["begun"] = [];
    this.hub.accept(a, given.principal ?? principal);
    const session = startServing({
      stream: b,
      hello: {
        protocol: 1,
        name,
        instance: given.instance ?? `${name}-1`,
        slots: given.slots ?? 4,
        handlers: (given.handlers ?? ["greet"]).map((handler) => ({ name: handler })),
        bundles: [...(given.bundles ?? [])],
        version: "1",
      },
      setTimer: (delayMs, fire) => this.clock.setTimer(delayMs, fire),
      perform: given.perform ?? ((work) => new Promise((finish) => begun.push({ work, finish }))),
      onEnd: (error) => {
        worker.ended = error;
      },
    });
    const worker: TestWorker = { session, end: b, far: a, begun, ended: "open" };
    await turns();
    return worker;
  }

  /** Hands a task to the hub. */
  give(
    handler = "greet",
    options: {
      readonly node?: Partial<Extract<Node, { kind: "handler" }>>;
      readonly tenant?: string;
      readonly attempt?: number;
      readonly activation?: number;
      readonly input?: Record<string, JsonValue>;
      readonly recorded?: Record<string, JsonValue>;
      /** A value of `once` is durable when this resolves. */
      readonly commit?: Promise<void>;
    } = {},
  ): GivenTask {
    const activation = options.activation ?? ++this.#activations;
    const recorded: Record<string, JsonValue> = { ...options.recorded };
    const logs: string[] = [];
    const given: { waiting: TaskWaiting | undefined } = { waiting: undefined };
    const run = `run_${"0".repeat(26)}`;
    const task: Task = {
      run,
      tenant: options.tenant ?? "default",
      bundle,
      node: { kind: "handler", id: "hello", handler, ...options.node },
      activation,
      attempt: options.attempt ?? 1,
      incarnation: "inc_1",
      idempotencyKey: `${run}/${activation}`,
      input: options.input ?? { name: "Ada" },
      services: {
        once: (name) => recorded[name],
        recorded: () => recorded,
        recordOnce: async (name, value) => {
          await options.commit;
          recorded[name] = value;
        },
        call: () => Promise.resolve({ kind: "succeeded", result: null }),
        waiting: (reason) => {
          given.waiting = reason;
        },
        log: ({ level, source, text, fields }) =>
          void logs.push(`${level} ${source} ${text}${fields === undefined ? "" : ` ${JSON.stringify(fields)}`}`),
      },
    };
    const abort = new TestAbort();
    const outcome = this.hub.execute(task, abort);
    return Object.assign(given, { task, abort, outcome, logs, recorded });
  }

  /** Lets time pass, and what happens in it happen. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.steadyMs + ms;
    for (;;) {
      const nextInMs = this.clock.nextInMs;
      if (nextInMs === undefined || this.clock.steadyMs + nextInMs > untilMs) break;
      this.clock.advance();
      await turns(4);
    }
    this.clock.pass(untilMs - this.clock.steadyMs);
    await turns();
  }
}

/** The outcome, or `pending` where there is none yet. */
export async function now(outcome: Promise<Outcome>): Promise<Outcome | "pending"> {
  await turns();
  return Promise.race([outcome, Promise.resolve("pending" as const)]);
}

export function result(value: unknown): ServingOutcome {
  return outcomeOfResult(value, "hello");
}
