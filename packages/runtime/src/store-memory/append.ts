/** An append on a memory disk: look at everything first, then write everything. Synchronous, hence atomic. */
import type { AppendOutcome, CommitNotice, StreamAppend, StreamId } from "@heddle/ports";
import type { MemoryDisk, MemoryEvent, MemoryStream } from "./disk.ts";

const appended: AppendOutcome = { kind: "appended" };

/** Writes all items or none. Adds what became visible to `notices`. */
export function appendItems(disk: MemoryDisk, items: readonly StreamAppend[], notices: CommitNotice[]): AppendOutcome {
  const refusal = refusalOf(disk, items);
  if (refusal !== undefined) return refusal;
  for (const item of items) writeItem(disk, item, notices);
  return appended;
}

function refusalOf(disk: MemoryDisk, items: readonly StreamAppend[]): AppendOutcome | undefined {
  // What earlier items of this append will have made of their streams.
  const ahead = new Map<StreamId, { readonly tenant: string; readonly seq: number; readonly epoch: number }>();
  for (const { stream, tenant, expectedSeq, epoch, events } of items) {
    const kept = disk.streams.get(stream);
    const now = ahead.get(stream) ?? (kept && { tenant: kept.tenant, seq: kept.events.length, epoch: kept.epoch });
    if (now !== undefined && now.tenant !== tenant) return { kind: "conflict", stream, seq: 0 };
    if (now !== undefined && now.epoch > epoch) return { kind: "fenced", stream, epoch: now.epoch };
    const seq = now?.seq ?? 0;
    if (seq !== expectedSeq) return { kind: "conflict", stream, seq };
    ahead.set(stream, { tenant, seq: seq + events.length, epoch });
  }
  return undefined;
}

function writeItem(disk: MemoryDisk, item: StreamAppend, notices: CommitNotice[]): void {
  const stream = disk.streams.get(item.stream) ?? begin(disk, item);
  stream.epoch = item.epoch;
  if (item.summary !== undefined) stream.summary = { ...item.summary };
  for (const { hash, bytes } of item.blobs ?? []) {
    if (!disk.blobs.has(hash)) disk.blobs.set(hash, bytes.slice());
    stream.blobs.add(hash);
  }
  for (const { atMs, text } of item.events) {
    const event: MemoryEvent = {
      stream: item.stream,
      tenant: item.tenant,
      seq: stream.events.length + 1,
      position: ++disk.position,
      atMs,
      text,
    };
    stream.events.push(event);
    disk.events.push(event);
  }
  if (item.events.length > 0) {
    const { stream: id, tenant } = item;
    notices.push({ stream: id, tenant, seq: stream.events.length, position: disk.position });
  }
}

function begin(disk: MemoryDisk, item: StreamAppend): MemoryStream {
  const stream: MemoryStream = {
    tenant: item.tenant,
    order: ++disk.order,
    epoch: item.epoch,
    events: [],
    blobs: new Set(),
    logs: [],
  };
  disk.streams.set(item.stream, stream);
  return stream;
}
