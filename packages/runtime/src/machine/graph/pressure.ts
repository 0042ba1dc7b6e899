/** Pressure: how long queues are, who is held back by a full one, and who may go on once it is not full any more. */
import type { PressureLevel } from "../run/state.ts";
import type { GraphNodePlan } from "./plan.ts";
import { type GraphTurn, planned } from "./turn.ts";

/** Whether a node can take no more. Asked of the queue itself: its level is told only once the node was looked at. */
export function isFull(turn: GraphTurn, plan: GraphNodePlan): boolean {
  return plan.bounds !== undefined && (turn.fold.record(plan.id)?.queue.size ?? 0) >= plan.bounds.max;
}

/** Whether a node that it sends to can take no more. */
export function isHeldBack(turn: GraphTurn, plan: GraphNodePlan): boolean {
  return plan.receivers.some((receiver) => isFull(turn, planned(turn, receiver)));
}

/** Says when a queue has become long, and when it is short again. */
export function notePressure(turn: GraphTurn, plan: GraphNodePlan): void {
  const { bounds } = plan;
  const record = turn.fold.record(plan.id);
  if (bounds === undefined || record === undefined) return;
  const depth = record.queue.size;
  const level = levelOf(record.level, depth, bounds);
  if (level !== record.level) turn.emit({ kind: "pressure-changed", node: plan.id, level, depth });
}

function levelOf(level: PressureLevel, depth: number, bounds: NonNullable<GraphNodePlan["bounds"]>): PressureLevel {
  if (depth >= bounds.max) return "saturated";
  if (depth >= bounds.high) return "pressured";
  return depth <= bounds.low ? "normal" : level === "normal" ? "normal" : "pressured";
}
