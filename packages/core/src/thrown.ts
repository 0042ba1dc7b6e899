/**
 * What foreign code threw, as a failure. The author's own words, code and details go on; stacks, causes,
 * addresses and paths of the machine do not.
 */
import { type Failure, failureOf } from "./failure.ts";
import { adoptJson, isOversized, type JsonValue } from "./json.ts";

const messageCharsMax = 4_096;
const detailsBytesMax = 16_384;

/**
 * A thrown value as a failure `handler-failed`: its `code`, `retryable` (default true), `retryAfterMs` and
 * `details` are honoured. Total: a value whose members throw is a failure too.
 */
export function failureOfThrown(thrown: unknown, node?: string): Failure {
  try {
    return failureOfShape(thrown, node);
  } catch {
    // A getter or a proxy of the thrown value threw in its turn.
    return failureOf("handler-failed", "it failed, and what it threw cannot be read", "handler", { retryable: true, ...at(node) });
  }
}

interface Shape {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly retryable?: unknown;
  readonly details?: unknown;
  readonly retryAfterMs?: unknown;
  readonly syscall?: unknown;
}

function failureOfShape(thrown: unknown, node: string | undefined): Failure {
  const shape: Shape = typeof thrown === "object" && thrown !== null ? thrown : {};
  const { code, message, retryable, details, retryAfterMs, syscall } = shape;
  const own = typeof message === "string" ? message : typeof thrown === "string" ? thrown : "";
  // The text of a system error is of the machine: an address that did not answer, the path of a file.
  const text = typeof syscall === "string" && typeof code === "string" ? `${syscall} failed with ${code}` : own;
  return {
    code: typeof code === "string" && code.length > 0 && code.length <= 128 ? code : "handler-failed",
    message: (text === "" ? "it failed without saying why" : text).slice(0, messageCharsMax),
    class: retryable === true ? "transient" : "handler",
    retryable: retryable !== false,
    ...at(node),
    ...afterOf(retryAfterMs),
    ...detailsOf(details),
  };
}

/** A wait that is longer than any is none. */
function afterOf(ms: unknown): { retryAfterMs?: number } {
  return typeof ms === "number" && ms >= 0 && ms <= 3_155_760_000_000 ? { retryAfterMs: Math.round(ms) } : {};
}

function at(node: string | undefined): { node?: string } {
  return node === undefined ? {} : { node };
}

function detailsOf(details: unknown): { details?: JsonValue } {
  if (details === undefined) return {};
  try {
    const adopted = adoptJson(details);
    return isOversized(adopted, detailsBytesMax) ? {} : { details: adopted };
  } catch {
    // Details that are not JSON help nobody; the failure itself is kept.
    return {};
  }
}
