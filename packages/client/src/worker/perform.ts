/** One task, carried out by the handler of its name. The rules are those of handlers that run in the daemon. */
import {
  CallFailedError,
  failureOf,
  failureOfThrown,
  type HandlerContext,
  type HandlerLog,
  type JsonValue,
  logFunctions,
  outcomeOfResult,
} from "@heddle/core";
import type { ServingOutcome, ServingWork } from "@heddle/wire";

/** Called as `fn(input, ctx)`. For a node whose arguments are positional see {@link positional}. */
export type WorkerHandler = (input: never, ctx: HandlerContext) => unknown;

/** A function for a node whose arguments are positional: it is called with each of them, and then the context. */
export function positional(fn: (...args: never[]) => unknown): WorkerHandler {
  return fn as WorkerHandler;
}

/** Calls the handler of a task. What it gives, throws or lacks is the outcome. */
export function performBy(handlers: ReadonlyMap<string, WorkerHandler>): (work: ServingWork) => ServingOutcome | Promise<ServingOutcome> {
  return (work) => {
    const { name, node, inputJson, positional } = work.task;
    const fn = handlers.get(name) as ((...args: unknown[]) => unknown) | undefined;
    if (fn === undefined) {
      const failure = failureOf("handler-not-found", `the worker has no handler ${name}`, "denied", { node });
      return { kind: "failed", failure };
    }
    const context = new WorkContext(work);
    const input = JSON.parse(inputJson) as JsonValue;
    try {
      const given = positional ? fn(...(input as readonly JsonValue[]), context) : fn(input, context);
      if (!isThenable(given)) return outcomeOfResult(given, node);
      return Promise.resolve(given).then(
        (value) => outcomeOfResult(value, node),
        (thrown: unknown) => outcomeOfThrown(thrown, work),
      );
    } catch (thrown) {
      return outcomeOfThrown(thrown, work);
    }
  };
}

function outcomeOfThrown(thrown: unknown, work: ServingWork): ServingOutcome {
  return work.aborted ? { kind: "aborted" } : { kind: "failed", failure: failureOfThrown(thrown, work.task.node) };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** What the handler is given. Members that cost something are made when they are asked for. */
class WorkContext implements HandlerContext {
  readonly #work: ServingWork;
  #log: HandlerLog | undefined;

  constructor(work: ServingWork) {
    this.#work = work;
  }

  get runId(): string {
    return this.#work.task.run;
  }
  get node(): string {
    return this.#work.task.node;
  }
  get activation(): number {
    return this.#work.task.activation;
  }
  get attempt(): number {
    return this.#work.task.attempt;
  }
  get idempotencyKey(): string {
    return this.#work.task.idempotencyKey;
  }
  get signal(): AbortSignal {
    return this.#work.signal;
  }
  get log(): HandlerLog {
    this.#log ??= logFunctions((level, text, fields) => this.#work.log(level, "log", text, fields));
    return this.#log;
  }

  once<Value extends JsonValue>(name: string, fn: () => Value | Promise<Value>): Promise<Value> {
    return this.#work.once(name, fn);
  }

  call(tool: string): Promise<JsonValue> {
    const message = `handlers of workers cannot call ${tool} yet: make the call a node, or put the handler into the bundle`;
    return Promise.reject(new CallFailedError(failureOf("unimplemented", message, "denied", { node: this.node })));
  }
}
