/**
 * One append inside an open transaction, in two passes. The first looks at the heads alone and moves
 * them; where it refuses, it moves them back and nothing has touched the database. Only the second
 * writes, so that an append that loses leaves its neighbours of the batch as they were.
 */
import type { AppendOutcome, BlobWrite, CommitNotice, StreamAppend } from "@heddle/ports";
import type { Counters } from "./counters.ts";
import type { SqliteConnection } from "./driver.ts";
import type { Head, Heads } from "./heads.ts";

const appended: AppendOutcome = { kind: "appended" };

interface Moved {
  readonly head: Head;
  readonly tenant: string;
  readonly seq: number;
  readonly epoch: number;
}

/** Appends items, or nothing. What becomes visible is added to `notices`, where given. */
export type AppendItems = (items: readonly StreamAppend[], notices: CommitNotice[] | undefined) => AppendOutcome;

export function createAppend(connection: SqliteConnection, heads: Heads, counters: Counters): AppendItems {
  const insertStream = connection.prepare(
    "INSERT INTO streams (no, id, tenant, epoch, kind, status, name, created_at, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const updateSummary = connection.prepare(
    "UPDATE streams SET epoch = ?, kind = ?, status = ?, name = ?, created_at = ?, data = ? WHERE no = ?",
  );
  // Setting a column rewrites every index that holds it, changed or not: the usual change of a row names two columns alone.
  const updateStatus = connection.prepare("UPDATE streams SET status = ?, data = ? WHERE no = ?");
  const updateEpoch = connection.prepare("UPDATE streams SET epoch = ? WHERE no = ?");
  const insertEvent = connection.prepare("INSERT INTO events (n, stream, seq, at, data) VALUES (?, ?, ?, ?, ?)");
  const selectBlob = connection.prepare("SELECT no FROM blobs WHERE hash = ?");
  const insertBlob = connection.prepare("INSERT INTO blobs (hash, bytes) VALUES (?, ?)");
  const insertRef = connection.prepare("INSERT OR IGNORE INTO blob_refs (blob, stream) VALUES (?, ?)");

  function writeStream({ stream, tenant, epoch, summary }: StreamAppend, head: Head): void {
    if (head.no === 0) {
      head.no = ++counters.stream;
      const { kind = null, status = null, name = null, createdAtMs = null, data = null } = summary ?? {};
      insertStream.run(head.no, stream, tenant, epoch, kind, status, name, createdAtMs, data);
    } else if (summary !== undefined) {
      const { kind, status, name, createdAtMs, data } = summary;
      const { listed } = head;
      const same = listed?.kind === kind && listed.name === name && listed.createdAtMs === createdAtMs && epoch === head.storedEpoch;
      if (same) updateStatus.run(status, data, head.no);
      else updateSummary.run(epoch, kind, status, name, createdAtMs, data, head.no);
    } else if (epoch !== head.storedEpoch) {
      updateEpoch.run(epoch, head.no);
    }
    head.storedEpoch = epoch;
    if (summary !== undefined) head.listed = summary;
  }

  function writeBlob({ hash, bytes }: BlobWrite, stream: number): void {
    let row = selectBlob.get(hash);
    if (row === undefined) {
      insertBlob.run(hash, bytes);
      row = selectBlob.get(hash);
    }
    insertRef.run(Number(row?.["no"]), stream);
  }

  function write(item: StreamAppend, head: Head): void {
    if (head.no === 0 || item.summary !== undefined || item.epoch !== head.storedEpoch) writeStream(item, head);
    if (item.blobs !== undefined) for (const blob of item.blobs) writeBlob(blob, head.no);
    let seq = item.expectedSeq;
    for (const { atMs, text } of item.events) insertEvent.run(++counters.position, head.no, ++seq, atMs, text);
  }

  return (items, notices) => {
    const moved: Moved[] | undefined = items.length > 1 ? [] : undefined;
    for (const item of items) {
      const head = heads.get(item.stream);
      const refusal = refusalOf(item, head);
      if (refusal !== undefined) {
        if (moved !== undefined) moveBack(moved);
        return refusal;
      }
      moved?.push({ head, tenant: head.tenant, seq: head.seq, epoch: head.epoch });
      head.tenant = item.tenant;
      head.epoch = item.epoch;
      head.seq += item.events.length;
    }
    for (const item of items) {
      write(item, heads.get(item.stream));
      if (notices === undefined || item.events.length === 0) continue;
      const { stream, tenant, expectedSeq, events } = item;
      notices.push({ stream, tenant, seq: expectedSeq + events.length, position: counters.position });
    }
    return appended;
  };
}

function refusalOf({ stream, tenant, epoch, expectedSeq }: StreamAppend, head: Head): AppendOutcome | undefined {
  // Of a stream of somebody else not even the seq is told.
  if (head.tenant !== tenant && head.tenant !== "") return { kind: "conflict", stream, seq: 0 };
  if (epoch < head.epoch) return { kind: "fenced", stream, epoch: head.epoch };
  if (expectedSeq !== head.seq) return { kind: "conflict", stream, seq: head.seq };
  return undefined;
}

function moveBack(moved: Moved[]): void {
  for (const { head, tenant, seq, epoch } of moved.reverse()) Object.assign(head, { tenant, seq, epoch });
}
