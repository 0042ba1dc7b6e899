/**
 * Events on the wire. The text of an event is made once and shared by all who follow its run, for
 * many may: it is kept as long as somebody holds the event itself.
 */
import type { ApprovalChange, EventRecord, RunEvent } from "@heddle/core";
import type { EventFrame } from "./gen/heddle/runs/v1/runs.js";
import { answerJson, int, num } from "./scalars.ts";

/** A message of events is closed when it has this many characters of event text. One event may be larger. */
export const eventBatchCharsTarget = 256 * 1024;

const texts = new WeakMap<RunEvent, string>();

function textOf(event: RunEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    text = JSON.stringify(event);
    texts.set(event, text);
  }
  return text;
}

/** An event as a frame. */
export function fromEvent(record: EventRecord): EventFrame {
  const { seq, atMs, event } = record;
  return { seq: BigInt(seq), atMs: int(atMs), kind: event.kind, eventJson: textOf(event) };
}

/** An event record as JSON text. */
export function recordText(record: EventRecord): string {
  return `{"seq":${record.seq},"atMs":${record.atMs},"event":${textOf(record.event)}}`;
}

/** A frame as an event that is still to be parsed. */
export function toEvent(frame: EventFrame): unknown {
  return { seq: num(frame.seq), atMs: num(frame.atMs), event: answerJson(frame.eventJson) };
}

/** Characters of an event's text, which bound how many go into one message. */
export function eventChars(record: EventRecord): number {
  return textOf(record.event).length;
}

/** Splits rows so that each part has about `charsTarget` characters; a part has at least one row. */
export function splitRows<Row>(rows: readonly Row[], charsOf: (row: Row) => number, charsTarget: number): readonly (readonly Row[])[] {
  const parts: Row[][] = [];
  let part: Row[] = [];
  let chars = 0;
  for (const row of rows) {
    const more = charsOf(row);
    if (part.length > 0 && chars + more > charsTarget) {
      parts.push(part);
      part = [];
      chars = 0;
    }
    part.push(row);
    chars += more;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** The same for changes of an inbox. */
export function approvalMessages(batch: readonly ApprovalChange[]): readonly (readonly ApprovalChange[])[] {
  return splitRows(batch, approvalChars, eventBatchCharsTarget);
}

/** What is asked may show a call of any size; the rest of an approval is small. */
function approvalChars(change: ApprovalChange): number {
  return change.kind === "asked" ? 1_024 + JSON.stringify(change.approval.details ?? null).length : 64;
}

/** Splits a batch into messages of bounded size. */
export function eventMessages(batch: readonly EventRecord[]): readonly (readonly EventRecord[])[] {
  return splitRows(batch, eventChars, eventBatchCharsTarget);
}
