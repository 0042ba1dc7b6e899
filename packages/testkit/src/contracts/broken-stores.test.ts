import { createMemoryStore } from "@heddle/runtime";
import { expect, test } from "vitest";
import { brokenStores, failuresOf } from "./broken-stores.ts";
import { storeCases } from "./describe-store.ts";
import type { StoreBackend } from "./store-backend.ts";

type Disk = NonNullable<Parameters<typeof createMemoryStore>[0]>;

async function createSound(): Promise<StoreBackend> {
  const disk: Disk = { streams: new Map(), blobs: new Map(), events: [], position: 0, order: 0, epoch: 0 };
  return {
    open: async () => createMemoryStore(disk),
    openAfterCrash: async () => createMemoryStore(structuredClone(disk)),
    destroy: async () => disk.streams.clear(),
  };
}

test("a sound store fails no case of the store contract", async () => {
  expect(await failuresOf(storeCases, createSound)).toEqual([]);
});

test("every case has a name of its own", () => {
  expect(new Set(storeCases.map(({ name }) => name)).size).toBe(storeCases.length);
});

for (const { name, caughtBy, wrap } of brokenStores) {
  test(`the store contract catches a store that ${name}`, async () => {
    expect(await failuresOf(storeCases, async () => wrap(await createSound()))).toContain(caughtBy);
  });
}
