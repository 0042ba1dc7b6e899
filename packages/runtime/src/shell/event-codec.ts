/**
 * Events to text and back, as docs/journal-format.md describes. A value over the inline limit is
 * taken out, named by hash under `refs`, and written as a blob in the same commit.
 */

import { createHash } from "node:crypto";
import {
  type ContentHash,
  eventVersion,
  HeddleError,
  inlineBytesMax,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type RunEvent,
} from "@heddle/core";
import type { BlobWrite, EncodedEvent } from "@heddle/ports";

export interface EncodedBatch {
  readonly events: readonly EncodedEvent[];
  readonly blobs: readonly BlobWrite[] | undefined;
}

export function encodeEvents(events: readonly RunEvent[], atMs: readonly number[]): EncodedBatch {
  const encoded: EncodedEvent[] = new Array(events.length);
  let blobs: BlobWrite[] | undefined;
  for (let i = 0; i < events.length; i++) {
    let text = JSON.stringify(events[i]);
    if (text.length > inlineBytesMax) {
      blobs ??= [];
      text = JSON.stringify(withoutLargeValues(events[i] as unknown as JsonObject, blobs));
    }
    encoded[i] = { atMs: atMs[i] as number, text };
  }
  return { events: encoded, blobs };
}

/** Members that hold values of the workflow; everything else in an event is small by construction. */
const valueKeys: ReadonlySet<string> = new Set([
  "input",
  "result",
  "value",
  "output",
  "state",
  "details",
  "message",
  "body",
  "bodyBase64",
  "payload",
  "nodeState",
]);

function withoutLargeValues(event: JsonObject, blobs: BlobWrite[]): JsonObject {
  const refs: Record<string, JsonValue> = {};
  const trimmed = trim(event, "", refs, blobs) as JsonObject;
  return Object.keys(refs).length === 0 ? trimmed : { ...trimmed, refs };
}

function trim(value: JsonValue, path: string, refs: Record<string, JsonValue>, blobs: BlobWrite[]): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue, index) => trim(item, `${path}/${index}`, refs, blobs));
  if (!isJsonObject(value)) return value;
  const kept: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(value)) {
    const at = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!valueKeys.has(key)) {
      kept[key] = trim(member, at, refs, blobs);
      continue;
    }
    const text = JSON.stringify(member);
    if (text.length <= inlineBytesMax) {
      kept[key] = member;
      continue;
    }
    const bytes = new TextEncoder().encode(text);
    const hash: ContentHash = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    blobs.push({ hash, bytes });
    refs[at] = { hash, bytes: bytes.length };
  }
  return kept;
}

/** The blobs that an encoded event names. */
export interface ValueRef {
  /** RFC 6901 pointer of the member that was taken out. */
  readonly pointer: string;
  readonly hash: ContentHash;
}

export interface DecodedEvent {
  readonly event: RunEvent;
  readonly refs: readonly ValueRef[];
}

/**
 * Parses stored text. Values that were taken out are still missing: `refs` names them.
 *
 * @throws HeddleError `journal-corrupt`.
 */
export function decodeEvent(text: string): DecodedEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new HeddleError("journal-corrupt", `an event of version ${eventVersion} does not parse`, { cause });
  }
  if (typeof parsed !== "object" || parsed === null || !("kind" in parsed))
    throw new HeddleError("journal-corrupt", "a stored event has no kind");
  if (!("refs" in parsed)) return { event: parsed as RunEvent, refs: [] };
  const { refs, ...event } = parsed as { refs: Record<string, { hash: ContentHash }> };
  return { event: event as unknown as RunEvent, refs: Object.entries(refs).map(([pointer, ref]) => ({ pointer, hash: ref.hash })) };
}

/** Puts a value back where its pointer says. The event is ours alone: it was just parsed. */
export function putBack(event: RunEvent, pointer: string, value: JsonValue): void {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop();
  let at: unknown = event;
  for (const step of steps) at = (at as Record<string, unknown>)[step];
  if (last !== undefined && typeof at === "object" && at !== null) (at as Record<string, unknown>)[last] = value;
}
