import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonValue, RunId, TenantId } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KeyValueStore } from "./key-value.ts";
import { createFileKeyValueStore, createMemoryKeyValueStore } from "./key-value-stores.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-kv-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ours = { tenant: "ours" as TenantId };
const theirs = { tenant: "theirs" as TenantId };
const run = { ...ours, run: "run-1" as RunId };

describe.each([
  ["in memory", (keysMax?: number): KeyValueStore => createMemoryKeyValueStore(keysMax === undefined ? {} : { keysMax })],
  ["in files", (keysMax?: number): KeyValueStore => createFileKeyValueStore(join(folder, "kv"), keysMax === undefined ? {} : { keysMax })],
])("a store %s", (_, create) => {
  test("gives back what was written, and nothing where nothing was", async () => {
    const store = create();
    expect(await store.get(ours, "a")).toBeUndefined();
    for (const value of [null, 0, "text", [1, { b: [] }]] as JsonValue[]) {
      await store.set(ours, "a", value);
      expect(await store.get(ours, "a")).toEqual(value);
    }
  });
  test("says whether a value was replaced", async () => {
    const store = create();
    expect(await store.set(ours, "a", 1)).toEqual({ replaced: false });
    expect(await store.set(ours, "a", 2)).toEqual({ replaced: true });
  });
  test("keeps tenants, runs and keys apart, whatever they are spelled like", async () => {
    const store = create();
    await store.set(ours, "../a", 1);
    await store.set(theirs, "../a", 2);
    await store.set(run, "../a", 3);
    await store.set(ours, 'run-1","../a', 4);
    expect([await store.get(ours, "../a"), await store.get(theirs, "../a"), await store.get(run, "../a")]).toEqual([1, 2, 3]);
    expect(await store.get(ours, "a")).toBeUndefined();
  });
  test("that is full takes no further key, and new values of those that it has", async () => {
    const store = create(1);
    await store.set(ours, "a", 1);
    await expect(store.set(ours, "b", 1)).rejects.toMatchObject({ code: "tool-failed" });
    await store.set(ours, "a", 2);
    expect([await store.get(ours, "a"), await store.get(ours, "b")]).toEqual([2, undefined]);
  });
});

describe("a store in files", () => {
  test("outlives the process, and leaves nothing half written", async () => {
    await createFileKeyValueStore(folder).set(ours, "a", "kept");
    expect(await createFileKeyValueStore(folder).get(ours, "a")).toBe("kept");
    expect(readdirSync(folder).filter((name) => !name.endsWith(".json"))).toEqual([]);
  });
  test("says that a value is damaged instead of inventing one", async () => {
    const store = createFileKeyValueStore(folder);
    await store.set(ours, "a", 1);
    writeFileSync(join(folder, readdirSync(folder)[0] ?? ""), '{"key":"a"');
    await expect(store.get(ours, "a")).rejects.toMatchObject({ code: "tool-failed", message: /damaged/ });
  });
  test("whose folder is a file cannot be written, and says so", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(createFileKeyValueStore(join(folder, "file")).set(ours, "a", 1)).rejects.toMatchObject({ code: "tool-failed" });
  });
});
