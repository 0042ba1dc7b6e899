/** A call that the code of a node made and that did not succeed, as that code meets it. */
import { type ErrorDetails, HeddleError, isErrorCode } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { isJsonObject } from "./json.ts";

/**
 * What `ctx.call` rejects with. Its code is that of the failure, or `tool-failed` where the tool has a code of its own,
 * which is in the failure. Thrown on, it fails the attempt, which is tried again only where the call itself might be.
 */
export class CallFailedError extends HeddleError {
  readonly failure: Failure;
  readonly retryable: boolean;

  constructor(failure: Failure) {
    super(isErrorCode(failure.code) ? failure.code : "tool-failed", failure.message, { details: detailsOf(failure) });
    this.name = "CallFailedError";
    this.failure = failure;
    this.retryable = failure.retryable;
  }
}

function detailsOf({ details }: Failure): ErrorDetails {
  if (details === undefined || !isJsonObject(details)) return {};
  const flat: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(details))
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") flat[name] = value;
  return flat;
}
