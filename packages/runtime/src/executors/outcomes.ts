/** What foreign code gave or threw, as an outcome. Shared by executors that run handlers. */
import { adoptJson, type Failure, failureOf, HeddleError, isOversized, type JsonValue, valueBytesMax } from "@heddle/core";
import type { Outcome } from "@heddle/ports";

/** A handler's return value as an outcome: adopted, or failed with `result-invalid` or `value-too-large`. */
export function outcomeOfResult(value: unknown, node: string): Outcome {
  try {
    const result = adoptJson(value);
    if (!isOversized(result)) return { kind: "succeeded", result };
    return { kind: "failed", failure: failureOf("value-too-large", `${node} gave more than ${valueBytesMax} bytes`, "invalid", { node }) };
  } catch (error) {
    const message = HeddleError.is(error) ? error.message : "its result cannot be read";
    return {
      kind: "failed",
      failure: failureOf("result-invalid", `${node} gave a value that is not JSON: ${message}`, "invalid", { node }),
    };
  }
}

const messageMax = 4_096;

/** What a handler threw, as a failure: `code`, `retryable` and `details` of the thrown value are honoured. */
export function failureOfThrown(thrown: unknown, node: string): Failure {
  const shape =
    typeof thrown === "object" && thrown !== null
      ? (thrown as { code?: unknown; message?: unknown; retryable?: unknown; details?: unknown })
      : {};
  const message =
    typeof shape.message === "string" && shape.message !== "" ? shape.message : typeof thrown === "string" ? thrown : "the handler failed";
  return {
    code: typeof shape.code === "string" && shape.code.length > 0 && shape.code.length <= 128 ? shape.code : "handler-failed",
    message: message.slice(0, messageMax),
    class: shape.retryable === true ? "transient" : "handler",
    retryable: shape.retryable !== false,
    node,
    ...detailsOf(shape.details),
  };
}

function detailsOf(details: unknown): { details?: JsonValue } {
  if (details === undefined) return {};
  try {
    const adopted = adoptJson(details);
    return isOversized(adopted, 16_384) ? {} : { details: adopted };
  } catch {
    // Details that are not JSON help nobody; the failure itself is kept.
    return {};
  }
}
