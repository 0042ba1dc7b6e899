/**
 * Events as server-sent events: `id` is the seq, `event` the kind, `data` the record as JSON. The text of
 * an event is made once, and shared by all who follow its run.
 */
import { type EventRecord, HeddleError } from "@heddle/core";
import { EventBatch } from "../answers.ts";
import { recordText } from "../events.ts";
import { guarded, parsed } from "../method.ts";

/** A comment: it says that the stream lives, and that nothing happened. */
export const sseHeartbeat = ":\n\n";

/** How often an open stream says that it lives. */
export const sseHeartbeatMs = 15_000;

/** A batch as text. */
export function encodeSse(batch: readonly EventRecord[]): string {
  let text = "";
  for (const record of batch) text += `id: ${record.seq}\nevent: ${record.event.kind}\ndata: ${recordText(record)}\n\n`;
  return text;
}

/** Takes a stream of events apart, in whatever pieces it comes. */
export class SseReader {
  /** The beginning of a message whose end has not come yet. */
  #open: string[] = [];

  /**
   * The events that are complete with this piece; none for a heartbeat.
   *
   * @throws HeddleError `internal` where the stream does not fit the contract.
   */
  push(piece: string): readonly EventRecord[] {
    this.#open.push(piece);
    // JSON text has no line breaks, so only a piece with one can complete a message: a large event costs what it has.
    if (!piece.includes("\n")) return [];
    const text = this.#open.join("").replaceAll("\r", "");
    const end = text.lastIndexOf("\n\n");
    if (end === -1) {
      this.#open = [text];
      return [];
    }
    this.#open = text.length === end + 2 ? [] : [text.slice(end + 2)];
    return guarded("internal", "the answer", () => eventsOf(text.slice(0, end)));
  }
}

function eventsOf(text: string): readonly EventRecord[] {
  const given: unknown[] = [];
  const ids: string[] = [];
  for (const message of text.split("\n\n")) {
    const data: string[] = [];
    let id = "";
    for (const line of message.split("\n")) {
      if (line.startsWith("data:")) data.push(field(line, 5));
      else if (line.startsWith("id:")) id = field(line, 3);
    }
    if (data.length === 0) continue;
    given.push(JSON.parse(data.join("\n")));
    ids.push(id);
  }
  const events = parsed(EventBatch, given, "internal", "the answer");
  const odd = events.findIndex((record, i) => String(record.seq) !== ids[i]);
  if (odd === -1) return events;
  throw new HeddleError("internal", `the daemon sent event ${events[odd]?.seq} under the id ${ids[odd]}`);
}

function field(line: string, start: number): string {
  return line.slice(line[start] === " " ? start + 1 : start);
}
