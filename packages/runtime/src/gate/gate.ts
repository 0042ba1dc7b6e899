/**
 * The gate: the one function through which every effect leaves the runtime.
 *
 * Architecture invariant: no executor is imported or called outside this folder and the place that
 * builds it.
 */
import { failureOf, isSafeToRepeat } from "@heddle/core";
import type { Clock, Executor, Outcome, Task } from "@heddle/ports";
import type { AttemptAbort } from "../shell/abort.ts";
import type { Admission } from "./admit.ts";

export interface Gate {
  /** Carries out one admitted attempt; settles exactly once, never rejects. */
  perform(task: Task, admission: Admission, abort: AttemptAbort): Promise<Outcome>;
}

export interface GateOptions {
  readonly clock: Clock;
  /** The executor for a task; undefined where there is none for its kind. */
  route(task: Task): Executor | undefined;
}

export function createGate(options: GateOptions): Gate {
  return {
    perform(task, admission, abort) {
      const refused = admission.refuse(task.node);
      if (refused !== undefined) return Promise.resolve({ kind: "failed", failure: refused });
      const executor = options.route(task);
      if (executor === undefined) {
        const failure = failureOf("handler-not-found", `nothing here carries out ${task.node.id}`, "denied", { node: task.node.id });
        return Promise.resolve({ kind: "failed", failure });
      }
      const { timeoutMs } = task.node;
      return timeoutMs === undefined || executor.keepsTime === true
        ? executor.execute(task, abort)
        : withTimeout(options.clock, executor, task, abort, timeoutMs);
    },
  };
}

async function withTimeout(clock: Clock, executor: Executor, task: Task, abort: AttemptAbort, timeoutMs: number): Promise<Outcome> {
  const disarm = clock.setTimer(timeoutMs, () => abort.abort("timeout"));
  try {
    const outcome = await executor.execute(task, abort);
    if (abort.reason !== "timeout" || outcome.kind === "lost") return outcome;
    // What a handler gives once its time is up is not its answer, unless repeating it would do harm.
    if (outcome.kind === "succeeded" && !isSafeToRepeat(task.node)) return outcome;
    return {
      kind: "failed",
      failure: failureOf("timeout", `${task.node.id} took longer than ${timeoutMs} ms`, "timeout", { retryable: true, node: task.node.id }),
    };
  } finally {
    disarm();
  }
}
