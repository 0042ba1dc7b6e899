/**
 * When the write-ahead log is carried into the database. The store does it itself, between commits:
 * SQLite would hide the error of a checkpoint that it starts on its own, and a failed sync there must
 * end the store like any other.
 *
 * The size of the log cannot be asked for, so it is estimated from what was written; each checkpoint
 * tells the true size and corrects the estimate.
 */
import type { SqliteConnection } from "./driver.ts";

export interface Checkpoint {
  /** Counts what a commit wrote. */
  wrote(rows: number, bytes: number): void;
  readonly due: boolean;
  /** Carries over what no reader holds up. Throws what the driver throws. */
  run(): void;
  /** Carries over everything and empties the log. */
  truncate(): void;
}

const pageBytes = 4_096;

export function createCheckpoint(connection: SqliteConnection, pagesMax: number): Checkpoint {
  const passive = connection.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  let units = 0;
  let pagesPerUnit = 1;
  return {
    wrote(rows, bytes) {
      units += rows + bytes / pageBytes;
    },
    get due() {
      return units * pagesPerUnit >= pagesMax;
    },
    run() {
      const written = units;
      units = 0;
      const pages = Number(passive.get()?.["log"]);
      if (pages > 0) pagesPerUnit = Math.min(4, Math.max(0.02, pages / written));
    },
    truncate() {
      units = 0;
      connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    },
  };
}
