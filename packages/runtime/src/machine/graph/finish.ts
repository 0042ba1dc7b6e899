/**
 * What a graph run does when no node can fire by itself any more: go on under pressure, give what
 * collects its end, succeed, or say what is missing. Nothing that a run still holds is dropped unsaid.
 */
import type { JsonValue } from "@heddle/core";
import type { Activation } from "../run/state.ts";
import { endEnding, failRun } from "./endings.ts";
import { endGroup, fireFirst } from "./fire.ts";
import { incomplete } from "./settle.ts";
import { type GraphTurn, messagesOf, planned } from "./turn.ts";

/** True where something happened: nodes may fire again. */
export function finish(turn: GraphTurn): boolean {
  const { head } = turn.fold;
  if (head.phase !== "open") return false;
  if (head.ending !== undefined) {
    if (head.graph.working > 0) return false;
    endEnding(turn, false);
    return true;
  }
  if (head.graph.completion !== undefined) return endCompletion(turn, head.graph.completion);
  if (head.graph.working > 0) return false;
  if (head.graph.queued > 0) return goOnUnderPressure(turn);
  // A service waits for more.
  if (turn.plan.isService) return false;
  if (head.graph.gathering > 0) return flush(turn);
  turn.emit({ kind: "run-succeeded", output: outputOf(turn) });
  return true;
}

/** Everything that may fire waits for something else that waits: the first goes on all the same. */
function goOnUnderPressure(turn: GraphTurn): boolean {
  for (const plan of turn.plan.nodes.values()) {
    if ((turn.fold.record(plan.id)?.queue.size ?? 0) === 0) continue;
    fireFirst(turn, plan);
    turn.queue(plan.id);
    return true;
  }
  return false;
}

/** Nothing more can come: a group that may be partial is whole now; one that may not fails the run. */
function flush(turn: GraphTurn): boolean {
  const oldest = new Map<string, Activation>();
  for (const activation of turn.fold.activations()) {
    if (activation.does?.kind !== "gather") continue;
    const known = oldest.get(activation.node);
    if (known === undefined || activation.id < known.id) oldest.set(activation.node, activation);
  }
  for (const plan of turn.plan.nodes.values()) {
    const activation = oldest.get(plan.id);
    if (activation === undefined || plan.rule.kind !== "collect" || !plan.rule.partial) continue;
    endGroup(turn, activation, "input-ended");
    return true;
  }
  const gathering = gatheringOf(turn);
  const [stuck] = gathering;
  if (stuck === undefined) return false;
  const failure = incomplete(planned(turn, stuck.node), stuck.held?.size ?? 0);
  for (const activation of gathering) buryGroup(turn, activation, failure.code, "nothing more could come");
  failRun(turn, failure);
  return true;
}

/** Groups that are not whole, oldest first. */
function gatheringOf(turn: GraphTurn): readonly Activation[] {
  return [...turn.fold.activations()].filter(({ does }) => does?.kind === "gather").sort((a, b) => a.id - b.id);
}

function buryGroup(turn: GraphTurn, activation: Activation, code: string, reason: string): void {
  const { nextLetter } = turn.fold.head.graph;
  turn.emit({
    kind: "messages-dead-lettered",
    node: activation.node,
    count: 0,
    activation: activation.id,
    letters: messagesOf(activation).map(({ message }, index) => ({ letter: nextLetter + index, message, node: activation.node })),
    code,
    reason,
  });
}

/** What runs comes to its end; what waits in queues and groups becomes dead letters. */
function endCompletion(turn: GraphTurn, { output }: { readonly output: JsonValue }): boolean {
  const { fold } = turn;
  const code = "run-completed";
  const reason = "the run was complete before it was handled";
  for (const { id: node } of turn.plan.nodes.values()) {
    const waiting = fold.record(node)?.queue.items() ?? [];
    if (waiting.length === 0) continue;
    const { nextLetter } = fold.head.graph;
    turn.emit({
      kind: "messages-dead-lettered",
      node,
      count: waiting.length,
      letters: waiting.map(({ message }, index) => ({ letter: nextLetter + index, message, node })),
      code,
      reason,
    });
  }
  for (const activation of gatheringOf(turn)) buryGroup(turn, activation, code, reason);
  const closed = [...fold.activations()].filter(({ status }) => status === "waiting").map(({ id }) => id);
  if (closed.length > 0) turn.emit({ kind: "activations-aborting", cause: "completed", activations: [], closed });
  if (fold.head.graph.working > 0) return false;
  turn.emit({ kind: "run-succeeded", output });
  return true;
}

/** What the nodes that nothing follows gave last, by node; the value itself where there is one such node. */
function outputOf(turn: GraphTurn): JsonValue {
  const sinks = [...turn.plan.nodes.values()].filter(({ edges }) => edges.length === 0);
  const given = sinks.map(({ id }): [string, JsonValue] => [id, turn.fold.record(id)?.output ?? null]);
  return given.length === 1 ? (given[0]?.[1] ?? null) : Object.fromEntries(given);
}
