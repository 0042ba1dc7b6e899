/** The statements around a batch. Nothing else in the package begins or ends a transaction of the writer. */
import type { SqliteConnection } from "./driver.ts";

export interface Transaction {
  /** Takes the write lock at once, so that nothing inside can meet another writer. */
  begin(): void;
  /** Returns once the log is synced. */
  commit(): void;
  /** Undoes the transaction, unless SQLite has done so itself. */
  rollback(): void;
}

export function createTransaction(connection: SqliteConnection, probe: ((phase: "begin" | "end") => void) | undefined): Transaction {
  const begin = connection.prepare("BEGIN IMMEDIATE");
  const commit = connection.prepare("COMMIT");
  return {
    begin: () => void begin.run(),
    commit() {
      probe?.("begin");
      commit.run();
      probe?.("end");
    },
    rollback() {
      if (connection.inTransaction) connection.exec("ROLLBACK");
    },
  };
}
