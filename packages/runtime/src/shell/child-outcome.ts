/** How the end of a child run settles the attempt that waited for it. */
import { failureOf, HeddleError, type JsonValue, type RunEvent, type RunId } from "@heddle/core";
import type { Outcome } from "@heddle/ports";

export const childOutcome = {
  of(event: RunEvent, child: RunId, node: string): Outcome {
    if (event.kind === "run-succeeded") return { kind: "succeeded", result: event.output };
    if (event.kind === "run-failed") {
      const details = { run: child, failure: event.failure as unknown as JsonValue };
      const message = `run ${child} failed: ${event.failure.message}`;
      return { kind: "failed", failure: failureOf("child-run-failed", message, "handler", { retryable: true, node, details }) };
    }
    return {
      kind: "failed",
      failure: failureOf("child-run-cancelled", `run ${child} was cancelled`, "control", { node, details: { run: child } }),
    };
  },

  notStarted(error: unknown, node: string): Outcome {
    if (HeddleError.is(error, "shutting-down")) return { kind: "aborted" };
    if (HeddleError.is(error, "storage-full"))
      return { kind: "failed", failure: failureOf("storage-full", error.message, "transient", { retryable: true, node }) };
    const code = HeddleError.is(error) ? error.code : "internal";
    const message = HeddleError.is(error) ? error.message : "the child run could not be started";
    return { kind: "failed", failure: failureOf(code, message, "invalid", { node }) };
  },

  /** The deadline is of the whole activation: another attempt would have no time. */
  timedOut(node: string): Outcome {
    return { kind: "failed", failure: failureOf("timeout", `${node} was not done in time`, "timeout", { node }) };
  },
};
