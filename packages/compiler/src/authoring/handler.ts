/** `handler()`: the author's function behind nodes, with how it is to be run. */
import type { Confinement, HandlerContext, JsonObject, JsonValue, RetryPolicy } from "@heddle/core";
import { AuthoringError } from "./authoring-error.ts";
import { type BackpressureOptions, type CollectOptions, type Group, nodeFieldsOf } from "./options.ts";
import type { Type, ZodTree } from "./types.ts";

/** How a node is run, whatever its kind. The names and meanings are those of the IR. */
export interface NodeOptions {
  readonly label?: string;
  readonly description?: string;
  /** Attempts in all, and the delays between them. Default: one attempt. */
  readonly retry?: RetryPolicy;
  /** Of one attempt; of the whole step for waits, people, sub-workflows and regions. */
  readonly timeoutMs?: number;
  /** Whether an attempt may be repeated when nobody knows how it ended. Default for handlers: `safe`. */
  readonly safety?: "safe" | "unsafe";
  readonly confinement?: Confinement;
  /** Environment variables of the process that runs it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Environment variables of the host that it may see. */
  readonly passEnv?: readonly string[];
  readonly pool?: string;
  readonly template?: "generic" | "map" | "reduce" | "stream" | "batch";
  readonly requires?: readonly string[];
  readonly resources?: JsonObject;
  readonly services?: readonly JsonValue[];
  readonly uploads?: readonly JsonValue[];
  readonly backpressure?: BackpressureOptions;
  /** In a service: it is given groups of messages, {@link Group}, instead of each. */
  readonly fires?: CollectOptions;
  /** In a service: messages that it handles at the same time. Default 1: one after the other. */
  readonly concurrencyMax?: number;
  /** The policy file of its runner. */
  readonly policy?: string;
  /** Services that it needs where it runs. */
  readonly requiresServices?: readonly JsonValue[];
  /** Settings of a manifest that have no option here. They go into the IR as they are. */
  readonly rawConfig?: JsonObject;
}

/** Options of {@link handler}. With `input` and `output` types, values are checked when they cross. */
export interface HandlerOptions extends NodeOptions {
  /** Names the handler in the bundle, and its nodes unless a step gives an id. */
  readonly name: string;
  readonly input?: Type<unknown> | ZodTree<unknown>;
  readonly output?: Type<unknown> | ZodTree<unknown>;
  /** A worker serves it: there is no function here, and its code is in no bundle. */
  readonly worker?: true;
}

/** Options of a {@link handler} that a worker serves. `input` and `output` also say its types to TypeScript. */
export interface WorkerHandlerOptions<Input, Output> extends HandlerOptions {
  readonly input?: Type<Input> | ZodTree<Input>;
  readonly output?: Type<Output> | ZodTree<Output>;
  readonly worker: true;
}

const options = Symbol.for("@heddle/compiler/handler");

/** A handler of an author: the function itself, callable as ever (in tests, say), that carries its options. */
export interface Handler<Input, Output> {
  /** As the body of a plain workflow calls it, where the call is read and becomes a step. */
  (...input: null extends Input ? [input?: Input] : [input: Input]): Promise<Output>;
  (input: Input, ctx: HandlerContext): Output | Promise<Output>;
  readonly [options]: HandlerOptions;
}

/** A handler that collects: called with one message in the body of a service, run with a group of them. */
export interface CollectingHandler<Message, Output> {
  (message: Message): Promise<Output>;
  (group: Group<Message>, ctx: HandlerContext): Output | Promise<Output>;
  readonly [options]: HandlerOptions;
}

/**
 * Declares a handler. Export it, so that the process that runs it can find it; it is called as
 * `fn(input, ctx)`. A function without parameters is called with null.
 *
 * With `worker: true` there is no function: processes that connect with `@heddle/client/worker` serve it
 * by its name, and a run waits where none does. Such a handler need not be exported, and cannot be called here.
 */
export function handler<Input = unknown, Output = unknown>(given: WorkerHandlerOptions<Input, Output>): Handler<Input, Output>;
export function handler<Message, Output>(
  given: HandlerOptions & { readonly fires: CollectOptions },
  fn: (group: Group<Message>, ctx: HandlerContext) => Output | Promise<Output>,
): CollectingHandler<Message, Output>;
export function handler<Output>(given: HandlerOptions, fn: () => Output | Promise<Output>): Handler<null, Output>;
export function handler<Input, Output>(
  given: HandlerOptions,
  fn: (input: Input, ctx: HandlerContext) => Output | Promise<Output>,
): Handler<Input, Output>;
export function handler<Input, Output>(
  given: HandlerOptions,
  fn?: (input: Input, ctx: HandlerContext) => Output | Promise<Output>,
): Handler<Input, Output> {
  if (given?.worker !== true && typeof fn !== "function") {
    throw new AuthoringError("handler() was called without a function", "Write handler({ name }, async (input, ctx) => …)");
  }
  assertName(given?.name, "the name of a handler");
  if (given.worker === true && fn !== undefined) {
    throw new AuthoringError(`handler ${given.name} is served by a worker and has a function`, "Leave out one of them");
  }
  nodeOptionsOf(given, `handler ${given.name}`, handlerOptionNames);
  const call = (input: Input, ctx: HandlerContext): Output | Promise<Output> => {
    if (fn !== undefined) return fn(input, ctx);
    throw new AuthoringError(`handler ${given.name} was called, and its code is in a worker`, "Call the worker's own function");
  };
  Object.defineProperty(call, "name", { value: given.name });
  return Object.assign(call, { [options]: Object.freeze({ ...given }) }) as Handler<Input, Output>;
}

/** The options of a handler; undefined for anything that `handler()` did not make. */
export function handlerOptionsOf(value: unknown): HandlerOptions | undefined {
  return typeof value === "function" && Object.hasOwn(value, options) ? (value as Handler<unknown, unknown>)[options] : undefined;
}

/** Holds a name to the alphabet of the IR. */
export function assertName(value: unknown, what: string): asserts value is string {
  if (typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(value)) return;
  throw new AuthoringError(`${what} is ${JSON.stringify(value)}`, "Use a letter or _, then up to 99 of A-Z a-z 0-9 _ . -");
}

/** Options that say what a handler is, not how its nodes are run. */
export const handlerOptionNames: readonly string[] = ["name", "input", "output", "worker"];

/** Options that say how a node is run, whatever its kind. */
export const nodeOptionNames = [
  "label",
  "description",
  "retry",
  "timeoutMs",
  "safety",
  "confinement",
  "environment",
  "passEnv",
  "pool",
  "template",
  "requires",
  "resources",
  "services",
  "uploads",
  "backpressure",
  "fires",
  "concurrencyMax",
  "policy",
  "requiresServices",
  "rawConfig",
] as const satisfies readonly (keyof NodeOptions)[];

/** The options that go into a node, checked for names that do not exist. */
export function nodeOptionsOf(given: object, what: string, others: readonly string[] = []): Record<string, unknown> {
  const known = new Map<string, unknown>();
  for (const [name, value] of Object.entries(given)) {
    if (others.includes(name) || value === undefined) continue;
    if (!(nodeOptionNames as readonly string[]).includes(name)) {
      throw new AuthoringError(
        `${what} has the option ${name}, which does not exist`,
        `There are ${[...others, ...nodeOptionNames].join(", ")}`,
      );
    }
    known.set(name, value);
  }
  const timeout = known.get("timeoutMs");
  if (timeout !== undefined && !(Number.isInteger(timeout) && (timeout as number) >= 0)) {
    throw new AuthoringError(`timeoutMs of ${what} is ${JSON.stringify(timeout)}`, "Give whole milliseconds");
  }
  const retry = known.get("retry") as Partial<RetryPolicy> | undefined;
  if (retry !== undefined && !(Number.isInteger(retry.attemptsMax) && (retry.attemptsMax as number) >= 1)) {
    throw new AuthoringError(`retry of ${what} has no attemptsMax of at least 1`, "Give the attempts in all, the first included");
  }
  return nodeFieldsOf(Object.fromEntries(known));
}
