/** `agent`: a handler under the word of those who write it as a method, `@agent.defn(options)`, or as a function. */
import type { HandlerContext, JsonObject, JsonValue } from "@heddle/core";
import { AuthoringError } from "./authoring-error.ts";
import { assertName, type CollectingHandler, type Handler, type HandlerOptions, handler, nodeOptionsOf } from "./handler.ts";
import { agentNames, type BackpressureOptions, type CollectOptions, type Group, handlerOptionsFrom } from "./options.ts";
import type { Type } from "./types.ts";

/** Attempts of an agent. The n-th pause is `backoffMs · factor^(n-1)`, at most `backoffMaxMs`, less up to `jitter` of itself. */
export interface AgentRetries {
  /** In all, the first included. */
  readonly maxAttempts: number;
  readonly backoffMs?: number;
  readonly backoffMaxMs?: number;
  readonly factor?: number;
  /** From 0 to 1. */
  readonly jitter?: number;
  /** Failure classes that are retried. Default: handler, transient, timeout, executor-lost. */
  readonly on?: readonly ("handler" | "transient" | "timeout" | "executor-lost")[];
  /** Failure codes that are never retried. */
  readonly exceptCodes?: readonly string[];
}

/** Options of {@link agent}. */
export interface AgentOptions {
  /** Names the agent in the bundle, and its nodes. */
  readonly name: string;
  readonly label?: string;
  readonly description?: string;
  /** How it takes what comes to it. */
  readonly type?: "generic" | "map" | "reduce" | "stream" | "batch";
  /** Where its code runs: beside the runtime (default), or confined to a sandbox. */
  readonly runner?: "host-local" | "sandbox";
  readonly retries?: AgentRetries;
  /** Of one attempt: milliseconds, or a text like `30s`. */
  readonly timeout?: number | string;
  /** Slots of this pool are what it runs in. */
  readonly pool?: string;
  readonly backpressure?: BackpressureOptions;
  /** In a service: it is given groups of messages, {@link Group}, instead of each. */
  readonly fires?: CollectOptions;
  /** In a service: messages that it handles at the same time. Default 1: one after the other. */
  readonly concurrencyMax?: number;
  /** Environment variables of the process that runs it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Environment variables of the host that it may see, by exact name. */
  readonly passEnv?: readonly string[];
  /** Files of the bundle that it is given. */
  readonly uploads?: readonly JsonValue[];
  /** The policy file of its runner. */
  readonly policy?: string;
  readonly resources?: JsonObject;
  /** Services that it offers. */
  readonly services?: readonly JsonValue[];
  /** Services that it needs where it runs. */
  readonly requiresServices?: readonly JsonValue[];
  /** Settings of a manifest that have no option here. They go into the IR as they are. */
  readonly rawConfig?: JsonObject;
  readonly requires?: readonly string[];
  /** Whether an attempt may be repeated when nobody knows how it ended. Default `safe`. */
  readonly safety?: "safe" | "unsafe";
  readonly input?: Type<unknown>;
  readonly output?: Type<unknown>;
}

/** A decorator that changes nothing: it is read by the compiler. Of either kind that TypeScript knows. */
export type ReadDecorator = (target: unknown, context?: unknown, descriptor?: unknown) => void;

/** Declares an agent: a function is a handler, and so is a method with `@agent.defn` before it. */
export interface Agent {
  <Message, Output>(
    options: AgentOptions & { readonly fires: CollectOptions },
    fn: (group: Group<Message>, ctx: HandlerContext) => Output | Promise<Output>,
  ): CollectingHandler<Message, Output>;
  <Output>(options: AgentOptions, fn: () => Output | Promise<Output>): Handler<null, Output>;
  <Input, Output>(options: AgentOptions, fn: (input: Input, ctx: HandlerContext) => Output | Promise<Output>): Handler<Input, Output>;
  /**
   * Makes a method an agent. Its class is exported, and takes nothing to be made; a process makes one instance of
   * it, at the first call. The method is called as `method(input, ctx)`.
   */
  readonly defn: (options: AgentOptions) => ReadDecorator;
}

function agentOf<Input, Output>(
  options: AgentOptions,
  fn: (input: Input, ctx: HandlerContext) => Output | Promise<Output>,
): Handler<Input, Output> {
  return handler(optionsOf(options), fn);
}

export const agent: Agent = Object.assign(agentOf as Omit<Agent, "defn"> & typeof agentOf, {
  defn(options: AgentOptions): ReadDecorator {
    const { name, input: _, output: __, ...rest } = optionsOf(options);
    assertName(name, "the name of an agent");
    nodeOptionsOf(rest, `agent ${name}`);
    return readOnly;
  },
});

function optionsOf(options: AgentOptions): HandlerOptions {
  for (const name of Object.values(agentNames)) {
    if (!Object.hasOwn(options, name)) continue;
    const other = Object.keys(agentNames).find((one) => agentNames[one] === name);
    throw new AuthoringError(`agent ${options.name} has the option ${name}, which does not exist`, `Of an agent it is ${other}`);
  }
  return handlerOptionsFrom({ ...options }) as unknown as HandlerOptions;
}

/** What a decorator does when a program runs that has not been compiled: nothing. */
export function readOnly(): void {
  // What decorators say is in the source.
}
