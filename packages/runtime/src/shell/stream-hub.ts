/**
 * Following streams: each follower reads from its own cursor and sleeps until a commit of its stream.
 * Nothing polls, and a slow follower costs nobody memory: what it has not read is in the journal.
 */
import { type EventRecord, isTerminalEvent, type TenantId } from "@heddle/core";
import type { Journal, Store } from "@heddle/ports";
import { decodeRows } from "./journal-reader.ts";

/** Events read for one batch, at most. */
const batchEvents = 512;

interface FollowOptions {
  readonly store: Store;
  readonly signal?: AbortSignal;
}

export class StreamHub {
  readonly #sleepers = new Map<string, Set<() => void>>();
  readonly #unwatch: () => void;
  /** Reads under way or just done, for followers that stand at the same place at the same time. */
  readonly #shared = new Map<string, Promise<readonly EventRecord[]>>();
  /** Grows with each commit: a read from before one is not shared with who came after it. */
  #commits = 0;
  #closed = false;

  constructor(journal: Journal) {
    this.#unwatch = journal.watch((notices) => {
      this.#commits++;
      if (this.#sleepers.size === 0) return;
      for (const notice of notices) this.#wake(notice.stream);
    });
  }

  #wake(stream: string): void {
    const sleepers = this.#sleepers.get(stream);
    if (sleepers === undefined) return;
    this.#sleepers.delete(stream);
    for (const wake of sleepers) wake();
  }

  /** Events after `after`, then live; ends after a terminal event that nothing follows, on abort and on close. */
  async *follow(stream: string, tenant: TenantId, after: number, options: FollowOptions): AsyncGenerator<readonly EventRecord[]> {
    const { store, signal } = options;
    let cursor = after;
    while (!this.#closed && signal?.aborted !== true) {
      const woken = this.#sleep(stream, signal);
      const records = await this.#read(store, stream, tenant, cursor);
      if (records.length === 0) {
        // A follower that comes back after the last event of an ended stream has nothing to wait for.
        if (await hasEnded(store, stream, tenant)) return woken.cancel();
        await woken.promise;
        continue;
      }
      woken.cancel();
      const last = records[records.length - 1] as EventRecord;
      cursor = last.seq;
      const ended = isTerminalEvent(last.event.kind) && (await store.journal.read(stream, tenant, cursor, 1)).length === 0;
      yield records;
      if (ended) return;
    }
  }

  /** The events after a cursor. Many followers of one stream are read for, and decoded for, once. */
  #read(store: Store, stream: string, tenant: TenantId, cursor: number): Promise<readonly EventRecord[]> {
    const key = `${tenant} ${stream} ${cursor} ${this.#commits}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const fresh = store.journal.read(stream, tenant, cursor, batchEvents).then((rows) => decodeRows(store, tenant, rows));
    this.#shared.set(key, fresh);
    const forget = (): void => {
      setImmediate(() => this.#shared.delete(key));
    };
    fresh.then(forget, forget);
    return fresh;
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    for (const stream of [...this.#sleepers.keys()]) this.#wake(stream);
  }

  /** Resolves at the next commit of the stream, on abort and on close. */
  #sleep(stream: string, signal: AbortSignal | undefined): { readonly promise: Promise<void>; cancel(): void } {
    let wake: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const sleepers = this.#sleepers.get(stream) ?? new Set();
    this.#sleepers.set(stream, sleepers.add(wake));
    signal?.addEventListener("abort", wake, { once: true });
    const cancel = (): void => {
      signal?.removeEventListener("abort", wake);
      sleepers.delete(wake);
      if (sleepers.size === 0 && this.#sleepers.get(stream) === sleepers) this.#sleepers.delete(stream);
    };
    return { promise: promise.finally(cancel), cancel };
  }
}

async function hasEnded(store: Store, stream: string, tenant: TenantId): Promise<boolean> {
  const row = await store.journal.get(stream, tenant);
  return row === undefined || row.status !== "open";
}
