/** Lists that are cut where one answer ends, and answers that hold nothing. */
import type { EventRecord, LogRecord } from "@heddle/core";
import { Nothing, type PartOf } from "./answers.ts";
import { eventChars, splitRows } from "./events.ts";

/** A list of events or logs is cut at about this many characters. */
const listCharsTarget = 8 * 1024 * 1024;

/** As many events as fit into one answer; at least one, where there is one. */
export function cutEvents(part: PartOf<EventRecord>): PartOf<EventRecord> {
  return cut(part, eventChars);
}

/** As many log records as fit into one answer. */
export function cutLogs(part: PartOf<LogRecord>): PartOf<LogRecord> {
  return cut(part, (record) => record.text.length + 256);
}

function cut<Row>(part: PartOf<Row>, charsOf: (row: Row) => number): PartOf<Row> {
  const parts = splitRows(part.rows, charsOf, listCharsTarget);
  return { rows: parts[0] ?? [], truncated: part.truncated || parts.length > 1 };
}

/** The messages of methods that give nothing back. */
export const emptyAnswer = {
  response: Nothing,
  toResponse: (): undefined => undefined,
  fromResponse: (): Record<never, never> => ({}),
};
