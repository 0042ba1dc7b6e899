/** What a handler gave, as an outcome: one rule for handlers in this process, in a warm one and in a worker. */
import { HeddleError } from "./errors.ts";
import { type Failure, failureOf } from "./failure.ts";
import { adoptJson, isOversized, type JsonValue, valueBytesMax } from "./json.ts";

/** How a handler that returned has done. */
export type HandlerOutcome =
  | { readonly kind: "succeeded"; readonly result: JsonValue }
  | { readonly kind: "failed"; readonly failure: Failure };

/** A handler's return value as an outcome: adopted, or failed with `result-invalid` or `value-too-large`. */
export function outcomeOfResult(value: unknown, node: string): HandlerOutcome {
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
