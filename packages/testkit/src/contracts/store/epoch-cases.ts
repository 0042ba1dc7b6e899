/** Promise 3: ownership. What a stale owner appends is fenced, on whichever handle it comes. */
import { expect } from "vitest";
import { storeCase, withStore } from "../store-backend.ts";
import { append, appended, begin, events, lengthOf, textsOf } from "./fixtures.ts";

export const epochCases = [
  storeCase("an append below the epoch of its stream is fenced, also at the right seq", async (store) => {
    await store.journal.append([begin("run:a", { epoch: 5 })]);
    const fenced = { kind: "fenced", stream: "run:a", epoch: 5 };
    expect(await store.journal.append([append("run:a", 1, { epoch: 4 })])).toEqual(fenced);
    expect(await store.journal.append([append("run:a", 0, { epoch: 4 })])).toEqual(fenced);
    expect(await store.journal.append([append("run:a", 1, { epoch: 5 })])).toEqual(appended);
    expect(await lengthOf(store, "run:a")).toBe(2);
  }),

  storeCase("a higher epoch raises that of the stream", async (store) => {
    await store.journal.append([begin("run:a")]);
    expect(await store.journal.append([append("run:a", 1, { epoch: 7 })])).toEqual(appended);
    expect(await store.journal.append([append("run:a", 2, { epoch: 6 })])).toMatchObject({ kind: "fenced", epoch: 7 });
  }),

  storeCase("a refused append raises no epoch", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b")]);
    const items = [append("run:a", 1, { epoch: 9 }), append("run:b", 0, { epoch: 9 })];
    expect(await store.journal.append(items)).toMatchObject({ kind: "conflict", stream: "run:b" });
    expect(await store.journal.append([append("run:a", 1, { epoch: 1 })])).toEqual(appended);
  }),

  storeCase("one fenced item refuses the whole append, and not its neighbours", async (store) => {
    await store.journal.append([begin("run:a", { epoch: 3 })]);
    const [fenced, neighbour] = await Promise.all([
      store.journal.append([begin("run:b", { epoch: 2 }), append("run:a", 1, { epoch: 2 })]),
      store.journal.append([append("run:a", 1, { epoch: 3 })]),
    ]);
    expect(fenced).toEqual({ kind: "fenced", stream: "run:a", epoch: 3 });
    expect(neighbour).toEqual(appended);
    expect(await lengthOf(store, "run:b")).toBe(0);
  }),

  storeCase("a claim fences what is appended after it, and lowers nothing", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b", { epoch: 8 })]);
    const [before, , after] = await Promise.all([
      store.journal.append([append("run:a", 1)]),
      store.journal.claim(["run:a", "run:b", "run:unknown"], 4),
      store.journal.append([append("run:a", 2)]),
    ]);
    expect(before).toEqual(appended);
    expect(after).toEqual({ kind: "fenced", stream: "run:a", epoch: 4 });
    expect(await store.journal.append([append("run:b", 1, { epoch: 7 })])).toMatchObject({ kind: "fenced", epoch: 8 });
    expect(await store.journal.append([append("run:a", 2, { epoch: 4 })])).toEqual(appended);
  }),

  storeCase("epochs given are ever higher, over handles and reopening", async (store, backend) => {
    const first = await store.journal.nextEpoch();
    const [second, third] = await Promise.all([store.journal.nextEpoch(), store.journal.nextEpoch()]);
    const given = [first, second, third];
    given.push(await withStore(backend.open(), (other) => other.journal.nextEpoch()));
    given.push(await store.journal.nextEpoch());
    given.push(await withStore(backend.openAfterCrash(), (crashed) => crashed.journal.nextEpoch()));
    expect(given).toEqual([...new Set(given)].sort((a, b) => a - b));
    expect(first).toBeGreaterThan(0);
  }),

  storeCase("two handles on one storage: a stale owner is fenced by a claim of the other", (store, backend) =>
    withStore(backend.open(), async (other) => {
      await store.journal.append([begin("run:a")]);
      await other.journal.claim(["run:a"], 2);
      expect(await store.journal.append([append("run:a", 1)])).toEqual({ kind: "fenced", stream: "run:a", epoch: 2 });
      expect(await other.journal.append([append("run:a", 1, { epoch: 2 })])).toEqual(appended);
      expect(await lengthOf(store, "run:a")).toBe(2);
    }),
  ),

  storeCase("two handles on one storage: each sees what the other wrote, and races are decided once", (store, backend) =>
    withStore(backend.open(), async (other) => {
      await store.journal.append([begin("run:a")]);
      expect(await other.journal.append([append("run:a", 0)])).toEqual({ kind: "conflict", stream: "run:a", seq: 1 });
      expect(await other.journal.append([append("run:a", 1)])).toEqual(appended);
      expect(await store.journal.append([append("run:a", 1)])).toEqual({ kind: "conflict", stream: "run:a", seq: 2 });
      for (let seq = 2; seq < 20; seq++) {
        const [mine, yours] = await Promise.all([
          store.journal.append([append("run:a", seq)]),
          other.journal.append([append("run:a", seq)]),
        ]);
        expect([mine.kind, yours.kind].sort()).toEqual(["appended", "conflict"]);
      }
      expect(await textsOf(store, "run:a")).toEqual(events("run:a", 0, 20).map(({ text }) => text));
      expect(await textsOf(other, "run:a")).toEqual(await textsOf(store, "run:a"));
    }),
  ),
];
