/**
 * Numbers given out in order: the positions of events and the numbers of streams. Held in memory,
 * read anew when another connection wrote. Positions are never given twice, even after the last
 * events were deleted: whoever deletes writes the last position down.
 */
import type { SqliteConnection } from "./driver.ts";

export interface Counters {
  position: number;
  stream: number;
  /** Reads both from the database. */
  reload(): void;
  /** Makes the last position survive the deletion of its event. */
  keepPosition(): void;
}

export function createCounters(connection: SqliteConnection): Counters {
  const select = connection.prepare(`
    SELECT (SELECT value FROM meta WHERE key = 'position') AS kept,
           (SELECT max(n) FROM events) AS last,
           (SELECT max(no) FROM streams) AS stream
  `);
  const keep = connection.prepare("UPDATE meta SET value = ? WHERE key = 'position'");
  return {
    position: 0,
    stream: 0,
    reload() {
      const row = select.get();
      this.position = Math.max(Number(row?.["kept"] ?? 0), Number(row?.["last"] ?? 0));
      this.stream = Number(row?.["stream"] ?? 0);
    },
    keepPosition() {
      keep.run(this.position);
    },
  };
}
