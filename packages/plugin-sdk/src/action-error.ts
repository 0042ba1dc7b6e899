/** How an action says that it cannot do what it was asked to, and how that is to be treated. */
import type { JsonValue } from "@heddle/core";

/**
 * Throw this to fail a call with a code of your own, which `failure` edges and retry policies see. Any thrown
 * value with these members does the same. Its stack and its cause never leave the process.
 */
export class ActionError extends Error {
  readonly code: string;
  /** False: trying again is of no use, and no retry policy applies. Default true. */
  readonly retryable: boolean;
  readonly details: JsonValue | undefined;

  constructor(
    code: string,
    message: string,
    options: { readonly retryable?: boolean; readonly details?: JsonValue; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ActionError";
    this.code = code;
    this.retryable = options.retryable ?? true;
    this.details = options.details;
  }
}
