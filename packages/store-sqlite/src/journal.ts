/** The journal over the writer and over plain reads, which see commits only. */
import type { CommitNotice, Journal, StoredEvent } from "@heddle/ports";
import type { Counters } from "./counters.ts";
import type { SqliteConnection, SqliteRow } from "./driver.ts";
import type { Heads } from "./heads.ts";
import type { Lifetime } from "./lifetime.ts";
import { createListing } from "./listing.ts";
import { createRemoval } from "./removal.ts";
import type { Rides } from "./rides.ts";
import type { Writer } from "./writer.ts";

export interface JournalParts {
  readonly connection: SqliteConnection;
  readonly lifetime: Lifetime;
  readonly heads: Heads;
  readonly counters: Counters;
  readonly rides: Rides;
  readonly writer: Writer;
  readonly watchers: Set<(notices: readonly CommitNotice[]) => void>;
}

export function createJournal({ connection, lifetime, heads, counters, rides, writer, watchers }: JournalParts): Journal {
  const listing = createListing(connection);
  const remove = createRemoval(connection, heads, counters, rides);
  const selectEvents = connection.prepare(
    `SELECT n, seq, at, data FROM events
     WHERE stream = (SELECT no FROM streams WHERE id = ? AND tenant = ?) AND seq > ? ORDER BY seq LIMIT ?`,
  );
  const selectAll = connection.prepare(
    `SELECT n, seq, at, events.data AS data, id, tenant FROM events CROSS JOIN streams ON no = stream
     WHERE n > ? ORDER BY n LIMIT ?`,
  );
  const selectOfTenant = connection.prepare(
    `SELECT n, seq, at, events.data AS data, id, tenant FROM events CROSS JOIN streams ON no = stream
     WHERE n > ? AND tenant = ? ORDER BY n LIMIT ?`,
  );
  const raise = connection.prepare("UPDATE streams SET epoch = ? WHERE no = ?");
  const bumpEpoch = connection.prepare("UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value");
  const selectFold = connection.prepare("SELECT seq, format, text FROM folds WHERE stream = (SELECT no FROM streams WHERE id = ?)");

  return {
    append: (items) => writer.append(items),
    read: (stream, tenant, after, limit) => lifetime.read(() => selectEvents.all(stream, tenant, after, limit).map(storedOf)),
    get: (stream, tenant) => lifetime.read(() => listing.get(stream, tenant)),
    list: (query) => lifetime.read(() => listing.list(query)),
    listOpen: (kind) => lifetime.read(() => listing.listOpen(kind)),
    readAll: (tenant, after, limit) =>
      lifetime.read(() => {
        const rows = tenant === undefined ? selectAll.all(after, limit) : selectOfTenant.all(after, tenant, limit);
        return rows.map((row) => ({ ...storedOf(row), stream: String(row["id"]), tenant: String(row["tenant"]) }));
      }),
    claim: (streams, epoch) =>
      writer.act(() => {
        for (const stream of streams) {
          const head = heads.get(stream);
          if (head.no === 0 || head.epoch >= epoch) continue;
          raise.run(epoch, head.no);
          head.epoch = epoch;
          head.storedEpoch = epoch;
        }
      }),
    nextEpoch: () => writer.act(() => Number(bumpEpoch.get()?.["value"])),
    watch(listener) {
      const own = (notices: readonly CommitNotice[]) => listener(notices);
      watchers.add(own);
      return () => void watchers.delete(own);
    },
    delete: (stream, tenant) => writer.act(() => remove(stream, tenant)),
    saveFold(stream, fold) {
      if (lifetime.closed || lifetime.failure !== undefined) return;
      rides.addFold(stream, fold);
      writer.considerRides();
    },
    loadFold: (stream) =>
      lifetime.read(() => {
        const row = selectFold.get(stream);
        if (row === undefined) return rides.foldOf(stream);
        const stored = { seq: Number(row["seq"]), format: String(row["format"]), text: String(row["text"]) };
        return rides.foldOf(stream) ?? stored;
      }),
  };
}

function storedOf(row: SqliteRow): StoredEvent {
  return { seq: Number(row["seq"]), position: Number(row["n"]), atMs: Number(row["at"]), text: String(row["data"]) };
}
