/**
 * The tables, and how an older file becomes a newer one. `user_version` counts the migrations that a
 * file has seen; all that are missing run in one transaction. A file that is newer than this code, or
 * that belongs to another program, is refused unchanged.
 *
 * Only the right edge of `events` and of its index grows; the row of a stream is written when it
 * begins and when an append carries a summary, never per step.
 */
import { HeddleError } from "@heddle/core";
import type { SqliteConnection } from "./driver.ts";

/** `hdle`: marks the file as ours. */
export const applicationId = 0x68646c65;

const journal = `
  CREATE TABLE streams (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    kind TEXT,
    status TEXT,
    name TEXT,
    created_at INTEGER,
    data TEXT
  );
  CREATE INDEX streams_by_kind ON streams (tenant, kind, created_at) WHERE kind IS NOT NULL;
  CREATE INDEX streams_by_status ON streams (tenant, kind, status, created_at) WHERE kind IS NOT NULL;
  CREATE INDEX streams_by_name ON streams (tenant, kind, name, created_at) WHERE kind IS NOT NULL;
  CREATE INDEX streams_by_name_status ON streams (tenant, kind, name, status, created_at) WHERE kind IS NOT NULL;
  CREATE INDEX streams_open ON streams (kind, created_at) WHERE status = 'open';
  CREATE TABLE events (
    n INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL
  );
  CREATE UNIQUE INDEX events_by_stream ON events (stream, seq);
  CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO meta (key, value) VALUES ('epoch', 0), ('position', 0);
`;

const blobs = `
  CREATE TABLE blobs (no INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL);
  CREATE TABLE blob_refs (blob INTEGER NOT NULL, stream INTEGER NOT NULL, PRIMARY KEY (blob, stream)) WITHOUT ROWID;
  CREATE INDEX blob_refs_by_stream ON blob_refs (stream);
`;

const logsAndFolds = `
  CREATE TABLE logs (
    stream INTEGER NOT NULL,
    n INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (stream, n)
  ) WITHOUT ROWID;
  CREATE TABLE folds (stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL, format TEXT NOT NULL, text TEXT NOT NULL);
`;

/** The n-th leads from version n to n + 1. One that was released is never changed. */
export const migrations: readonly string[] = [journal + blobs + logsAndFolds];

/**
 * Brings the file to the newest version.
 *
 * @throws HeddleError `config-invalid` for a newer file and for a database of another program.
 */
export function migrate(connection: SqliteConnection, path: string, steps: readonly string[] = migrations): void {
  if (versionOf(connection) === steps.length && idOf(connection) === applicationId) return;
  connection.exec("BEGIN IMMEDIATE");
  try {
    // Read again under the lock: another process may have been first.
    assertOurs(connection, path, steps.length);
    for (const step of steps.slice(versionOf(connection))) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${applicationId}`);
    connection.exec(`PRAGMA user_version = ${steps.length}`);
    connection.exec("COMMIT");
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Looks at the file without changing it.
 *
 * @throws HeddleError `config-invalid` for a newer file and for a database of another program.
 */
export function assertOurs(connection: SqliteConnection, path: string, newest: number = migrations.length): void {
  const version = versionOf(connection);
  if (idOf(connection) !== applicationId) {
    const tables = Number(connection.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"]);
    if (tables === 0 && version === 0) return;
    const message = `${path} is an SQLite database of another program; name another file for the store`;
    throw new HeddleError("config-invalid", message);
  }
  if (version > newest) {
    const message =
      `${path} has schema version ${version}, and this release knows versions up to ${newest}; ` +
      "run the newer release again, or restore a backup taken before the upgrade";
    throw new HeddleError("config-invalid", message, { details: { version, newest } });
  }
}

function versionOf(connection: SqliteConnection): number {
  return Number(connection.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function idOf(connection: SqliteConnection): number {
  return Number(connection.prepare("PRAGMA application_id").get()?.["application_id"]);
}
