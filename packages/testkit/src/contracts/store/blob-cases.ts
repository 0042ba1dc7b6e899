/** Promise 6: blobs come with the event that names them, once, and are read through a reference of one's own. */
import { hashBytes } from "@heddle/core";
import type { BlobWrite, Store } from "@heddle/ports";
import { expect } from "vitest";
import { storeCase, withStore } from "../store-backend.ts";
import { append, appended, begin, bytesOf, ours, theirs } from "./fixtures.ts";

function blob(text: string): BlobWrite {
  const bytes = bytesOf(text);
  return { hash: hashBytes(bytes), bytes };
}

async function textOf(store: Store, { hash }: BlobWrite, tenant = ours): Promise<string | undefined> {
  const bytes = await store.blobs.get(hash, tenant);
  return bytes && new TextDecoder().decode(bytes);
}

const large = blob("large value");
const other = blob("other value");

export const blobCases = [
  storeCase("a blob is there once the append that carries it has resolved, also after a crash", async (store, backend) => {
    expect(await store.journal.append([begin("run:a", { blobs: [large, other] })])).toEqual(appended);
    await withStore(backend.openAfterCrash(), async (crashed) => {
      expect(await textOf(crashed, large)).toBe("large value");
      expect(await textOf(crashed, other)).toBe("other value");
    });
    expect(await textOf(store, large)).toBe("large value");
  }),

  storeCase("bytes come back as they were: every value, none at all, and a megabyte", async (store) => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const megabyte = new Uint8Array(1 << 20).fill(7);
    const writes = [all, new Uint8Array(0), megabyte].map((bytes) => ({ hash: hashBytes(bytes), bytes }));
    await store.journal.append([begin("run:a", { blobs: writes })]);
    for (const { hash, bytes } of writes) {
      const found = await store.blobs.get(hash, ours);
      expect(found !== undefined && Buffer.compare(found, bytes)).toBe(0);
    }
  }),

  storeCase("what is kept does not change with the bytes that the caller holds", async (store) => {
    const mine = blob("mutable");
    await store.journal.append([begin("run:a", { blobs: [mine] })]);
    mine.bytes.fill(0);
    (await store.blobs.get(mine.hash, ours))?.fill(1);
    expect(await textOf(store, mine)).toBe("mutable");
  }),

  storeCase("a refused append leaves neither blob nor reference", async (store) => {
    await store.journal.append([begin("run:a")]);
    expect(await store.journal.append([append("run:a", 0, { blobs: [large] })])).toMatchObject({ kind: "conflict" });
    expect(await textOf(store, large)).toBeUndefined();
    expect(await store.blobs.collect()).toBe(0);
  }),

  storeCase("only a tenant with a reference of its own reads a blob", async (store) => {
    await store.journal.append([begin("run:a", { blobs: [large] })]);
    expect(await textOf(store, large, theirs)).toBeUndefined();
    await store.journal.append([begin("run:b", { tenant: theirs, blobs: [large] })]);
    expect(await textOf(store, large, theirs)).toBe("large value");
    await store.journal.delete("run:a", ours);
    expect(await textOf(store, large, ours)).toBeUndefined();
    expect(await textOf(store, large, theirs)).toBe("large value");
  }),

  storeCase("the same bytes are kept once, and as long as any stream refers to them", async (store) => {
    await store.journal.append([begin("run:a", { blobs: [large, large, other] }), begin("run:b", { blobs: [large] })]);
    await store.journal.append([append("run:a", 1, { blobs: [large] })]);
    expect(await store.blobs.collect()).toBe(0);
    await store.journal.delete("run:a", ours);
    expect(await textOf(store, other)).toBeUndefined();
    expect(await store.blobs.collect()).toBe(1);
    expect(await textOf(store, large)).toBe("large value");
    await store.journal.delete("run:b", ours);
    expect(await store.blobs.collect()).toBe(1);
    expect(await store.blobs.collect()).toBe(0);
    expect(await textOf(store, large)).toBeUndefined();
  }),

  storeCase("a blob that was collected can be written again, and one that lost its reference found again", async (store) => {
    await store.journal.append([begin("run:a", { blobs: [large, other] })]);
    await store.journal.delete("run:a", ours);
    await store.journal.append([begin("run:b", { blobs: [other] })]);
    expect(await store.blobs.collect()).toBe(1);
    expect(await textOf(store, other)).toBe("other value");
    await store.journal.append([append("run:b", 1, { blobs: [large] })]);
    expect(await textOf(store, large)).toBe("large value");
  }),

  storeCase("collecting does not race with an append of the same turn", async (store) => {
    await store.journal.append([begin("run:a", { blobs: [large] })]);
    await store.journal.delete("run:a", ours);
    const [outcome] = await Promise.all([store.journal.append([begin("run:b", { blobs: [large] })]), store.blobs.collect()]);
    expect(outcome).toEqual(appended);
    expect(await textOf(store, large)).toBe("large value");
  }),
];
