/**
 * Firing: a node takes messages from its queue as its rule says. What executes opens an activation;
 * routers, aggregates and sensors give what they give at once.
 *
 * A node does not fire while one that it sends to is saturated: pressure slows what is upstream. It
 * never stops it: where nothing else could go on, it fires all the same (see finish.ts).
 */
import { failureOf, isOversized, type JsonObject, type JsonValue, type SentMessage } from "@heddle/core";
import { expiryOf } from "../run/calls.ts";
import { type DoingOf, deadlineOf, toolDoing, waitDoing } from "../run/doing.ts";
import type { Activation } from "../run/state.ts";
import { optional } from "../run/turn.ts";
import { complete, failRun, limitRun } from "./endings.ts";
import { againMark, groupMark, lateMark, streamMark } from "./marks.ts";
import { bodyOf, collectedOf, type Draft, envelopeOf, scopeOf } from "./messages.ts";
import { defaultType } from "./outgoing.ts";
import type { GraphNodePlan } from "./plan.ts";
import { isFull, isHeldBack, notePressure } from "./pressure.ts";
import { inherit, sendFrom } from "./send.ts";
import { exitOf, failActivation, succeedActivation } from "./settle.ts";
import { earlierSignal } from "./signals.ts";
import { type GraphTurn, messagesOf, planned } from "./turn.ts";

/** Firings in one decision, at most: a cycle of nodes that execute nothing is a mistake. */
export const cascadeMax = 100_000;

/** Lets a node take what it may. */
export function lookAt(turn: GraphTurn, id: string): void {
  const plan = planned(turn, id);
  const { fold } = turn;
  while (mayFire(turn, plan)) {
    if (plan.rule.kind === "each" || plan.rule.kind === "stream") {
      if (isHeldBack(turn, plan)) break;
      fireFirst(turn, plan);
    } else gatherFirst(turn, plan, plan.rule);
    if (fold.head.phase !== "open") return;
  }
  notePressure(turn, plan);
}

function mayFire(turn: GraphTurn, plan: GraphNodePlan): boolean {
  const { head } = turn.fold;
  if (head.phase !== "open" || head.ending !== undefined || head.graph.completion !== undefined) return false;
  const record = turn.fold.record(plan.id);
  if (record === undefined || record.queue.size === 0) return false;
  const oneByOne = plan.rule.kind === "each" || plan.rule.kind === "stream";
  return plan.instant || !oneByOne || record.working < plan.concurrencyMax;
}

/** The oldest message of a queue, for itself. Where that leaves room in a full queue, those who send to it may go on. */
export function fireFirst(turn: GraphTurn, plan: GraphNodePlan): void {
  const wasFull = isFull(turn, plan);
  takeFirst(turn, plan);
  if (wasFull && !isFull(turn, plan)) for (const sender of plan.senders) turn.queue(sender);
}

function takeFirst(turn: GraphTurn, plan: GraphNodePlan): void {
  const message = turn.fold.record(plan.id)?.queue.first;
  if (message === undefined || isRunaway(turn, plan)) return;
  if (plan.rule.kind === "stream" && isRepeated(turn, plan, message)) {
    bury(turn, plan, message, "stream-repeated", "its stream is past it already");
    return;
  }
  if (plan.instant) pass(turn, plan, [message], { takes: 1 });
  else open(turn, plan, [message]);
}

function isRunaway(turn: GraphTurn, plan: GraphNodePlan): boolean {
  if (++turn.done <= cascadeMax) return false;
  const message = `nodes that execute nothing fired more than ${cascadeMax} times in one go; a cycle without an end`;
  failRun(turn, failureOf("cascade-exceeded", message, "control", { node: plan.id }));
  return true;
}

function isRepeated(turn: GraphTurn, plan: GraphNodePlan, { message, stream }: SentMessage): boolean {
  const id = stream?.["stream_id"];
  const seq = stream?.["seq"];
  if (typeof id !== "string" || typeof seq !== "number" || turn.fold.mark(againMark(message)) !== undefined) return false;
  const next = turn.fold.mark(streamMark(plan.id, id));
  return next !== undefined && seq < next;
}

/** The first message of a queue becomes a dead letter. `late`: of a join that has fired. */
function bury(turn: GraphTurn, plan: GraphNodePlan, message: SentMessage, code: string, reason: string, late?: string): void {
  turn.emit({
    kind: "messages-dead-lettered",
    node: plan.id,
    count: 1,
    ...optional("late", late),
    letters: [{ letter: turn.fold.head.graph.nextLetter, message: message.message, node: plan.id }],
    code,
    reason,
  });
}

function open(turn: GraphTurn, plan: GraphNodePlan, messages: readonly SentMessage[]): void {
  if (isOverLimit(turn, plan)) return;
  const activation = turn.fold.head.nextActivation;
  const { does, failure } = doingOf(turn, plan, messages);
  turn.emit({
    kind: "node-fired",
    open: { activation, node: plan.id, ...optional("does", does) },
    takes: messages.length,
  });
  begin(turn, activation, failure);
}

function isOverLimit(turn: GraphTurn, plan: GraphNodePlan): boolean {
  if (turn.fold.head.steps < turn.plan.stepsMax) return false;
  const message = `the run may take ${turn.plan.stepsMax} steps, and has taken them`;
  limitRun(turn, failureOf("limit-exceeded", message, "control", { node: plan.id }));
  return true;
}

/** What an activation that was just opened can do at once. */
function begin(turn: GraphTurn, id: number, failure: DoingOf["failure"]): void {
  const activation = turn.fold.activation(id);
  if (activation === undefined) return;
  if (failure !== undefined) failActivation(turn, activation, failure, "failure", undefined);
  else {
    const earlier = earlierSignal(turn, activation);
    if (earlier !== undefined) succeedActivation(turn, activation, earlier.value, { signal: earlier.id });
  }
}

function doingOf(turn: GraphTurn, plan: GraphNodePlan, messages: readonly SentMessage[]): DoingOf {
  const { node } = plan;

  const scope = () =>
    scopeOf(bodyOf(plan.rule, messages), turn.fold.record(plan.id)?.state, turn.fold.head.input, () => firstEnvelope(turn, plan, messages));
  switch (node.kind) {
    case "human": {
      const prompt = plan.own["prompt"]?.(scope()) ?? null;
      const given = plan.own["details"]?.(scope()) ?? bodyOf(plan.rule, messages);
      const details = isOversized(given) ? null : given;
      const text = typeof prompt === "string" ? prompt : JSON.stringify(prompt);
      const rule = node.approval === undefined ? {} : { rule: node.approval, ...expiryOf(node.approval, turn.atMs) };
      return { does: { kind: "ask", mode: node.mode, prompt: text, details, ...rule, ...deadlineOf(node.timeoutMs, turn.atMs) } };
    }
    case "tool":
      return { does: toolDoing };
    case "wait":
      return waitDoing(node, (plan.own["ms"] ?? plan.own["at"])?.(scope()) ?? null, turn.atMs);
    case "workflow":
      return { does: { kind: "child", workflow: node.workflow, ...deadlineOf(node.timeoutMs, turn.atMs) } };
    default:
      return { does: plan.safe ? undefined : { kind: "execute", unsafe: true } };
  }
}

function firstEnvelope(turn: GraphTurn, plan: GraphNodePlan, messages: readonly SentMessage[]): JsonObject {
  const [first] = messages;
  return first === undefined ? {} : envelopeOf(first, turn.fold.head.run, plan.id, turn.atMs);
}

type GatherRule = Extract<GraphNodePlan["rule"], { kind: "join" | "collect" }>;

/** The oldest message of a queue goes into its group. */
function gatherFirst(turn: GraphTurn, plan: GraphNodePlan, rule: GatherRule): void {
  const message = turn.fold.record(plan.id)?.queue.first;
  if (message === undefined || isRunaway(turn, plan)) return;
  const group = groupOf(turn, plan, rule, message);
  const known = turn.fold.mark(groupMark(plan.id, group));
  if (rule.kind === "join") {
    if (turn.fold.mark(lateMark(plan.id, group)) !== undefined) {
      bury(turn, plan, message, "join-late", `${plan.id} fired without it`, group);
      return;
    }
    const held = known === undefined ? undefined : turn.fold.activation(known);
    if (held !== undefined && messagesOf(held).some(({ from }) => from === message.from)) {
      bury(turn, plan, message, "join-repeated", `${plan.id} has one of ${message.from ?? "outside"} already`);
      return;
    }
  }
  const marksEnd = rule.kind === "collect" && rule.endType !== undefined && message.type === rule.endType;
  if (known === undefined && isOverLimit(turn, plan)) return;
  const activation = known ?? openGroup(turn, plan, rule, group, marksEnd ? 0 : 1);
  if (known !== undefined || marksEnd) {
    const quiet = rule.kind === "collect" && rule.quietMs !== undefined ? { deadlineMs: quietUntil(turn, rule, activation) } : {};
    turn.emit({ kind: "messages-gathered", activation, takes: 1, ...(marksEnd ? { dropped: true as const } : {}), ...quiet });
  }
  const held = turn.fold.activation(activation);
  if (held === undefined) return;
  const size = held.held?.size ?? 0;
  if (rule.kind === "join") {
    if (rule.all ? missingOf(plan, messagesOf(held)) === 0 : size >= rule.need) endGroup(turn, held, "joined");
  } else if (marksEnd || endsStream(message)) endGroup(turn, held, "end-marker");
  else if (rule.count !== undefined && size >= rule.count) endGroup(turn, held, "count");
}

/** How many of the nodes with an edge to a join have no message in this group. */
function missingOf(plan: GraphNodePlan, messages: readonly SentMessage[]): number {
  const there = new Set(messages.map(({ from }) => from));
  return plan.senders.filter((sender) => !there.has(sender)).length;
}

function openGroup(turn: GraphTurn, plan: GraphNodePlan, rule: GatherRule, group: string, takes: 0 | 1): number {
  const activation = turn.fold.head.nextActivation;
  const waits = rule.kind === "collect" ? Math.min(rule.afterMs ?? Infinity, rule.quietMs ?? Infinity) : Infinity;
  const deadline = deadlineOf(waits === Infinity ? undefined : waits, turn.atMs);
  turn.emit({ kind: "node-fired", open: { activation, node: plan.id, does: { kind: "gather", group, ...deadline } }, takes });
  return activation;
}

/** When a group fires that gets no other message: no later than it would have anyway. */
function quietUntil(turn: GraphTurn, { afterMs, quietMs }: Extract<GatherRule, { kind: "collect" }>, id: number): number {
  const openedAtMs = turn.fold.activation(id)?.openedAtMs ?? turn.atMs;
  return Math.min(turn.atMs + (quietMs ?? 0), openedAtMs + (afterMs ?? Infinity));
}

function endsStream({ stream }: SentMessage): boolean {
  return stream?.["close"] === true || stream?.["eof"] === true;
}

/** What belongs together: of a join by default what comes from one first message, of a collection everything. */
function groupOf(turn: GraphTurn, plan: GraphNodePlan, rule: GatherRule, message: SentMessage): string {
  const key = rule.kind === "join" ? rule.by : rule.key;
  if (key === undefined) return rule.kind === "join" ? String(message.correlation) : "";
  const state = turn.fold.record(plan.id)?.state;
  const envelope = () => envelopeOf(message, turn.fold.head.run, plan.id, turn.atMs);
  // As JSON: the text "7" and the number 7 are different values.
  return JSON.stringify(key(scopeOf(message.body, state, turn.fold.head.input, envelope)));
}

/** A group is whole: its node handles it now. */
export function endGroup(turn: GraphTurn, activation: Activation, why: "count" | "joined" | "end-marker" | "time" | "input-ended"): void {
  const plan = planned(turn, activation.node);
  const messages = messagesOf(activation);
  const missing = plan.rule.kind === "join" ? missingOf(plan, messages) : 0;
  const late = missing > 0 ? { late: missing } : {};
  if (plan.instant) {
    pass(turn, plan, messages, { takes: 0, activation: activation.id, ...late });
    return;
  }
  const { does, failure } = doingOf(turn, plan, messages);
  turn.emit({ kind: "gathering-ended", activation: activation.id, why, ...optional("does", does), ...late });
  begin(turn, activation.id, failure);
}

/** A node that executes nothing: what it gives goes on at once. */
function pass(
  turn: GraphTurn,
  plan: GraphNodePlan,
  messages: readonly SentMessage[],
  given: { readonly takes: number; readonly activation?: number; readonly late?: number },
): void {
  const { node } = plan;
  const aggregate = node.kind === "aggregate";
  const body = aggregate ? collectedOf(messages) : bodyOf(plan.rule, messages);
  if (body !== messages[0]?.body && isOversized(body)) {
    refuse(turn, plan, messages, given);
    return;
  }
  const type = defaultType(plan, messages[0]?.type);
  const draft = type === null ? undefined : passedDraft(plan, messages, type, body, aggregate);
  const state = turn.fold.record(plan.id)?.state;
  const { sent, sink } = sendFrom(turn, { plan, taken: messages, state }, [], draft);
  turn.emit({
    kind: "node-passed",
    node: plan.id,
    ...given,
    ...(sent.length === 0 ? {} : { sent }),
    ...(sink ? { sink: true as const } : {}),
  });
  for (const message of sent) for (const { node: to } of message.to) turn.queue(to);
  const succeeded = turn.fold.record(plan.id)?.succeeded ?? 0;
  if (plan.exit !== undefined) complete(turn, plan, exitOf(turn, plan, plan.exit, messages, body));
  else if (node.completes !== undefined && succeeded >= (node.completes === true ? 1 : node.completes))
    complete(turn, plan, node.kind === "sensor" ? { count: succeeded, last_message: body } : body);
}

/** What a node would give is too large to be a value: what it took becomes dead letters, and a batch fails. */
function refuse(
  turn: GraphTurn,
  plan: GraphNodePlan,
  messages: readonly SentMessage[],
  { takes, activation }: { readonly takes: number; readonly activation?: number },
): void {
  const reason = `what ${plan.id} collected is too large or nested too deep to be a value`;
  const failure = failureOf("value-too-large", reason, "control", { node: plan.id });
  const { nextLetter } = turn.fold.head.graph;
  turn.emit({
    kind: "messages-dead-lettered",
    node: plan.id,
    count: takes,
    ...optional("activation", activation),
    letters: messages.map(({ message }, index) => ({ letter: nextLetter + index, message, node: plan.id })),
    code: failure.code,
    reason,
  });
  if (!turn.plan.isService) failRun(turn, failure);
}

const aggregateSchema = "com.mirrorneuron.aggregator.result";

function passedDraft(plan: GraphNodePlan, messages: readonly SentMessage[], type: string, body: JsonValue, aggregate: boolean): Draft {
  if (aggregate) return { type, body, headers: { schema_ref: aggregateSchema } };
  const single = plan.rule.kind === "each" || plan.rule.kind === "stream";
  const [first] = messages;
  const draft = { type, body, ...optional("class", first?.class), ...(single ? optional("bodyBase64", first?.bodyBase64) : {}) };
  return inherit(draft, messages, single);
}
