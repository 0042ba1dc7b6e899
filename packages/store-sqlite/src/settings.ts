/**
 * The settings that durability rests on: written once per connection, then read back from it. A
 * connection on which they did not take is refused, since what was not read back is not known.
 */
import { HeddleError } from "@heddle/core";
import type { SqliteConnection } from "./driver.ts";

const readBack = [
  "journal_mode",
  "synchronous",
  "fullfsync",
  "checkpoint_fullfsync",
  "wal_autocheckpoint",
  "busy_timeout",
  "page_size",
  "user_version",
] as const;

/**
 * Sets up a connection. Checkpoints are the store's own affair (`wal_autocheckpoint` is off), since
 * SQLite hides the errors of those it starts by itself.
 *
 * @throws HeddleError `config-invalid` where the file cannot have a write-ahead log.
 */
export function applySettings(connection: SqliteConnection, path: string, busyTimeoutMs: number): void {
  connection.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  connection.exec("PRAGMA journal_mode = WAL");
  connection.exec("PRAGMA synchronous = FULL");
  connection.exec("PRAGMA wal_autocheckpoint = 0");
  connection.exec("PRAGMA temp_store = MEMORY");
  connection.exec("PRAGMA cache_size = -16384");
  if (process.platform === "darwin") {
    // Elsewhere fsync reaches the disk; on macOS only F_FULLFSYNC does.
    connection.exec("PRAGMA fullfsync = ON");
    connection.exec("PRAGMA checkpoint_fullfsync = ON");
  }
  const { journal_mode: mode, synchronous } = readSettings(connection);
  if (mode !== "wal" || synchronous !== "2") {
    const message = `${path} cannot have a synced write-ahead log (journal_mode ${mode}, synchronous ${synchronous}); use a file on a local disk`;
    throw new HeddleError("config-invalid", message);
  }
}

/** The settings as the live connection has them now. `synchronous` 2 is FULL. */
export function readSettings(connection: SqliteConnection): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const name of readBack) {
    const row = connection.prepare(`PRAGMA ${name}`).get();
    settings[name] = String(Object.values(row ?? {})[0]);
  }
  const version = connection.prepare("SELECT sqlite_version() AS version").get();
  settings["sqlite_version"] = String(version?.["version"]);
  return settings;
}
