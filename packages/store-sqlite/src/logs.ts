/** Logs: written with the next commit, read by stream and number. */
import type { LogRecord } from "@heddle/core";
import type { Logs } from "@heddle/ports";
import type { SqliteConnection } from "./driver.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Rides } from "./rides.ts";
import type { Writer } from "./writer.ts";

export function createLogs(connection: SqliteConnection, lifetime: Lifetime, rides: Rides, writer: Writer): Logs {
  const select = connection.prepare(
    `SELECT n, data FROM logs WHERE stream = (SELECT no FROM streams WHERE id = ? AND tenant = ?) AND n > ?
     ORDER BY n LIMIT ?`,
  );
  return {
    append(stream, tenant, records) {
      if (lifetime.closed || lifetime.failure !== undefined || records.length === 0) return;
      rides.addLogs({ stream, tenant, records });
      writer.considerRides();
    },
    read: (stream, tenant, after, limit) =>
      lifetime.read(() =>
        select.all(stream, tenant, after, limit).map((row) => {
          const record = JSON.parse(String(row["data"])) as Omit<LogRecord, "n">;
          return { ...record, n: Number(row["n"]) };
        }),
      ),
    flush: () => writer.act(() => undefined),
  };
}
