/**
 * Folding the facts of graphs: messages into queues, out of them, and into activations.
 *
 * Architecture invariant: like all of `evolve`, it never refuses, never needs the plan, and reads no clock.
 */
import { invariant, type JsonValue, type RunEventOf, type SentMessage, unreachable } from "@heddle/core";
import { editActivation, openActivation, statusFor, takeActivation, touchAll } from "../run/activations.ts";
import { hold } from "../run/messages.ts";
import type { Activation, NodeRecord, RunFold } from "../run/state.ts";
import { againMark, groupMark, lateMark, letterMark, streamMark } from "./marks.ts";
import { restartsMax } from "./restarts.ts";

export type GraphEvent = RunEventOf<
  | "messages-sent"
  | "node-fired"
  | "node-passed"
  | "messages-gathered"
  | "gathering-ended"
  | "node-restarted"
  | "pressure-changed"
  | "messages-dead-lettered"
  | "letters-replayed"
  | "run-completing"
  | "run-failing"
  | "activations-aborting"
>;

export function evolveGraph(fold: RunFold, event: GraphEvent, atMs: number): void {
  const { head } = fold;
  switch (event.kind) {
    case "messages-sent":
      deliverAll(fold, event.sent);
      if (event.key !== undefined) head.signalKeys = [...head.signalKeys, event.key].slice(-1_000);
      return;
    case "node-fired": {
      const taken = take(fold, event.open.node, event.takes);
      let held: Activation["held"];
      for (const message of taken) held = hold(held, message);
      const { does } = event.open;
      openActivation(fold, 0, event.open, atMs, undefined, held);
      if (does?.kind === "gather") {
        head.graph.gathering++;
        fold.setMark(groupMark(event.open.node, does.group), event.open.activation);
      } else {
        head.graph.working++;
        fold.editRecord(event.open.node).working++;
        noteStreams(fold, event.open.node, taken);
      }
      return;
    }
    case "node-passed": {
      if (event.activation !== undefined) closeGathering(fold, takeActivation(fold, event.activation), event.late);
      const taken = take(fold, event.node, event.takes);
      const record = fold.editRecord(event.node);
      record.succeeded++;
      noteStreams(fold, event.node, taken);
      keepOutcome(record, event);
      deliverAll(fold, event.sent);
      return;
    }
    case "messages-gathered": {
      const activation = editActivation(fold, event.activation);
      const taken = take(fold, activation.node, event.takes);
      for (const message of event.dropped === true ? taken.slice(0, -1) : taken) activation.held = hold(activation.held, message);
      if (event.deadlineMs !== undefined && activation.does?.kind === "gather")
        activation.does = { ...activation.does, deadlineMs: event.deadlineMs };
      return;
    }
    case "gathering-ended": {
      const activation = editActivation(fold, event.activation);
      closeGathering(fold, activation, event.late);
      activation.does = event.does;
      activation.status = statusFor(event.does);
      activation.notBeforeMs = atMs;
      head.graph.working++;
      fold.editRecord(activation.node).working++;
      return;
    }
    case "node-restarted": {
      const record = fold.editRecord(event.node);
      // Those that the window still counts; the ones before them have left it.
      const before = event.window === "restart" ? record.restarts : record.reschedules;
      const kept = [...before, event.restartAtMs].slice(-Math.min(event.count, restartsMax));
      if (event.window === "restart") record.restarts = kept;
      else record.reschedules = kept;
      return;
    }
    case "pressure-changed":
      fold.editRecord(event.node).level = event.level;
      return;
    case "messages-dead-lettered":
      take(fold, event.node, event.count);
      if (event.activation !== undefined) closeGathering(fold, takeActivation(fold, event.activation));
      if (event.late !== undefined) countLate(fold, event.node, event.late, event.count);
      for (const { letter } of event.letters) bury(fold, letter);
      return;
    case "letters-replayed":
      for (const letter of event.letters) fold.setMark(letterMark(letter), undefined);
      for (const { message, stream, to } of event.sent)
        if (stream !== undefined && to.length > 0) fold.setMark(againMark(message), to.length);
      deliverAll(fold, event.sent);
      return;
    case "run-completing":
      head.graph.completion = { node: event.node, output: event.output };
      return;
    case "run-failing":
      head.ending = { cause: "failure", reason: undefined, failure: event.failure, cleanupAtMs: event.cleanupAtMs };
      head.paused = false;
      touchAll(fold);
      return;
    case "activations-aborting":
      for (const id of event.closed) release(fold, takeActivation(fold, id));
      for (const id of event.activations) editActivation(fold, id).status = "aborting";
      return;
    default:
      unreachable(event);
  }
}

export function succeedNode(fold: RunFold, event: RunEventOf<"activation-succeeded">, _atMs: number): void {
  const activation = takeActivation(fold, event.activation);
  release(fold, activation);
  const record = fold.editRecord(activation.node);
  record.succeeded++;
  keepOutcome(record, event);
  if (event.signal !== undefined) fold.head.signals = fold.head.signals.filter(({ id }) => id !== event.signal);
  deliverAll(fold, event.sent);
}

export function failNode(fold: RunFold, event: RunEventOf<"activation-failed">): void {
  release(fold, takeActivation(fold, event.activation));
  for (const { letter } of event.letters ?? []) bury(fold, letter);
  deliverAll(fold, event.sent);
}

export function cancelNode(fold: RunFold, event: RunEventOf<"activation-cancelled">): void {
  release(fold, takeActivation(fold, event.activation));
}

function keepOutcome(
  record: NodeRecord,
  event: { readonly nodeState?: JsonValue; readonly sink?: true; readonly sent?: readonly SentMessage[] },
): void {
  if (event.nodeState !== undefined) record.state = event.nodeState;
  if (event.sink === true) record.output = event.sent?.find(({ to, letter }) => to.length === 0 && letter === undefined)?.body ?? null;
}

function deliverAll(fold: RunFold, sent: readonly SentMessage[] | undefined): void {
  const { head } = fold;
  for (const message of sent ?? []) {
    head.graph.nextMessage = Math.max(head.graph.nextMessage, message.message + 1);
    if (message.letter !== undefined) bury(fold, message.letter);
    for (const { node } of message.to) {
      const record = fold.editRecord(node);
      record.queue = record.queue.with(message);
      head.graph.queued++;
    }
  }
}

function bury(fold: RunFold, letter: number): void {
  fold.setMark(letterMark(letter), 1);
  fold.head.graph.nextLetter = Math.max(fold.head.graph.nextLetter, letter + 1);
}

/** Takes the oldest messages of a node's queue. */
function take(fold: RunFold, node: string, count: number): readonly SentMessage[] {
  if (count === 0) return [];
  const record = fold.editRecord(node);
  const taken: SentMessage[] = [];
  for (let i = 0; i < count; i++) {
    const message = record.queue.first;
    invariant(message !== undefined, `${node} has ${count} messages to take`);
    taken.push(message);
    record.queue = record.queue.rest();
    if (message.stream !== undefined) countDown(fold, againMark(message.message), 1);
  }
  fold.head.graph.queued -= count;
  return taken;
}

/** A gathering ends: its group may begin anew. Of a join, those that are still to come are late. */
function closeGathering(fold: RunFold, activation: Activation, late?: number): void {
  const { does } = activation;
  invariant(does?.kind === "gather", "only what collects can end collecting");
  fold.setMark(groupMark(activation.node, does.group), undefined);
  if (late !== undefined) fold.setMark(lateMark(activation.node, does.group), late);
  fold.head.graph.gathering--;
}

function countLate(fold: RunFold, node: string, group: string, count: number): void {
  countDown(fold, lateMark(node, group), count);
}

function countDown(fold: RunFold, mark: string, by: number): void {
  const left = fold.mark(mark);
  if (left !== undefined) fold.setMark(mark, left > by ? left - by : undefined);
}

/** An activation that ended, whatever it did. */
function release(fold: RunFold, activation: Activation): void {
  if (activation.does?.kind === "gather") {
    closeGathering(fold, activation);
    return;
  }
  fold.head.graph.working--;
  fold.editRecord(activation.node).working--;
}

/** How far each stream has come at a node. */
function noteStreams(fold: RunFold, node: string, messages: readonly SentMessage[]): void {
  for (const { stream } of messages) {
    if (stream === undefined) continue;
    const { stream_id: id, seq } = stream;
    if (typeof id !== "string" || typeof seq !== "number") continue;
    const ends = stream["close"] === true || stream["eof"] === true;
    const mark = streamMark(node, id);
    fold.setMark(mark, ends ? undefined : Math.max(fold.mark(mark) ?? 0, seq + 1));
  }
}
