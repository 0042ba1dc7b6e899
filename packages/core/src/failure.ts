/**
 * Failures: why an attempt, an activation or a run did not succeed. A failure is data: it is
 * journalled, sent over wires and shown to people, so it carries no stack and no class identity.
 */
import * as z from "zod";
import { type ErrorCode, HeddleError } from "./errors.ts";
import type { JsonValue } from "./json.ts";
import { JsonValueSchema } from "./json-schema.ts";

/**
 * What retry policies select on. `handler`: the author's code threw; `transient`: it says that trying
 * again may help; `timeout`; `executor-lost`: the process that ran it died; `invalid`: the result
 * does not fit; `denied`: the gate refused; `rejected`: a person said no; `control`: the workflow's
 * own rules failed it (no transition, iteration limit, a thrown failure).
 */
export const FailureClass = z.enum(["handler", "transient", "timeout", "executor-lost", "invalid", "denied", "rejected", "control"]);
export type FailureClass = z.infer<typeof FailureClass>;

export const Failure = z.strictObject({
  /** A code of the error registry, or the author's own. */
  code: z.string().min(1).max(128),
  message: z.string().max(16_384),
  class: FailureClass,
  /** False: no retry policy applies. */
  retryable: z.boolean(),
  /** Whoever failed asks not to be tried again for so many milliseconds. */
  retryAfterMs: z.number().int().min(0).max(3_155_760_000_000).optional(),
  /** The node whose activation failed, where one did. */
  node: z.string().optional(),
  details: JsonValueSchema.optional(),
});
export type Failure = z.infer<typeof Failure>;

export function failureOf(
  code: ErrorCode,
  message: string,
  failureClass: FailureClass,
  extra: { retryable?: boolean; node?: string; details?: JsonValue } = {},
): Failure {
  return {
    code,
    message,
    class: failureClass,
    retryable: extra.retryable ?? false,
    ...(extra.node === undefined ? {} : { node: extra.node }),
    ...(extra.details === undefined ? {} : { details: extra.details }),
  };
}

/** The error that a caller of `run` meets when the run failed: its failure, as an error of ours. */
export function runFailedError(runId: string, failure: Failure): HeddleError<"run-failed"> {
  return new HeddleError("run-failed", `run ${runId} failed: ${failure.message} (${failure.code})`, {
    details: { runId, code: failure.code, class: failure.class, ...(failure.node === undefined ? {} : { node: failure.node }) },
  });
}
