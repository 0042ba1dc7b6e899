/** Deletion takes everything of a stream and nothing else; folds are a cache beside it. */
import { hashText } from "@heddle/core";
import { expect } from "vitest";
import { storeCase, withStore } from "../store-backend.ts";
import { append, appended, begin, bytesOf, events, lengthOf, ours, readOn, textsOf, theirs } from "./fixtures.ts";

const log = { atMs: 1, level: "info", source: "log", text: "said" } as const;

export const removalCases = [
  storeCase("a deleted stream is gone with its events, row, logs, fold and blob references", async (store) => {
    const blob = { hash: hashText("v"), bytes: bytesOf("v") };
    await store.journal.append([begin("run:a", { blobs: [blob] }), begin("run:b")]);
    store.logs.append("run:a", ours, [log]);
    store.journal.saveFold("run:a", { seq: 1, format: "f", text: "{}" });
    await store.logs.flush();
    expect(await store.journal.delete("run:a", ours)).toBe(true);
    expect(await store.journal.delete("run:a", ours)).toBe(false);
    expect(await lengthOf(store, "run:a")).toBe(0);
    expect(await store.journal.get("run:a", ours)).toBeUndefined();
    expect((await store.journal.listOpen("run")).map(({ stream }) => stream)).toEqual(["run:b"]);
    expect((await readOn(store, undefined, 0)).found.map(({ stream }) => stream)).toEqual(["run:b"]);
    expect(await store.logs.read("run:a", ours, 0, 10)).toEqual([]);
    expect(await store.journal.loadFold("run:a")).toBeUndefined();
    expect(await store.blobs.get(blob.hash, ours)).toBeUndefined();
  }),

  storeCase("a deleted stream can begin anew, for any tenant, with nothing of the old one", async (store) => {
    await store.journal.append([begin("run:a", { epoch: 9, events: events("run:a", 0, 3) })]);
    store.logs.append("run:a", ours, [log]);
    await store.logs.flush();
    const [deleted, again] = await Promise.all([
      store.journal.delete("run:a", ours),
      store.journal.append([begin("run:a", { tenant: theirs })]),
    ]);
    expect(deleted).toBe(true);
    expect(again).toEqual(appended);
    expect(await textsOf(store, "run:a", theirs)).toEqual(['"run:a 1"']);
    expect(await store.logs.read("run:a", theirs, 0, 10)).toEqual([]);
    store.logs.append("run:a", theirs, [log]);
    await store.logs.flush();
    expect(await store.logs.read("run:a", theirs, 0, 10)).toMatchObject([{ n: 1 }]);
  }),

  storeCase("a fold and records that wait for a commit go with the stream that is deleted", async (store) => {
    await store.journal.append([begin("run:a")]);
    store.journal.saveFold("run:a", { seq: 1, format: "f", text: "old" });
    store.logs.append("run:a", ours, [log]);
    await Promise.all([store.journal.delete("run:a", ours), store.journal.append([begin("run:a")])]);
    expect(await store.journal.loadFold("run:a")).toBeUndefined();
    await store.logs.flush();
    expect(await store.logs.read("run:a", ours, 0, 10)).toEqual([]);
  }),

  storeCase("deleting is durable and leaves other streams as they were", async (store, backend) => {
    for (const stream of ["run:a", "run:b", "run:c"]) await store.journal.append([begin(stream)]);
    await store.journal.delete("run:b", ours);
    await withStore(backend.openAfterCrash(), async (crashed) => {
      expect((await readOn(crashed, ours, 0)).found.map(({ stream }) => stream)).toEqual(["run:a", "run:c"]);
    });
    expect(await store.journal.append([append("run:c", 1)])).toEqual(appended);
  }),

  storeCase("the fold saved last rides a later commit", async (store, backend) => {
    await store.journal.append([begin("run:a"), begin("run:b")]);
    expect(await store.journal.loadFold("run:a")).toBeUndefined();
    store.journal.saveFold("run:a", { seq: 1, format: "old", text: "old" });
    const fold = { seq: 1, format: "fold/1", text: '{"t":"\u{1D11E}"}' };
    store.journal.saveFold("run:a", fold);
    await store.journal.append([append("run:b", 1)]);
    expect(await store.journal.loadFold("run:a")).toEqual(fold);
    expect(await store.journal.loadFold("run:b")).toBeUndefined();
    await store.close();
    expect(await withStore(backend.open(), (again) => again.journal.loadFold("run:a"))).toEqual(fold);
  }),
];
