import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeSqliteDriver } from "./driver.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { migrate, migrations } from "./schema.ts";

const tenant = "default";
const item = { stream: "run:a", tenant, expectedSeq: 0, epoch: 1, events: [{ atMs: 1, text: "1" }] };

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-sqlite-schema-"));
  path = join(folder, "store.db");
});
afterEach(() => rm(folder, { recursive: true }));

async function fill(): Promise<void> {
  const store = await openSqliteStore({ path });
  await store.journal.append([item]);
  await store.close();
}

function query(sql: string): unknown {
  const database = new DatabaseSync(path);
  const row = database.prepare(sql).get();
  database.close();
  return Object.values(row ?? {})[0];
}

test("an older file gains every migration that it lacks, and keeps what it holds", async () => {
  await fill();
  const connection = nodeSqliteDriver.open(path);
  const steps = [...migrations, "ALTER TABLE streams ADD COLUMN note TEXT", "CREATE INDEX by_note ON streams (note)"];
  migrate(connection, path, steps);
  migrate(connection, path, steps);
  connection.close();
  expect(query("PRAGMA user_version")).toBe(migrations.length + 2);
  expect(query("SELECT count(note IS NULL) FROM streams")).toBe(1);
  expect(query("SELECT data FROM events")).toBe("1");
});

test("a migration that fails leaves the file as it was", async () => {
  await fill();
  const connection = nodeSqliteDriver.open(path);
  const steps = [...migrations, "CREATE TABLE extra (a)", "CREATE TABLE extra (a)"];
  expect(() => migrate(connection, path, steps)).toThrow();
  connection.close();
  expect(query("PRAGMA user_version")).toBe(migrations.length);
  expect(query("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'")).toBe(0);
  const store = await openSqliteStore({ path });
  expect(await store.journal.read("run:a", tenant, 0, 10)).toHaveLength(1);
  await store.close();
});

test("a newer file is refused unchanged, with what to do", async () => {
  await fill();
  query(`PRAGMA user_version = ${migrations.length + 1}`);
  const before = readFileSync(path);
  await expect(openSqliteStore({ path })).rejects.toMatchObject({
    code: "config-invalid",
    message: expect.stringContaining("run the newer release again"),
  });
  expect(readFileSync(path)).toEqual(before);
});

test("a database of another program is refused unchanged", async () => {
  query("CREATE TABLE theirs (a)");
  const before = readFileSync(path);
  await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: "config-invalid" });
  expect(readFileSync(path)).toEqual(before);
});

test("a file that is no database, and one that is cut short, are refused as journal-corrupt", async () => {
  writeFileSync(path, "this is not a database, and it is long enough to be looked at as one".repeat(100));
  await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: "journal-corrupt" });
  await rm(path);
  await fill();
  writeFileSync(path, readFileSync(path).subarray(0, 4_096));
  await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: "journal-corrupt" });
});

test("a damaged page is journal-corrupt to whoever reads it", async () => {
  const store = await openSqliteStore({ path });
  for (let seq = 0; seq < 40; seq++) {
    await store.journal.append([{ ...item, expectedSeq: seq, events: [{ atMs: 1, text: "x".repeat(3_000) }] }]);
  }
  await store.close();
  const bytes = readFileSync(path);
  const page = Number(query("SELECT rootpage FROM sqlite_schema WHERE name = 'events'"));
  writeFileSync(path, bytes.fill(0xa5, (page - 1) * 4_096, page * 4_096));
  const reading = openSqliteStore({ path }).then((again) => again.journal.read("run:a", tenant, 0, 10).finally(() => again.close()));
  await expect(reading).rejects.toMatchObject({ code: "journal-corrupt" });
});

test("a folder that is not there is config-invalid, and so is a store without a file", async () => {
  const missing = openSqliteStore({ path: join(folder, "missing", "store.db") });
  await expect(missing).rejects.toMatchObject({ code: "config-invalid" });
  await expect(openSqliteStore({ path: ":memory:" })).rejects.toMatchObject({ code: "config-invalid" });
});

test("info gives the settings as the live connection has them", async () => {
  const store = await openSqliteStore({ path });
  expect(store.info()).toMatchObject({
    kind: "sqlite",
    settings: { journal_mode: "wal", synchronous: "2", fullfsync: process.platform === "darwin" ? "1" : "0" },
  });
  await store.close();
  expect(() => store.info()).toThrow(expect.objectContaining({ code: "shutting-down" }));
});
