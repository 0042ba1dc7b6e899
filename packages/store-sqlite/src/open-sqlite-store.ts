/**
 * Opens a store on one SQLite file: connection, settings, schema, then the parts over them. Durable
 * means synced: a promise of the store resolves after the COMMIT whose log was synced, or rejects.
 */
import { HeddleError } from "@heddle/core";
import type { CommitNotice, Store } from "@heddle/ports";
import { createAppend } from "./append.ts";
import { createBlobs } from "./blobs.ts";
import { createCheckpoint } from "./checkpoint.ts";
import { createCounters } from "./counters.ts";
import { nodeSqliteDriver, type SqliteConnection, type SqliteDriver } from "./driver.ts";
import { createHeads } from "./heads.ts";
import { createJournal } from "./journal.ts";
import { createLifetime } from "./lifetime.ts";
import { createLogs } from "./logs.ts";
import { createRides } from "./rides.ts";
import { assertOurs, migrate } from "./schema.ts";
import { applySettings, readSettings } from "./settings.ts";
import { faultOf, notOpened } from "./sqlite-errors.ts";
import { createWriter } from "./writer.ts";

/** How a store is opened. Only `path` is needed. */
export interface SqliteStoreOptions {
  /** The database file. It is made where there is none; its folder is not. */
  readonly path: string;
  /** The most rows that one commit carries, beyond its first append. 1,024 unless set. */
  readonly batchRowsMax?: number;
  /** The most bytes that one commit carries, beyond its first append. 4 MiB unless set. */
  readonly batchBytesMax?: number;
  /** How long a commit waits for another process that holds the file. 5 seconds unless set. */
  readonly busyTimeoutMs?: number;
  /** About how many pages of log are written before they are carried into the database. 4,000 unless set. */
  readonly checkpointPages?: number;
  /** Called right before and right after each COMMIT. For crash tests. */
  readonly commitProbe?: (phase: "begin" | "end") => void;
  /** Another binding than Node's own. For fault tests. */
  readonly driver?: SqliteDriver;
}

/** Connections of stores that failed. Closing one would sync and checkpoint, and so try again what must not be. */
const abandoned = new Set<SqliteConnection>();

/**
 * Opens the store of a file. Several stores, in one or in several processes, may be open on one file;
 * each tells its watchers of its own commits.
 *
 * @throws HeddleError `config-invalid` where the file cannot serve (no folder, no write access, a newer
 * schema, another program's database), `journal-corrupt` where it is damaged, `journal-contended` where
 * another process holds it, `storage-full` and `storage-failed` as the port says.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  let connection: SqliteConnection | undefined;
  try {
    connection = (options.driver ?? nodeSqliteDriver).open(options.path);
    assertOurs(connection, options.path);
    applySettings(connection, options.path, options.busyTimeoutMs ?? 5_000);
    migrate(connection, options.path);
    return createSqliteStore(connection, options);
  } catch (error) {
    closeQuietly(connection);
    throw notOpened(options.path, error);
  }
}

function createSqliteStore(connection: SqliteConnection, options: SqliteStoreOptions): Store {
  const lifetime = createLifetime();
  const heads = createHeads(connection);
  const counters = createCounters(connection);
  const rides = createRides(connection, heads);
  const checkpoint = createCheckpoint(connection, options.checkpointPages ?? 4_000);
  const watchers = new Set<(notices: readonly CommitNotice[]) => void>();
  const writer = createWriter(
    {
      connection,
      lifetime,
      heads,
      counters,
      rides,
      checkpoint,
      append: createAppend(connection, heads, counters),
      notify: (notices) => tell(watchers, notices),
      watched: () => watchers.size > 0,
      commitProbe: options.commitProbe,
    },
    { batchRowsMax: options.batchRowsMax ?? 1_024, batchBytesMax: options.batchBytesMax ?? 4 << 20 },
  );
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    lifetime.close();
    writer.drain();
    if (lifetime.failure === undefined) {
      try {
        checkpoint.truncate();
      } catch (error) {
        // Without room, or beside another process, the log stays and is read when the file is opened again.
        if (!["full", "busy"].includes(faultOf(error))) lifetime.fail(error);
      }
    }
    if (lifetime.failure === undefined) connection.close();
    else abandoned.add(connection);
  }

  return {
    journal: createJournal({ connection, lifetime, heads, counters, rides, writer, watchers }),
    blobs: createBlobs(connection, lifetime, writer),
    logs: createLogs(connection, lifetime, rides, writer),
    info() {
      if (lifetime.closed) throw new HeddleError("shutting-down", "the store is closed");
      return { kind: "sqlite", settings: readSettings(connection) };
    },
    failed: lifetime.failed,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** A listener that throws has a bug, which belongs to the process edge and not to whoever appended. */
function tell(watchers: ReadonlySet<(notices: readonly CommitNotice[]) => void>, notices: readonly CommitNotice[]): void {
  for (const watcher of [...watchers]) {
    try {
      watcher(notices);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function closeQuietly(connection: SqliteConnection | undefined): void {
  try {
    connection?.close();
  } catch {
    // What failed first is what the caller is told.
  }
}
