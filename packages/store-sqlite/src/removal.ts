/** Deletion of a stream, inside the writer's transaction: everything that hangs on its number, then its row. */
import type { Counters } from "./counters.ts";
import type { SqliteConnection } from "./driver.ts";
import type { Heads } from "./heads.ts";
import type { Rides } from "./rides.ts";

/** False where this tenant has no such stream. Blobs stay until they are collected. */
export type RemoveStream = (stream: string, tenant: string) => boolean;

export function createRemoval(connection: SqliteConnection, heads: Heads, counters: Counters, rides: Rides): RemoveStream {
  const deletions = [
    "DELETE FROM events WHERE stream = ?",
    "DELETE FROM logs WHERE stream = ?",
    "DELETE FROM folds WHERE stream = ?",
    "DELETE FROM blob_refs WHERE stream = ?",
    "DELETE FROM streams WHERE no = ?",
  ].map((sql) => connection.prepare(sql));
  return (stream, tenant) => {
    const head = heads.get(stream);
    if (head.no === 0 || head.tenant !== tenant) return false;
    counters.keepPosition();
    for (const statement of deletions) statement.run(head.no);
    heads.forget(stream);
    // What still waits to be written is of the stream that is gone, not of one begun later under its name.
    rides.forget(stream);
    return true;
  };
}
