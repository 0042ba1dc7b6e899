/** Promise 5: what another tenant owns does not exist. */
import { expect } from "vitest";
import { storeCase } from "../store-backend.ts";
import { append, appended, begin, lengthOf, ours, readOn, summary, theirs } from "./fixtures.ts";

export const tenantCases = [
  storeCase("no read shows a stream of another tenant", async (store) => {
    await store.journal.append([begin("run:a")]);
    expect(await store.journal.read("run:a", theirs, 0, 10)).toEqual([]);
    expect(await store.journal.get("run:a", theirs)).toBeUndefined();
    expect((await store.journal.list({ tenant: theirs, kind: "run", limit: 10 })).rows).toEqual([]);
    expect(await store.journal.readAll(theirs, 0, 10)).toEqual([]);
    store.logs.append("run:a", ours, [{ atMs: 1, level: "info", source: "log", text: "ours" }]);
    await store.logs.flush();
    expect(await store.logs.read("run:a", ours, 0, 10)).toHaveLength(1);
    expect(await store.logs.read("run:a", theirs, 0, 10)).toEqual([]);
  }),

  storeCase("readAll is of one tenant, or of every tenant where none is named", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b", { tenant: theirs }), begin("run:c")]);
    await store.journal.append([append("run:b", 1, { tenant: theirs })]);
    const streamsFor = async (tenant?: string) => (await readOn(store, tenant, 0, 1)).found.map(({ stream }) => stream);
    expect(await streamsFor(ours)).toEqual(["run:a", "run:c"]);
    expect(await streamsFor(theirs)).toEqual(["run:b", "run:b"]);
    expect(await streamsFor()).toEqual(["run:a", "run:b", "run:c", "run:b"]);
    const { found } = await readOn(store, undefined, 0);
    expect(found.map(({ tenant }) => tenant)).toEqual([ours, theirs, ours, theirs]);
  }),

  storeCase("an append to a stream of another tenant is a conflict that tells nothing of it", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b", { tenant: theirs, epoch: 9 })]);
    await store.journal.append([append("run:b", 1, { tenant: theirs, epoch: 9 })]);
    for (const expectedSeq of [0, 1, 2]) {
      const items = [append("run:a", 1), append("run:b", expectedSeq, { summary: summary({ status: "failed" }) })];
      expect(await store.journal.append(items)).toEqual({ kind: "conflict", stream: "run:b", seq: 0 });
    }
    expect(await lengthOf(store, "run:a")).toBe(1);
    expect(await lengthOf(store, "run:b", theirs)).toBe(2);
    expect(await store.journal.get("run:b", theirs)).toMatchObject({ tenant: theirs, status: "open", seq: 2 });
  }),

  storeCase("deleting and logging do not reach a stream of another tenant", async (store) => {
    await store.journal.append([begin("run:a")]);
    expect(await store.journal.delete("run:a", theirs)).toBe(false);
    expect(await lengthOf(store, "run:a")).toBe(1);
    store.logs.append("run:a", theirs, [{ atMs: 1, level: "info", source: "log", text: "theirs" }]);
    await store.logs.flush();
    expect(await store.logs.read("run:a", ours, 0, 10)).toEqual([]);
    expect(await store.logs.read("run:a", theirs, 0, 10)).toEqual([]);
  }),

  storeCase("tenants list only their own, under the same names", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b", { tenant: theirs })]);
    for (const [tenant, stream] of [
      [ours, "run:a"],
      [theirs, "run:b"],
    ] as const) {
      for (const filter of [{}, { status: "open" }, { name: "flow" }, { status: "open", name: "flow" }]) {
        const { rows } = await store.journal.list({ tenant, kind: "run", limit: 10, ...filter });
        expect(rows.map((row) => [row.stream, row.tenant])).toEqual([[stream, tenant]]);
      }
    }
    expect(await store.journal.append([append("run:b", 1, { tenant: theirs })])).toEqual(appended);
  }),
];
