/**
 * The few things that the store asks of an SQLite binding, so that tests can put a failing one in its
 * place. Everything is synchronous; errors are those of `node:sqlite`, told apart by `errcode`.
 */
import { DatabaseSync } from "node:sqlite";

/** What SQLite stores and gives back. */
export type SqliteValue = string | number | bigint | Uint8Array | null;

export type SqliteRow = Readonly<Record<string, SqliteValue>>;

/** A prepared statement; positional parameters. */
export interface SqliteStatement {
  run(...values: (string | number | Uint8Array | null)[]): unknown;
  get(...values: (string | number)[]): SqliteRow | undefined;
  all(...values: (string | number)[]): SqliteRow[];
}

export interface SqliteConnection {
  /** False once a transaction has ended, also where SQLite has rolled it back by itself. */
  readonly inTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** Opens connections to a database file, which it creates where there is none. */
export interface SqliteDriver {
  open(path: string): SqliteConnection;
}

/** The driver on Node's own SQLite. */
export const nodeSqliteDriver: SqliteDriver = {
  open(path) {
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    return {
      get inTransaction() {
        return database.isTransaction;
      },
      exec: (sql) => database.exec(sql),
      prepare: (sql) => database.prepare(sql) as SqliteStatement,
      close: () => database.close(),
    };
  },
};
