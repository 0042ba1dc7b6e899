/** The store on SQLite: one file, synced commits, many appends per commit. */
export {
  nodeSqliteDriver,
  type SqliteConnection,
  type SqliteDriver,
  type SqliteRow,
  type SqliteStatement,
  type SqliteValue,
} from "./driver.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./open-sqlite-store.ts";
