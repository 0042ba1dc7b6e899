/**
 * The one writer. Everything that asks to write while the event loop turns becomes one transaction,
 * bounded in rows and bytes; each promise settles after the COMMIT that carries it. Works take effect
 * in the order in which they were asked for.
 *
 * It knows three endings of a transaction: committed; undone because there was no room or another
 * process held the lock (the works are refused, the store goes on); and everything else, where the
 * answer is unknown: the store ends, and nothing is tried again.
 */
import type { AppendOutcome, CommitNotice, StreamAppend } from "@heddle/ports";
import type { AppendItems } from "./append.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Counters } from "./counters.ts";
import type { SqliteConnection } from "./driver.ts";
import type { Heads } from "./heads.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Rides } from "./rides.ts";
import { contended, faultOf, storageFull } from "./sqlite-errors.ts";
import { createTransaction } from "./transaction.ts";

export interface WriterBounds {
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
}

export interface WriterParts {
  readonly connection: SqliteConnection;
  readonly lifetime: Lifetime;
  readonly heads: Heads;
  readonly counters: Counters;
  readonly rides: Rides;
  readonly checkpoint: Checkpoint;
  readonly append: AppendItems;
  readonly notify: (notices: readonly CommitNotice[]) => void;
  readonly watched: () => boolean;
  readonly commitProbe?: ((phase: "begin" | "end") => void) | undefined;
}

export interface Writer {
  append(items: readonly StreamAppend[]): Promise<AppendOutcome>;
  /** Runs statements in the next transaction; resolves with their answer once it is durable. */
  act<T>(statements: () => T): Promise<T>;
  /** Sees to it that what rides is committed before long, where there is much of it. */
  considerRides(): void;
  /** Commits what is pending, now. */
  drain(): void;
}

interface Work {
  /** An append; otherwise `act` says what to do. */
  readonly items: readonly StreamAppend[] | undefined;
  readonly act: (() => unknown) | undefined;
  readonly rows: number;
  readonly bytes: number;
  readonly settle: (outcome: never) => void;
  readonly refuse: (error: unknown) => void;
  outcome: unknown;
}

export function createWriter(parts: WriterParts, bounds: WriterBounds): Writer {
  const { connection, lifetime, heads, counters, rides, checkpoint, append } = parts;
  const transaction = createTransaction(connection, parts.commitProbe);
  const dataVersion = connection.prepare("PRAGMA data_version");
  let queue: Work[] = [];
  let scheduled = false;
  let versionSeen: unknown;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      turn();
    });
  }

  /** One batch; then a checkpoint or the next batch, each in a turn of its own so that IO gets between. */
  function turn(): void {
    if (queue.length > 0 || rides.waiting) commitBatch();
    if (lifetime.failure !== undefined || lifetime.closed) return;
    if (checkpoint.due) setImmediate(runCheckpoint);
    if (queue.length > 0) schedule();
  }

  function runCheckpoint(): void {
    if (lifetime.failure !== undefined || lifetime.closed) return;
    try {
      checkpoint.run();
    } catch (error) {
      // Without room the log just stays; what it holds is durable already.
      if (!["full", "busy"].includes(faultOf(error))) lifetime.fail(error);
    }
  }

  function takeBatch(): Work[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const work of queue) {
      rows += work.rows;
      bytes += work.bytes;
      if (count > 0 && (rows > bounds.batchRowsMax || bytes > bounds.batchBytesMax)) break;
      count++;
    }
    const batch = count === queue.length ? queue : queue.slice(0, count);
    queue = count === queue.length ? [] : queue.slice(count);
    return batch;
  }

  function commitBatch(): void {
    const batch = takeBatch();
    const notices: CommitNotice[] | undefined = parts.watched() ? [] : undefined;
    const error = lifetime.failure ?? writeBatch(batch, notices);
    if (error !== undefined) {
      for (const work of batch) work.refuse(error);
      if (lifetime.failure !== undefined) refuseQueue(lifetime.failure);
      return;
    }
    for (const work of batch) work.settle(work.outcome as never);
    if (notices !== undefined && notices.length > 0) parts.notify(notices);
    heads.trim();
  }

  function writeBatch(batch: readonly Work[], notices: CommitNotice[] | undefined): unknown {
    try {
      transaction.begin();
    } catch (error) {
      return faultOf(error) === "busy" ? contended(error) : undo(error);
    }
    try {
      refresh();
      let bytes = 0;
      let rows = 0;
      for (const work of batch) {
        if (work.items !== undefined) work.outcome = append(work.items, notices);
        else work.outcome = work.act?.();
        bytes += work.bytes;
        rows += work.rows;
      }
      if (rides.waiting) rows += rides.write();
      transaction.commit();
      rides.clear();
      checkpoint.wrote(rows, bytes);
      return undefined;
    } catch (error) {
      return undo(error);
    }
  }

  /** What is held in memory is of the last commit of this connection, unless another one wrote since. */
  function refresh(): void {
    const version = dataVersion.get()?.["data_version"];
    if (version === versionSeen) return;
    heads.clear();
    counters.reload();
    versionSeen = version;
  }

  function undo(cause: unknown): unknown {
    rides.clear();
    // The next batch reads everything anew.
    versionSeen = undefined;
    try {
      transaction.rollback();
    } catch (error) {
      return lifetime.fail(error);
    }
    return faultOf(cause) === "full" ? storageFull(cause) : lifetime.fail(cause);
  }

  function refuseQueue(error: unknown): void {
    const refused = queue;
    queue = [];
    for (const work of refused) work.refuse(error);
  }

  function enqueue<T>(items: readonly StreamAppend[] | undefined, act: (() => T) | undefined): Promise<T> {
    return new Promise<T>((settle, refuse) => {
      lifetime.assertUsable();
      const { rows, bytes } = items === undefined ? oneRow : sizeOf(items);
      queue.push({ items, act, rows, bytes, settle, refuse, outcome: undefined });
      schedule();
    });
  }

  return {
    append: (items) => enqueue<AppendOutcome>(items, undefined),
    act: (statements) => enqueue(undefined, statements),
    considerRides() {
      if (rides.heavy) schedule();
    },
    drain() {
      if (queue.length === 0 && !rides.waiting) return;
      do commitBatch();
      while (queue.length > 0);
    },
  };
}

const oneRow = { rows: 1, bytes: 0 };

function sizeOf(items: readonly StreamAppend[]): { readonly rows: number; readonly bytes: number } {
  let rows = 0;
  let bytes = 0;
  for (const { events, blobs, summary } of items) {
    rows += events.length + (summary === undefined ? 0 : 1);
    for (const { text } of events) bytes += text.length;
    if (blobs !== undefined) for (const blob of blobs) bytes += blob.bytes.byteLength;
  }
  return { rows, bytes };
}
