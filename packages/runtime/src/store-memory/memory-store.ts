/**
 * The reference implementation of the store port: small and obviously right. It holds events as
 * text, as every store does. Each call takes effect as one step, in call order, a microtask later;
 * what a resolved promise told is on the disk. Nothing outlives the process.
 */
import { HeddleError, type LogRecord, logRecordsMax } from "@heddle/core";
import type { CommitNotice, Position, Store, StoredEvent, TailedEvent } from "@heddle/ports";
import { appendItems } from "./append.ts";
import { createMemoryDisk, type MemoryDisk, type MemoryEvent } from "./disk.ts";
import { listOpenRows, listRows, rowOf } from "./listing.ts";

type Listener = (notices: readonly CommitNotice[]) => void;

/**
 * Opens a store on a disk (a new one, unless one is given). Several stores may share a disk; each
 * tells its listeners of its own commits. It never fails, so `failed` never settles.
 */
export function createMemoryStore(disk: MemoryDisk = createMemoryDisk()): Store {
  const listeners = new Set<Listener>();
  let closed = false;

  async function turn<T>(act: () => T): Promise<T> {
    if (closed) throw new HeddleError("shutting-down", "the store is closed");
    await undefined;
    return act();
  }

  const later = (act: () => void) => {
    if (!closed) queueMicrotask(act);
  };

  const owned = (id: string, tenant: string) => {
    const stream = disk.streams.get(id);
    return stream?.tenant === tenant ? stream : undefined;
  };

  const tell = (notices: readonly CommitNotice[]) => {
    if (notices.length > 0) for (const listener of [...listeners]) listener(notices);
  };

  return {
    journal: {
      append: (items) =>
        turn(() => {
          const notices: CommitNotice[] = [];
          const outcome = appendItems(disk, items, notices);
          tell(notices);
          return outcome;
        }),
      read: (id, tenant, after, limit) => turn(() => (owned(id, tenant)?.events ?? []).slice(after, after + limit).map(storedOf)),
      get: (id, tenant) =>
        turn(() => {
          const stream = owned(id, tenant);
          return stream && rowOf(id, stream);
        }),
      list: (query) => turn(() => listRows(disk, query)),
      listOpen: (kind) => turn(() => listOpenRows(disk, kind)),
      readAll: (tenant, after, limit) => turn(() => tail(disk, tenant, after, limit)),
      claim: (ids, epoch) =>
        turn(() => {
          for (const id of ids) {
            const stream = disk.streams.get(id);
            if (stream !== undefined) stream.epoch = Math.max(stream.epoch, epoch);
          }
        }),
      nextEpoch: () => turn(() => ++disk.epoch),
      watch: (listener) => {
        const own: Listener = (notices) => listener(notices);
        listeners.add(own);
        return () => void listeners.delete(own);
      },
      delete: (id, tenant) =>
        turn(() => {
          if (owned(id, tenant) === undefined) return false;
          disk.events = disk.events.filter((event) => event.stream !== id);
          return disk.streams.delete(id);
        }),
      saveFold: (id, fold) => {
        later(() => {
          const stream = disk.streams.get(id);
          if (stream !== undefined) stream.fold = { ...fold };
        });
      },
      loadFold: (id) => turn(() => disk.streams.get(id)?.fold),
    },
    blobs: {
      get: (hash, tenant) =>
        turn(() => {
          for (const stream of disk.streams.values()) {
            if (stream.tenant === tenant && stream.blobs.has(hash)) return disk.blobs.get(hash)?.slice();
          }
          return undefined;
        }),
      collect: () =>
        turn(() => {
          const named = new Set([...disk.streams.values()].flatMap((stream) => [...stream.blobs]));
          const orphans = [...disk.blobs.keys()].filter((hash) => !named.has(hash));
          for (const hash of orphans) disk.blobs.delete(hash);
          return orphans.length;
        }),
    },
    logs: {
      append: (id, tenant, records) =>
        later(() => {
          const logs = owned(id, tenant)?.logs;
          if (logs !== undefined) addLogs(logs, records);
        }),
      read: (id, tenant, after, limit) => turn(() => (owned(id, tenant)?.logs ?? []).slice(after, after + limit)),
      flush: () => turn(() => undefined),
    },
    info: () => ({ kind: "memory", settings: { durability: "none: it ends with the process" } }),
    failed: new Promise(() => {}),
    close: async () => {
      closed = true;
      await undefined;
    },
  };
}

/** Keeps {@link logRecordsMax} records, then one that says that the others were dropped. */
function addLogs(logs: LogRecord[], records: readonly Omit<LogRecord, "n">[]): void {
  for (const record of records) {
    const n = logs.length + 1;
    if (n > logRecordsMax + 1) return;
    const text = `${logRecordsMax} log records are kept; what follows is dropped`;
    const { atMs } = record;
    logs.push(n <= logRecordsMax ? { ...record, n } : { n, atMs, level: "warn", source: "runtime", text });
  }
}

function storedOf({ seq, position, atMs, text }: MemoryEvent): StoredEvent {
  return { seq, position, atMs, text };
}

/** The events after a position: found by halving, since the disk holds them by position. */
function tail(disk: MemoryDisk, tenant: string | undefined, after: Position, limit: number) {
  let low = 0;
  let high = disk.events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((disk.events[middle]?.position ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  const found: TailedEvent[] = [];
  for (let i = low; i < disk.events.length && found.length < limit; i++) {
    const event = disk.events[i];
    if (event === undefined || (tenant !== undefined && event.tenant !== tenant)) continue;
    found.push({ ...storedOf(event), stream: event.stream, tenant: event.tenant });
  }
  return found;
}
