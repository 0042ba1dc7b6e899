import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { hashText } from "@heddle/core";
import type { Store, StreamAppend } from "@heddle/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeSqliteDriver, type SqliteConnection, type SqliteDriver } from "./driver.ts";
import { openSqliteStore, type SqliteStoreOptions } from "./open-sqlite-store.ts";

const tenant = "default";
const full = { errcode: 13, code: "ERR_SQLITE_ERROR" };
const ioError = { errcode: 10 | (4 << 8), code: "ERR_SQLITE_ERROR" };

type When = "instead" | "afterwards" | "undone";

/** Node's driver, with faults that fire one after the other, each at the next statement that matches. */
function faultyDriver() {
  const faults: { readonly pattern: RegExp; readonly error: object; readonly when: When }[] = [];
  let after: string[] | undefined;
  let live: SqliteConnection | undefined;

  function through<T>(connection: SqliteConnection, sql: string, act: () => T): T {
    after?.push(sql);
    const fault = faults[0];
    if (fault === undefined || !fault.pattern.test(sql)) return act();
    const { error, when } = fault;
    faults.shift();
    after = [];
    if (when === "afterwards") act();
    if (when === "undone") connection.exec("ROLLBACK");
    throw Object.assign(new Error("injected"), error);
  }

  const driver: SqliteDriver = {
    open(path) {
      const connection = nodeSqliteDriver.open(path);
      live = connection;
      return {
        get inTransaction() {
          return connection.inTransaction;
        },
        exec: (sql) => through(connection, sql, () => connection.exec(sql)),
        prepare(sql) {
          const statement = connection.prepare(sql);
          return {
            run: (...values) => through(connection, sql, () => statement.run(...values)),
            get: (...values) => through(connection, sql, () => statement.get(...values)),
            all: (...values) => through(connection, sql, () => statement.all(...values)),
          };
        },
        close: () => connection.close(),
      };
    },
  };
  return {
    driver,
    arm(pattern: RegExp, error: object, when: When = "instead") {
      faults.push({ pattern, error, when });
    },
    /** The statements that ran after the fault. */
    statementsAfter: () => after ?? [],
    exec: (sql: string) => live?.exec(sql),
  };
}

let folder: string;
let path: string;
let faulty: ReturnType<typeof faultyDriver>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-sqlite-faults-"));
  path = join(folder, "store.db");
  faulty = faultyDriver();
});
afterEach(() => rm(folder, { recursive: true }));

const open = (options: Partial<SqliteStoreOptions> = {}) => openSqliteStore({ path, driver: faulty.driver, ...options });

function append(stream: string, expectedSeq: number, overrides: Partial<StreamAppend> = {}): StreamAppend {
  return { stream, tenant, expectedSeq, epoch: 1, events: [{ atMs: 1, text: "1" }], ...overrides };
}

const summary = { kind: "run", status: "open", name: "flow", createdAtMs: 1, data: "{}" };
const blobs = [{ hash: hashText("blob"), bytes: new TextEncoder().encode("blob") }];

/** Every kind of statement of the write path, and a way to reach it on a store that holds `run:kept` at 1. */
const writes: readonly (readonly [string, RegExp, (store: Store) => Promise<unknown>])[] = [
  ["the head of a stream", /^SELECT no, tenant, epoch/, (store) => store.journal.append([append("run:new", 0)])],
  ["the row of a new stream", /^INSERT INTO streams/, (store) => store.journal.append([append("run:new", 0)])],
  ["a summary", /^UPDATE streams SET epoch = \?, kind/, (store) => store.journal.append([append("run:kept", 1, { summary })])],
  ["a raised epoch", /^UPDATE streams SET epoch = \? WHERE/, (store) => store.journal.append([append("run:kept", 1, { epoch: 2 })])],
  ["an event", /^INSERT INTO events/, (store) => store.journal.append([append("run:new", 0), append("run:kept", 1)])],
  ["the search of a blob", /^SELECT no FROM blobs/, (store) => store.journal.append([append("run:new", 0, { blobs })])],
  ["a blob", /^INSERT INTO blobs/, (store) => store.journal.append([append("run:new", 0, { blobs })])],
  ["a blob reference", /^INSERT OR IGNORE INTO blob_refs/, (store) => store.journal.append([append("run:new", 0, { blobs })])],
  ["the number of a log record", /^SELECT coalesce\(max\(n\)/, log],
  ["a log record", /^INSERT INTO logs/, log],
  [
    "a fold",
    /^INSERT OR REPLACE INTO folds/,
    (store) => {
      store.journal.saveFold("run:kept", { seq: 1, format: "f", text: "{}" });
      return store.journal.append([append("run:new", 0)]);
    },
  ],
  ["a claim", /^UPDATE streams SET epoch = \? WHERE/, (store) => store.journal.claim(["run:kept"], 3)],
  ["an epoch", /^UPDATE meta SET value = value \+ 1/, (store) => store.journal.nextEpoch()],
  ["the last position", /^UPDATE meta SET value = \?/, (store) => store.journal.delete("run:kept", tenant)],
  ["a deletion", /^DELETE FROM logs/, (store) => store.journal.delete("run:kept", tenant)],
  ["COMMIT", /^COMMIT/, (store) => store.journal.append([append("run:new", 0), append("run:kept", 1)])],
];

function log(store: Store): Promise<unknown> {
  store.logs.append("run:kept", tenant, [{ atMs: 1, level: "info", source: "log", text: "t" }]);
  return store.logs.flush();
}

/** A store just opened, that knows nothing of its streams yet. */
async function openKept(): Promise<Store> {
  const first = await open();
  await first.journal.append([append("run:kept", 0)]);
  await first.close();
  return open();
}

async function lengths(store: Store): Promise<readonly number[]> {
  const kept = await store.journal.read("run:kept", tenant, 0, 10);
  const fresh = await store.journal.read("run:new", tenant, 0, 10);
  return [kept.length, fresh.length];
}

describe("no room", () => {
  for (const when of ["instead", "undone"] as const) {
    const how = when === "instead" ? "the transaction still open" : "the transaction undone by SQLite";
    for (const [what, pattern, write] of writes) {
      test(`at ${what}, ${how}: storage-full, nothing written, and it works once there is room`, async () => {
        const store = await openKept();
        faulty.arm(pattern, full, when);
        await expect(write(store)).rejects.toMatchObject({ code: "storage-full" });
        expect(await lengths(store)).toEqual([1, 0]);
        await write(store);
        expect(faulty.statementsAfter()).toContain("COMMIT");
        expect(await Promise.race([store.failed, Promise.resolve("sound")])).toBe("sound");
        await store.close();
      });
    }
  }

  test("refuses every append of the batch, each of which may be repeated", async () => {
    const store = await open();
    await store.journal.append([append("run:kept", 0)]);
    const batch = () => [
      store.journal.append([append("run:kept", 1)]),
      store.journal.append([append("run:new", 0)]),
      store.journal.append([append("run:kept", 0)]),
    ];
    faulty.arm(/^COMMIT/, full);
    for (const { status, ...rest } of await Promise.allSettled(batch())) {
      expect(status).toBe("rejected");
      expect(rest).toMatchObject({ reason: { code: "storage-full" } });
    }
    expect((await Promise.all(batch())).map(({ kind }) => kind)).toEqual(["appended", "appended", "conflict"]);
    await store.close();
  });

  test("an error of the file system that says so counts too", async () => {
    const store = await open();
    faulty.arm(/^INSERT INTO events/, { code: "ENOSPC" });
    await expect(store.journal.append([append("run:new", 0)])).rejects.toMatchObject({ code: "storage-full" });
    await store.journal.append([append("run:new", 0)]);
    await store.close();
  });

  test("a checkpoint without room waits for the next one", async () => {
    const store = await open({ checkpointPages: 1 });
    faulty.arm(/^PRAGMA wal_checkpoint\(PASSIVE/, full);
    for (let seq = 0; seq < 5; seq++) await store.journal.append([append("run:new", seq)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(faulty.statementsAfter().filter((sql) => sql === "COMMIT").length).toBeGreaterThan(0);
    expect(await lengths(store)).toEqual([0, 5]);
    await store.close();
  });

  test("a file that may not grow: real SQLITE_FULL, and the store goes on when it may", async () => {
    const store = await open({ batchRowsMax: 4 });
    faulty.exec("PRAGMA max_page_count = 40");
    const text = JSON.stringify("x".repeat(3_000));
    let seq = 0;
    const one = () => store.journal.append([append("run:new", seq, { events: [{ atMs: 1, text }] })]);
    let refusal: unknown;
    while (refusal === undefined) {
      await one().then(
        () => seq++,
        (error: unknown) => (refusal = error),
      );
    }
    expect(refusal).toMatchObject({ code: "storage-full" });
    expect(seq).toBeGreaterThan(3);
    await expect(one()).rejects.toMatchObject({ code: "storage-full" });
    expect(await store.journal.read("run:new", tenant, 0, 1_000)).toHaveLength(seq);
    faulty.exec("PRAGMA max_page_count = 4000");
    expect(await one()).toEqual({ kind: "appended" });
    await store.close();
    const again = await open();
    expect(await again.journal.read("run:new", tenant, 0, 1_000)).toHaveLength(seq + 1);
    await again.close();
    expect(integrityOf(path)).toBe("ok");
  });
});

describe("a failing disk", () => {
  const more = [["BEGIN", /^BEGIN/, (store: Store) => store.journal.append([append("run:new", 0)])]] as const;

  for (const [what, pattern, write] of [...writes, ...more]) {
    test(`at ${what}: storage-failed, no second try, and the store is unusable`, async () => {
      const store = await openKept();
      faulty.arm(pattern, ioError);
      const neighbour = store.journal.append([append("run:other", 0)]);
      const outcomes = await Promise.allSettled([neighbour, write(store)]);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "storage-failed" } });
      }
      expect(await store.failed).toMatchObject({ code: "storage-failed", cause: ioError });
      for (const call of [
        store.journal.append([append("run:new", 0)]),
        store.journal.read("run:kept", tenant, 0, 1),
        store.blobs.collect(),
        store.logs.flush(),
      ]) {
        await expect(call).rejects.toMatchObject({ code: "storage-failed" });
      }
      await store.close();
      expect(faulty.statementsAfter().filter((sql) => sql !== "ROLLBACK")).toEqual([]);
      const again = await openSqliteStore({ path });
      expect(await lengths(again)).toEqual([1, 0]);
      await again.close();
    });
  }

  test("at ROLLBACK, after there was no room: the store ends, since nothing is known any more", async () => {
    const store = await open();
    faulty.arm(/^INSERT INTO events/, full);
    faulty.arm(/^ROLLBACK/, ioError);
    await expect(store.journal.append([append("run:new", 0)])).rejects.toMatchObject({ code: "storage-failed" });
    expect(await store.failed).toMatchObject({ cause: ioError });
    await store.close();
  });

  test("at COMMIT with the commit done all the same: nobody is told that it was", async () => {
    const store = await open();
    const told: unknown[] = [];
    store.journal.watch((notices) => told.push(...notices));
    faulty.arm(/^COMMIT/, ioError, "afterwards");
    await expect(store.journal.append([append("run:new", 0)])).rejects.toMatchObject({ code: "storage-failed" });
    expect(told).toEqual([]);
    await store.close();
  });

  test("at a checkpoint: the store ends, and what was acknowledged is in the log", async () => {
    const store = await open({ checkpointPages: 1 });
    faulty.arm(/^PRAGMA wal_checkpoint\(PASSIVE/, ioError);
    expect(await store.journal.append([append("run:new", 0)])).toEqual({ kind: "appended" });
    expect(await store.failed).toMatchObject({ code: "storage-failed" });
    await store.close();
    const again = await openSqliteStore({ path });
    expect(await lengths(again)).toEqual([0, 1]);
    await again.close();
  });

  test("at a read: the store ends too", async () => {
    const store = await open();
    faulty.arm(/^SELECT n, seq, at/, ioError);
    await expect(store.journal.read("run:kept", tenant, 0, 1)).rejects.toMatchObject({ code: "storage-failed" });
    await expect(store.journal.append([append("run:new", 0)])).rejects.toMatchObject({ code: "storage-failed" });
    await store.close();
  });

  test("at the opening: storage-failed", async () => {
    faulty.arm(/^CREATE|^\s+CREATE/, ioError);
    await expect(open()).rejects.toMatchObject({ code: "storage-failed" });
    const again = await openSqliteStore({ path });
    await again.close();
  });
});

test("a file that another connection keeps locked: journal-contended, and it works once that lets go", async () => {
  const store = await open({ busyTimeoutMs: 0 });
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  await expect(store.journal.append([append("run:new", 0)])).rejects.toMatchObject({ code: "journal-contended" });
  expect(await lengths(store)).toEqual([0, 0]);
  other.exec("COMMIT");
  other.close();
  expect(await store.journal.append([append("run:new", 0)])).toEqual({ kind: "appended" });
  await store.close();
});

function integrityOf(file: string): unknown {
  const database = new DatabaseSync(file);
  const row = database.prepare("PRAGMA integrity_check").get();
  database.close();
  return row?.["integrity_check"];
}
