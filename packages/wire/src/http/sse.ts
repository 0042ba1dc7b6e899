/**
 * Streams as server-sent events: `event` is the kind of an item, `data` the item as JSON, `id` what a stream of
 * its form resumes behind. The text of a run's event is made once, and shared by all who follow its run.
 */
import { ApprovalChange, EventRecord, HeddleError, isTerminalEvent } from "@heddle/core";
import type * as z from "zod";
import { ApprovalChanges, EventBatch } from "../answers.ts";
import { approvalMessages, eventMessages, recordText } from "../events.ts";
import { guarded, parsed } from "../method.ts";
import type { HttpStreamInfo } from "./method.ts";

/** A comment: it says that the stream lives, and that nothing happened. */
export const sseHeartbeat = ":\n\n";

/** How often an open stream says that it lives. */
export const sseHeartbeatMs = 15_000;

/** How items of one kind travel. */
export interface SseForm<Item> extends HttpStreamInfo {
  readonly batch: z.ZodType<readonly Item[]>;
  /** Absent: the item has none. */
  idOf(item: Item): string | undefined;
  kindOf(item: Item): string;
  textOf(item: Item): string;
  /** Parts of bounded size. */
  split(batch: readonly Item[]): readonly (readonly Item[])[];
  /** Whether nothing comes behind it. */
  isLast(item: Item): boolean;
}

/** Events of a run; `id` is the seq. */
export const runSse: SseForm<EventRecord> = {
  item: EventRecord,
  id: "the seq",
  resumes: true,
  batch: EventBatch,
  idOf: ({ seq }) => String(seq),
  kindOf: ({ event }) => event.kind,
  textOf: recordText,
  split: eventMessages,
  isLast: ({ event }) => isTerminalEvent(event.kind),
};

/** Changes of an inbox; `id` is the approval. Whoever comes back is told everything that is open, and forgets the rest at `current`. */
export const approvalSse: SseForm<ApprovalChange> = {
  item: ApprovalChange,
  id: "the approval",
  resumes: false,
  batch: ApprovalChanges,
  idOf: approvalIdOf,
  kindOf: ({ kind }) => kind,
  textOf: (change) => JSON.stringify(change),
  split: approvalMessages,
  isLast: () => false,
};

function approvalIdOf(change: ApprovalChange): string | undefined {
  if (change.kind === "current") return undefined;
  return change.kind === "asked" ? change.approval.id : change.id;
}

/** A batch as text. */
export function encodeSse<Item>(form: SseForm<Item>, batch: readonly Item[]): string {
  let text = "";
  for (const item of batch) {
    const id = form.idOf(item);
    text += `${id === undefined ? "" : `id: ${id}\n`}event: ${form.kindOf(item)}\ndata: ${form.textOf(item)}\n\n`;
  }
  return text;
}

/** Takes a stream apart, in whatever pieces it comes. */
export class SseReader<Item> {
  readonly #form: SseForm<Item>;
  /** The beginning of a message whose end has not come yet. */
  #open: string[] = [];

  constructor(form: SseForm<Item>) {
    this.#form = form;
  }

  /**
   * The items that are complete with this piece; none for a heartbeat.
   *
   * @throws HeddleError `internal` where the stream does not fit the contract.
   */
  push(piece: string): readonly Item[] {
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
    return guarded("internal", "the answer", () => itemsOf(this.#form, text.slice(0, end)));
  }
}

function itemsOf<Item>(form: SseForm<Item>, text: string): readonly Item[] {
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
  const items = parsed(form.batch, given, "internal", "the answer");
  items.forEach((item, i) => {
    const wanted = form.idOf(item) ?? "";
    if (wanted !== ids[i]) throw new HeddleError("internal", `the daemon sent event ${wanted} under the id ${ids[i]}`);
  });
  return items;
}

function field(line: string, start: number): string {
  return line.slice(line[start] === " " ? start + 1 : start);
}
