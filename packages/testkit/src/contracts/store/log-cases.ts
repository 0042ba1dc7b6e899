/** Logs: in order, numbered from 1, bounded per stream, never in the way of an append. */
import type { LogRecord } from "@heddle/core";
import { logRecordsMax } from "@heddle/core";
import { expect } from "vitest";
import { storeCase, withStore } from "../store-backend.ts";
import { append, appended, begin, ours } from "./fixtures.ts";

function record(text: string, overrides: Partial<LogRecord> = {}): Omit<LogRecord, "n"> {
  return { atMs: 5, level: "info", source: "log", text, ...overrides };
}

export const logCases = [
  storeCase("records come back in order and whole, numbered from 1 in their stream", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b")]);
    const full = record("odd \u0000 \u{1D11E}", {
      atMs: 1.5,
      node: "plan",
      activation: 3,
      attempt: 2,
      level: "error",
      source: "stderr",
      fields: { a: [1, null], b: { c: "d" } },
    });
    store.logs.append("run:a", ours, [record("one"), full]);
    store.logs.append("run:b", ours, [record("other")]);
    store.logs.append("run:a", ours, [record("three")]);
    await store.logs.flush();
    expect(await store.logs.read("run:a", ours, 0, 10)).toEqual([
      { ...record("one"), n: 1 },
      { ...full, n: 2 },
      { ...record("three"), n: 3 },
    ]);
    expect(await store.logs.read("run:a", ours, 1, 1)).toEqual([{ ...full, n: 2 }]);
    expect(await store.logs.read("run:b", ours, 0, 10)).toEqual([{ ...record("other"), n: 1 }]);
  }),

  storeCase("records ride the commit of a later append", async (store) => {
    await store.journal.append([begin("run:a")]);
    store.logs.append("run:a", ours, [record("one")]);
    expect(await store.journal.append([append("run:a", 1)])).toEqual(appended);
    expect(await store.logs.read("run:a", ours, 0, 10)).toMatchObject([{ n: 1, text: "one" }]);
  }),

  storeCase("a record may follow the first append of its stream in the same turn", async (store) => {
    const beginning = store.journal.append([begin("run:a")]);
    store.logs.append("run:a", ours, [record("early")]);
    await beginning;
    await store.logs.flush();
    expect(await store.logs.read("run:a", ours, 0, 10)).toMatchObject([{ n: 1, text: "early" }]);
  }),

  storeCase("records of an unknown stream are dropped", async (store) => {
    store.logs.append("run:a", ours, [record("lost")]);
    await store.logs.flush();
    await store.journal.append([begin("run:a")]);
    expect(await store.logs.read("run:a", ours, 0, 10)).toEqual([]);
  }),

  storeCase("a stream keeps a bounded number of records, and says once that it drops the others", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b")]);
    const many = Array.from({ length: logRecordsMax - 1 }, (_, i) => record(`${i}`));
    store.logs.append("run:a", ours, many);
    store.logs.append("run:a", ours, [record("last"), record("over"), record("over")]);
    store.logs.append("run:b", ours, [record("of another stream")]);
    await store.logs.flush();
    store.logs.append("run:a", ours, [record("over")]);
    await store.logs.flush();
    const kept = await store.logs.read("run:a", ours, 0, 2 * logRecordsMax);
    expect(kept).toHaveLength(logRecordsMax + 1);
    expect(kept.map(({ n }) => n)).toEqual(kept.map((_, i) => i + 1));
    expect(kept.filter(({ text }) => text === "over")).toEqual([]);
    expect(kept.at(-2)).toMatchObject({ text: "last" });
    expect(kept.at(-1)).toMatchObject({ level: "warn", source: "runtime" });
    expect(await store.logs.read("run:b", ours, 0, 10)).toHaveLength(1);
  }),

  storeCase("numbers go on after a reopening and with a second handle", async (store, backend) => {
    await store.journal.append([begin("run:a")]);
    store.logs.append("run:a", ours, [record("one")]);
    await store.logs.flush();
    await withStore(backend.open(), async (other) => {
      other.logs.append("run:a", ours, [record("two")]);
      await other.logs.flush();
      store.logs.append("run:a", ours, [record("three")]);
      await store.logs.flush();
    });
    store.logs.append("run:a", ours, [record("four")]);
    await store.close();
    const kept = await withStore(backend.open(), (again) => again.logs.read("run:a", ours, 0, 10));
    expect(kept.map(({ n, text }) => [n, text])).toEqual([
      [1, "one"],
      [2, "two"],
      [3, "three"],
      [4, "four"],
    ]);
  }),
];
