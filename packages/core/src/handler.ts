/** What an author's handler is given besides its input. Types only: the same in process and in a worker. */

import type { JsonObject, JsonValue } from "./json.ts";

export interface HandlerLog {
  (text: string, fields?: Readonly<Record<string, JsonValue>>): void;
  debug(text: string, fields?: Readonly<Record<string, JsonValue>>): void;
  info(text: string, fields?: Readonly<Record<string, JsonValue>>): void;
  warn(text: string, fields?: Readonly<Record<string, JsonValue>>): void;
  error(text: string, fields?: Readonly<Record<string, JsonValue>>): void;
}

/** The second argument of every handler (the last, where arguments are positional). */
export interface HandlerContext {
  readonly runId: string;
  readonly node: string;
  readonly activation: number;
  /** From 1. */
  readonly attempt: number;
  /** The same for every attempt at this activation. Pass it on to whatever can tell repeats by it. */
  readonly idempotencyKey: string;
  /** Aborts on timeout, cancel and shutdown. */
  readonly signal: AbortSignal;
  readonly log: HandlerLog;
  /**
   * Runs `fn` and records its value durably before returning it; later attempts get the recorded
   * value. A crash between the two runs `fn` again, under the same idempotency key.
   */
  once<Value extends JsonValue>(name: string, fn: () => Value | Promise<Value>): Promise<Value>;
  /**
   * Calls a tool through the gate, and gives its result. The node's `requires` must name the tool's capability, and
   * policies, bounds and consent bind the call as they bind a tool node; one that a person has to be asked about is
   * refused: make it a node. What changes something is journalled before it starts, and never done twice under one name.
   *
   * Rejects with a {@link CallFailedError}: `call-denied`, `call-needs-person`, `tool-not-found`, `input-invalid`,
   * `call-changed`, `outcome-unknown`, `limit-exceeded`, `cancelled`, and what the tool itself fails with.
   */
  call(tool: string, args?: JsonObject, options?: HandlerCallOptions): Promise<JsonValue>;
}

/** How {@link HandlerContext.call} is to be recognised. */
export interface HandlerCallOptions {
  /**
   * Letters, digits, `-`, `_` and `.`, a letter first. Later attempts get the result that was recorded under it. Default:
   * its place in the order of the attempt's calls, where only a call that changes something is recorded with its result.
   */
  readonly name?: string;
}

/**
 * Throw this (or any error with these properties) to say how a failure is to be treated.
 * `retryable: false` ends the retries; `code` is what failure edges and `exceptCodes` see.
 */
export interface HandlerFailureShape {
  readonly code?: string;
  readonly retryable?: boolean;
  /** Milliseconds until another attempt makes sense: the next one waits at least so long. */
  readonly retryAfterMs?: number;
  readonly details?: JsonValue;
}
