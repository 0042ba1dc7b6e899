import { HeddleError } from "@heddle/core";

/** What a tool says when it cannot do what it was asked to. The same call would fail again, so it is not retried. */
export function toolFailure(message: string, details: Readonly<Record<string, string | number | boolean>> = {}): HeddleError {
  return Object.assign(new HeddleError("tool-failed", message, { details }), { retryable: false });
}
