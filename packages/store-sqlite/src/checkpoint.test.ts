import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeSqliteDriver, type SqliteDriver } from "./driver.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

test("the log stays near its bound, and checkpoints are few", async () => {
  const folder = await mkdtemp(join(tmpdir(), "store-sqlite-checkpoint-"));
  const path = join(folder, "store.db");
  let checkpoints = 0;
  const counting: SqliteDriver = {
    open(file) {
      const connection = nodeSqliteDriver.open(file);
      const prepare = connection.prepare;
      connection.prepare = (sql) => {
        const statement = prepare(sql);
        if (!sql.includes("wal_checkpoint(PASSIVE)")) return statement;
        const get = () => {
          checkpoints++;
          return statement.get();
        };
        return { run: () => statement.run(), all: () => statement.all(), get };
      };
      return connection;
    },
  };
  const pages = 200;
  const store = await openSqliteStore({ path, checkpointPages: pages, driver: counting });
  const text = "x".repeat(4_000);
  let logMax = 0;
  for (let seq = 0; seq < 4_000; seq += 10) {
    const events = Array.from({ length: 10 }, () => ({ atMs: 1, text }));
    await store.journal.append([{ stream: "run:a", tenant: "default", expectedSeq: seq, epoch: 1, events }]);
    logMax = Math.max(logMax, statSync(`${path}-wal`).size);
  }
  await store.close();
  await rm(folder, { recursive: true });
  expect(logMax).toBeLessThan(3 * pages * 4_120);
  expect(checkpoints).toBeGreaterThan(10);
  expect(checkpoints).toBeLessThan(60);
});
