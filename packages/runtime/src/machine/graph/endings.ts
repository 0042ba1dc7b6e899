/** How a graph run ends: complete, failed, cancelled, over a limit. What is in flight is ended first, and said. */
import { type Failure, type JsonValue, unreachable } from "@heddle/core";
import { optional } from "../run/turn.ts";
import type { GraphNodePlan } from "./plan.ts";
import type { GraphTurn } from "./turn.ts";

/** The run has its output; the first one counts. finish.ts ends it once nothing is in flight. */
export function complete(turn: GraphTurn, plan: GraphNodePlan, output: JsonValue): void {
  const { head } = turn.fold;
  if (head.graph.completion !== undefined || head.ending !== undefined || head.phase !== "open") return;
  turn.emit({ kind: "run-completing", node: plan.id, output });
}

/** The run fails as soon as what executes has been aborted. */
export function failRun(turn: GraphTurn, failure: Failure): void {
  const { head } = turn.fold;
  if (head.ending !== undefined || head.phase !== "open") return;
  turn.emit({ kind: "run-failing", failure, cleanupAtMs: turn.atMs + turn.plan.cleanupTimeoutMs });
  abortAll(turn, "failure");
}

export function limitRun(turn: GraphTurn, failure: Failure): void {
  const { head } = turn.fold;
  if (head.ending !== undefined || head.phase !== "open") return;
  turn.emit({ kind: "run-limited", failure, cleanupAtMs: turn.atMs + turn.plan.cleanupTimeoutMs });
  abortAll(turn, "limit");
}

/** Aborts what executes; what only waits or collects is closed at once. */
export function abortAll(turn: GraphTurn, cause: "failure" | "cancel" | "limit"): void {
  const activations: number[] = [];
  const closed: number[] = [];
  for (const { id, status } of [...turn.fold.activations()].sort((a, b) => a.id - b.id)) {
    if (status === "waiting" || status === "unknown") closed.push(id);
    else if (status !== "aborting") activations.push(id);
  }
  if (activations.length + closed.length > 0) turn.emit({ kind: "activations-aborting", cause, activations, closed });
}

/** The last of what was in flight is gone, or may no longer be waited for. */
export function endEnding(turn: GraphTurn, isForced: boolean): void {
  const { ending } = turn.fold.head;
  if (ending === undefined) return;
  const forced = isForced ? { forced: true as const } : {};
  switch (ending.cause) {
    case "failure":
    case "limit":
      if (ending.failure !== undefined) turn.emit({ kind: "run-failed", failure: ending.failure, ...forced });
      return;
    case "cancel":
      turn.emit({ kind: "run-cancelled", ...optional("reason", ending.reason), ...forced });
      return;
    default:
      unreachable(ending.cause);
  }
}
