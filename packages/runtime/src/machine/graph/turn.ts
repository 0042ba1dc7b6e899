/** A turn of a graph: the nodes that its facts leave to look at. */
import { InvariantViolatedError, type SentMessage } from "@heddle/core";
import { heldItems } from "../run/messages.ts";
import type { Activation } from "../run/state.ts";
import type { RunTurn } from "../run/turn.ts";
import type { GraphNodePlan, GraphPlan } from "./plan.ts";

/** Its work are nodes that may fire now. */
export type GraphTurn = RunTurn<GraphPlan, string>;

export function planned(turn: GraphTurn, id: string): GraphNodePlan {
  const plan = turn.plan.nodes.get(id);
  if (plan === undefined) throw new InvariantViolatedError(`the plan has no node ${id}`);
  return plan;
}

/** What an activation handles, in the order of arrival. */
export function messagesOf(activation: Activation): readonly SentMessage[] {
  return heldItems(activation.held);
}
