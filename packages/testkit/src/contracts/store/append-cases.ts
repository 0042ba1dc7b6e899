/** Promises 1 and 2: an append is whole or absent, a stream's seq is contiguous, one racer wins. */
import { expect } from "vitest";
import { storeCase } from "../store-backend.ts";
import { append, appended, begin, event, events, lengthOf, ours, summary, textsOf } from "./fixtures.ts";

export const appendCases = [
  storeCase("an unknown stream is empty and has no row", async ({ journal }) => {
    expect(await journal.read("run:a", ours, 0, 10)).toEqual([]);
    expect(await journal.get("run:a", ours)).toBeUndefined();
  }),

  storeCase("events come back in order, with contiguous seq from 1, text and time as they were", async ({ journal }) => {
    expect(await journal.append([begin("run:a", { events: events("run:a", 0, 2) })])).toEqual(appended);
    expect(await journal.append([append("run:a", 2, { events: events("run:a", 2, 3) })])).toEqual(appended);
    const stored = await journal.read("run:a", ours, 0, 10);
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(stored.map(({ text }) => text)).toEqual(events("run:a", 0, 5).map(({ text }) => text));
    expect(stored.map(({ atMs }) => atMs)).toEqual([1_000, 1_001, 1_000, 1_001, 1_002]);
    const positions = stored.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
  }),

  storeCase("read gives at most `limit` events after a seq", async ({ journal }) => {
    await journal.append([begin("run:a", { events: events("run:a", 0, 10) })]);
    expect((await journal.read("run:a", ours, 3, 4)).map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
    expect((await journal.read("run:a", ours, 9, 4)).map(({ seq }) => seq)).toEqual([10]);
    expect(await journal.read("run:a", ours, 10, 4)).toEqual([]);
  }),

  storeCase("a stale seq is a conflict that names stream and seq, and writes nothing", async (store) => {
    await store.journal.append([begin("run:a", { events: events("run:a", 0, 3) })]);
    const stale = append("run:a", 1, { summary: summary({ status: "failed" }) });
    expect(await store.journal.append([stale])).toEqual({ kind: "conflict", stream: "run:a", seq: 3 });
    expect(await lengthOf(store, "run:a")).toBe(3);
    expect((await store.journal.get("run:a", ours))?.status).toBe("open");
  }),

  storeCase("a seq that is ahead is a conflict, also on a stream that does not exist", async (store) => {
    expect(await store.journal.append([append("run:a", 4)])).toEqual({ kind: "conflict", stream: "run:a", seq: 0 });
    await store.journal.append([begin("run:a")]);
    expect(await store.journal.append([append("run:a", 2)])).toEqual({ kind: "conflict", stream: "run:a", seq: 1 });
    expect(await lengthOf(store, "run:a")).toBe(1);
  }),

  storeCase("an append over several streams writes all of them", async (store) => {
    expect(await store.journal.append([begin("run:a"), begin("run:b"), begin("run:c")])).toEqual(appended);
    for (const stream of ["run:a", "run:b", "run:c"]) expect(await lengthOf(store, stream)).toBe(1);
  }),

  storeCase("one conflicting item refuses the whole append, wherever it stands", async (store) => {
    await store.journal.append([begin("run:b", { events: events("run:b", 0, 2) })]);
    const stale = append("run:b", 1);
    for (const items of [
      [stale, begin("run:a"), begin("run:c")],
      [begin("run:a"), stale, begin("run:c")],
      [begin("run:a"), begin("run:c"), stale],
    ]) {
      expect(await store.journal.append(items)).toEqual({ kind: "conflict", stream: "run:b", seq: 2 });
      for (const stream of ["run:a", "run:c"]) {
        expect(await lengthOf(store, stream)).toBe(0);
        expect(await store.journal.get(stream, ours)).toBeUndefined();
      }
      expect(await lengthOf(store, "run:b")).toBe(2);
    }
    expect(await store.journal.append([begin("run:a"), append("run:b", 2)])).toEqual(appended);
  }),

  storeCase("a refused append does not disturb its neighbours of the same turn", async (store) => {
    await store.journal.append([begin("run:x")]);
    const outcomes = await Promise.all([
      store.journal.append([begin("run:a")]),
      store.journal.append([begin("run:b"), append("run:x", 0)]),
      store.journal.append([append("run:a", 1)]),
      store.journal.append([append("run:a", 1), begin("run:c")]),
      store.journal.append([begin("run:b")]),
      store.journal.append([append("run:x", 1), append("run:a", 2)]),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["appended", "conflict", "appended", "conflict", "appended", "appended"]);
    expect(await textsOf(store, "run:a")).toEqual(events("run:a", 0, 3).map(({ text }) => text));
    expect(await lengthOf(store, "run:b")).toBe(1);
    expect(await lengthOf(store, "run:c")).toBe(0);
    expect(await textsOf(store, "run:x")).toEqual(events("run:x", 0, 2).map(({ text }) => text));
  }),

  storeCase("exactly one of many racing appends wins, and its text is what is kept", async (store) => {
    for (const seq of [0, 1]) {
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, i) => store.journal.append([append("run:a", seq, { events: [event(`"racer ${i}"`)] })])),
      );
      const winners = outcomes.flatMap(({ kind }, i) => (kind === "appended" ? [i] : []));
      expect(winners).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === "conflict")).toHaveLength(15);
      expect((await textsOf(store, "run:a"))[seq]).toBe(`"racer ${winners[0]}"`);
      expect(await lengthOf(store, "run:a")).toBe(seq + 1);
    }
  }),

  storeCase("an append may name a stream twice, one item after the other", async (store) => {
    const second = append("run:a", 2, { events: events("run:a", 2, 1) });
    const first = begin("run:a", { events: events("run:a", 0, 2) });
    expect(await store.journal.append([first, second])).toEqual(appended);
    expect(await textsOf(store, "run:a")).toEqual(events("run:a", 0, 3).map(({ text }) => text));
    const outcome = await store.journal.append([append("run:a", 3), append("run:a", 3)]);
    expect(outcome).toMatchObject({ kind: "conflict", stream: "run:a" });
    expect(await lengthOf(store, "run:a")).toBe(3);
  }),

  storeCase("an append of nothing, and one of a summary alone, succeed", async (store) => {
    expect(await store.journal.append([])).toEqual(appended);
    await store.journal.append([begin("run:a")]);
    const done = append("run:a", 1, { events: [], summary: summary({ status: "succeeded" }) });
    expect(await store.journal.append([done])).toEqual(appended);
    expect(await store.journal.get("run:a", ours)).toMatchObject({ status: "succeeded", seq: 1 });
  }),

  storeCase("appends of one turn to one stream chain, each upon the one before", async (store) => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, seq) => store.journal.append([append("run:a", seq)])));
    expect(outcomes.every(({ kind }) => kind === "appended")).toBe(true);
    expect(await textsOf(store, "run:a")).toEqual(events("run:a", 0, 50).map(({ text }) => text));
  }),

  storeCase("large batches: thousands of appends in one turn, and thousands of events in one append", async (store) => {
    const streams = Array.from({ length: 3_000 }, (_, i) => `run:${i}`);
    const outcomes = await Promise.all(streams.map((stream) => store.journal.append([begin(stream)])));
    expect(outcomes.every(({ kind }) => kind === "appended")).toBe(true);
    expect(await lengthOf(store, "run:2999")).toBe(1);
    const many = events("run:many", 0, 5_000);
    expect(await store.journal.append([begin("run:many", { events: many })])).toEqual(appended);
    expect(await textsOf(store, "run:many")).toEqual(many.map(({ text }) => text));
    const wide = streams.map((stream) => append(stream, 1));
    expect(await store.journal.append([...wide, append("run:0", 1)])).toMatchObject({ kind: "conflict" });
    expect(await lengthOf(store, "run:7")).toBe(1);
    expect(await store.journal.append(wide)).toEqual(appended);
    expect(await lengthOf(store, "run:7")).toBe(2);
  }),

  storeCase("texts come back byte for byte", async (store) => {
    const texts = [
      "",
      " ",
      '"\u0000 nul \u0000"',
      "\uFEFF mark",
      "line\r\nline\n\ttab\u2028\u2029",
      '{"b":1,"a":2,"a":3}',
      '"caf\u00e9 cafe\u0301 \u{1D11E} \u{1F469}\u200D\u{1F680} \u05d0\u0661"',
      "'; DROP TABLE events; --",
      '"\\ud800"',
      "1e400",
      "x".repeat(1_000_000),
      "\u{1D11E}".repeat(100_000),
    ];
    await store.journal.append([begin("run:\u00e9 \u{1D11E}", { events: texts.map((text) => event(text)) })]);
    expect(await textsOf(store, "run:\u00e9 \u{1D11E}")).toEqual(texts);
    const data = '{"t":"\u0000\u{1D11E}"}';
    await store.journal.append([begin("run:b", { summary: summary({ name: "\u00e9", data }) })]);
    expect(await store.journal.get("run:b", ours)).toMatchObject({ name: "\u00e9", data });
  }),
];
