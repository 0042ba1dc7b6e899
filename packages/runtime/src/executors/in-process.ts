/**
 * Functions of the embedding program, called in this process. They are trusted code: nothing confines
 * them, and one that ignores its abort is left behind after the grace.
 */
import {
  adoptJson,
  CallFailedError,
  failureOfThrown,
  type HandlerCallOptions,
  type HandlerContext,
  type HandlerLog,
  HeddleError,
  type JsonObject,
  type JsonValue,
  logFunctions,
  outcomeOfResult,
} from "@heddle/core";
import type { AbortHandle, Clock, Executor, Outcome, Task } from "@heddle/ports";
import { createClassInstances, type MethodOf } from "./class-instances.ts";
import { leftBehind, untilAborted } from "./until-aborted.ts";

/** Input first, context last; several inputs where the node's arguments are positional. */
export type HandlerFunction = (...args: never[]) => unknown;

/** The functions that a program provides by name, those that are methods of classes among them. */
export function handlerFunctions(given: Readonly<Record<string, HandlerFunction | MethodOf>>): ReadonlyMap<string, HandlerFunction> {
  const instances = createClassInstances();
  return new Map(
    Object.entries(given).map(([name, one]) => {
      if (typeof one === "function") return [name, one];
      const method = instances.methodOf(one.of, one.method);
      if (method !== undefined) return [name, method];
      throw new HeddleError("value-invalid", `handler ${name} is the method ${one.method} of a class that has no such method`);
    }),
  );
}

export interface InProcessOptions {
  readonly clock: Clock;
  readonly graceMs: number;
  handler(name: string): HandlerFunction | undefined;
}

export function createInProcessExecutor(options: InProcessOptions): Executor {
  return {
    execute(task, abort) {
      const { node } = task;
      const fn = node.kind === "handler" ? options.handler(node.handler) : undefined;
      if (fn === undefined || node.kind !== "handler") {
        const failure = failureOfThrown(
          { code: "handler-not-found", message: `no function is registered for ${node.id}`, retryable: false },
          node.id,
        );
        return Promise.resolve({ kind: "failed", failure });
      }
      const context = new TaskContext(task, abort);
      // The function sees the state's own values, and shares them with the journal: it may read them only.
      const input = deepFreeze(task.input) as Readonly<Record<string, JsonValue>>;
      const args = node.arguments === "positional" ? [...Object.values(input), context] : [input, context];
      try {
        const given = (fn as (...args: unknown[]) => unknown)(...args);
        if (!isThenable(given)) return Promise.resolve(outcomeOfResult(given, node.id));
        return Promise.resolve(untilAborted(given, abort, options)).then(
          (value): Outcome => (value === leftBehind ? { kind: "aborted" } : outcomeOfResult(value, node.id)),
          (thrown: unknown) => outcomeOfThrown(thrown, abort, node.id),
        );
      } catch (thrown) {
        return Promise.resolve(outcomeOfThrown(thrown, abort, node.id));
      }
    },
    close: () => Promise.resolve(),
  };
}

function outcomeOfThrown(thrown: unknown, abort: AbortHandle, node: string): Outcome {
  return abort.aborted ? { kind: "aborted" } : { kind: "failed", failure: failureOfThrown(thrown, node) };
}

function deepFreeze(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member as JsonValue);
  return Object.freeze(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** What the handler is given. Members that cost something are made when asked for. */
export class TaskContext implements HandlerContext {
  readonly #task: Task;
  readonly #abort: AbortHandle;
  #log: HandlerLog | undefined;

  constructor(task: Task, abort: AbortHandle) {
    this.#task = task;
    this.#abort = abort;
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
    if (answer.kind === "failed") throw new CallFailedError(answer.failure);
    return answer.result;
  }
}
