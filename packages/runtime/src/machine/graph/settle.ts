/** What follows from the end of an activation: messages that it sends, a state that it leaves, restarts, dead letters. */
import { type Evaluate, type Failure, failureOf, isOversized, type JsonValue, type RunEventOf, type SentMessage } from "@heddle/core";
import type { Endings } from "../run/attempts.ts";
import type { Activation } from "../run/state.ts";
import { optional } from "../run/turn.ts";
import { complete, failRun } from "./endings.ts";
import { bodyOf, type Draft, envelopeOf, scopeOf } from "./messages.ts";
import { defaultType, type Outgoing, outgoingOf } from "./outgoing.ts";
import type { GraphNodePlan } from "./plan.ts";
import { nextRestart } from "./restarts.ts";
import { inherit, sendFailure, sendFrom } from "./send.ts";
import { type GraphTurn, messagesOf, planned } from "./turn.ts";

export const endings: Endings<GraphTurn> = {
  nodeOf: (turn, id) => planned(turn, id).node,
  succeed: (turn, activation, result, given) => {
    succeedActivation(turn, activation, result, given);
    return undefined;
  },
  misfitOf: () => undefined,
  fail: failActivation,
  cancelled: () => undefined,
};

export function succeedActivation(
  turn: GraphTurn,
  activation: Activation,
  result: JsonValue,
  given: { attempt?: number; by?: string; signal?: number },
): void {
  const plan = planned(turn, activation.node);
  const taken = messagesOf(activation);
  const value = givenOf(plan, activation, taken, result);
  const out = outgoingOf(plan, value);
  const state = out.nodeState ?? turn.fold.record(plan.id)?.state;
  const type = defaultType(plan, taken[0]?.type);
  const byDefault = type === null ? undefined : inherit({ type, body: out.body }, taken, false);
  const own = out.messages.map((draft) => inherit(draft, taken, true));
  const { sent, sink } = sendFrom(turn, { plan, taken, state }, own, byDefault);
  const event: { -readonly [Key in keyof RunEventOf<"activation-succeeded">]: RunEventOf<"activation-succeeded">[Key] } = {
    kind: "activation-succeeded",
    activation: activation.id,
    ...given,
  };
  if (sent.length > 0) event.sent = sent;
  if (sink) event.sink = true;
  if (out.nodeState !== undefined) event.nodeState = out.nodeState;
  if (out.facts.length > 0) event.facts = out.facts.map(({ type: kind, payload }) => ({ type: kind, payload }));
  // What no message carries is kept here.
  if (byDefault === undefined && out.body !== null) event.result = out.body;
  turn.emit(event);
  lookAfter(turn, plan, sent);
  completeWith(turn, plan, taken, out, value);
}

/** A wait hands on what it was given, unless it was given something to wait for. */
function givenOf(plan: GraphNodePlan, activation: Activation, taken: readonly SentMessage[], result: JsonValue): JsonValue {
  return activation.does?.kind === "sleep" ? bodyOf(plan.rule, taken) : result;
}

function lookAfter(turn: GraphTurn, plan: GraphNodePlan, sent: readonly SentMessage[]): void {
  turn.queue(plan.id);
  for (const message of sent) for (const { node } of message.to) turn.queue(node);
}

function completeWith(turn: GraphTurn, plan: GraphNodePlan, taken: readonly SentMessage[], out: Outgoing, result: JsonValue): void {
  const { completes } = plan.node;
  if (out.complete !== undefined) complete(turn, plan, out.complete.output);
  else if (plan.exit !== undefined) complete(turn, plan, exitOf(turn, plan, plan.exit, taken, result));
  else if (completes !== undefined && (turn.fold.record(plan.id)?.succeeded ?? 0) >= (completes === true ? 1 : completes)) {
    complete(turn, plan, out.body);
  }
}

/** What a node that is an exit gives the run. */
export function exitOf(turn: GraphTurn, plan: GraphNodePlan, exit: Evaluate, taken: readonly SentMessage[], result: JsonValue): JsonValue {
  const { fold } = turn;
  const [first] = taken;
  const envelope = () => (first === undefined ? {} : envelopeOf(first, fold.head.run, plan.id, turn.atMs));
  return exit(scopeOf(bodyOf(plan.rule, taken), fold.record(plan.id)?.state, fold.head.input, envelope, result));
}

/**
 * An activation that failed for good: along its node's edge; as a message; by starting the node again
 * where its window allows; as a dead letter of a service; or the run fails.
 */
export function failActivation(
  turn: GraphTurn,
  activation: Activation,
  given: Failure,
  on: "failure" | "timeout" | "rejected",
  by: string | undefined,
): void {
  const plan = planned(turn, activation.node);
  const failure: Failure = given.node === undefined ? { ...given, node: plan.id } : given;
  const edges = plan.failureEdges[on].length > 0 ? plan.failureEdges[on] : plan.failureEdges.failure;
  const type = edges.length > 0 ? "failure" : plan.node.emitsOnFailure;
  const isCompleting = turn.fold.head.graph.completion !== undefined;
  if (type === undefined && !isCompleting && isRestarted(turn, plan, activation, failure)) return;
  const taken = messagesOf(activation);
  const origin = { plan, taken, state: turn.fold.record(plan.id)?.state };
  const draft = type === undefined ? undefined : messageOf(plan, taken, failure, type);
  const sent = draft === undefined ? [] : sendFailure(turn, origin, draft, edges.length > 0 ? edges : undefined);
  const { nextLetter } = turn.fold.head.graph;
  const letters = taken.map(({ message }, index) => ({ letter: nextLetter + index, message, node: plan.id }));
  const executed = activation.does === undefined || activation.does.kind === "execute";
  turn.emit({
    kind: "activation-failed",
    activation: activation.id,
    ...(executed ? { attempt: activation.attempt } : {}),
    on,
    failure,
    ...optional("by", by),
    ...(sent.length === 0 ? {} : { sent: [...sent] }),
    ...(draft === undefined && letters.length > 0 ? { letters } : {}),
  });
  lookAfter(turn, plan, sent);
  if (draft === undefined && !turn.plan.isService && !isCompleting) failRun(turn, failure);
}

function messageOf(plan: GraphNodePlan, taken: readonly SentMessage[], failure: Failure, type: string): Draft {
  const body = { failure: failure as unknown as JsonValue, input: bodyOf(plan.rule, taken) };
  return inherit({ type, body: isOversized(body) ? { ...body, input: null } : body }, taken, false);
}

/** Classes of failure that starting again can mend, whatever was done before. */
const mendable: ReadonlySet<string> = new Set(["transient", "timeout", "executor-lost"]);

/** A person allowed one start of its call: another one needs another yes, and no window gives it. */
function isAllowed({ node }: GraphNodePlan): boolean {
  return node.kind === "tool" && node.permission !== "read";
}

function isRestarted(turn: GraphTurn, plan: GraphNodePlan, activation: Activation, failure: Failure): boolean {
  const executes = activation.does === undefined || activation.does.kind === "execute" || activation.does.kind === "child";
  if (!executes || isAllowed(plan) || !failure.retryable || !(plan.safe || mendable.has(failure.class))) return false;
  const record = turn.fold.record(plan.id);
  for (const window of ["restart", "reschedule"] as const) {
    const before = (window === "restart" ? record?.restarts : record?.reschedules) ?? [];
    const next = nextRestart(plan[window], before, turn.atMs);
    if (next === undefined) continue;
    turn.emit({ kind: "node-restarted", node: plan.id, activation: activation.id, window, count: next.count, restartAtMs: next.atMs });
    turn.emit({
      kind: "attempt-failed",
      activation: activation.id,
      attempt: activation.attempt,
      failure,
      counted: false,
      retryAtMs: next.atMs,
    });
    return true;
  }
  return false;
}

/** Why a run that could go no further has not done all that it held. */
export function incomplete(plan: GraphNodePlan, held: number): Failure {
  const { rule } = plan;
  const wants = rule.kind === "join" ? rule.need : rule.kind === "collect" ? rule.count : undefined;
  const message = `${plan.id} has ${held} of ${wants ?? "more"} messages that it waits for, and nothing more can come`;
  return failureOf("graph-incomplete", message, "control", { node: plan.id });
}
