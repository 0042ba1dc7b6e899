/** The listing: rows as the last summary left them, filters, pages, and what is open. */
import type { ListQuery, Store } from "@heddle/ports";
import { expect } from "vitest";
import { storeCase } from "../store-backend.ts";
import { append, begin, events, ours, summary, theirs } from "./fixtures.ts";

async function pagesOf(store: Store, query: Omit<ListQuery, "tenant" | "cursor">): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.journal.list({ tenant: ours, ...query, ...(cursor === undefined ? {} : { cursor }) });
    pages.push(page.rows.map(({ stream }) => stream));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

async function fill(store: Store): Promise<void> {
  const statuses = ["open", "succeeded", "failed"];
  for (let i = 0; i < 12; i++) {
    const row = summary({ status: statuses[i % 3] ?? "open", name: i % 2 === 0 ? "even" : "odd", createdAtMs: 100 + i });
    await store.journal.append([begin(`run:${i}`, { summary: row })]);
  }
  await store.journal.append([begin("token:t", { summary: summary({ kind: "token", createdAtMs: 999 }) })]);
}

export const listCases = [
  storeCase("get gives the summary of the last append that carried one, and the seq of now", async (store) => {
    const first = summary({ data: '{"first":true}' });
    await store.journal.append([begin("run:a", { summary: first })]);
    await store.journal.append([append("run:a", 1, { events: events("run:a", 1, 2) })]);
    expect(await store.journal.get("run:a", ours)).toEqual({ ...first, stream: "run:a", tenant: ours, seq: 3 });
    const second = summary({ status: "failed", name: "other", data: "[]", createdAtMs: 2_000 });
    await store.journal.append([append("run:a", 3, { summary: second })]);
    const row = { ...second, stream: "run:a", tenant: ours, seq: 4 };
    expect(await store.journal.get("run:a", ours)).toEqual(row);
    expect((await store.journal.list({ tenant: ours, kind: "run", limit: 10 })).rows).toEqual([row]);
  }),

  storeCase("a stream that never had a summary has no row", async (store) => {
    await store.journal.append([append("run:a", 0)]);
    expect(await store.journal.get("run:a", ours)).toBeUndefined();
    expect((await store.journal.list({ tenant: ours, kind: "run", limit: 10 })).rows).toEqual([]);
    expect(await store.journal.listOpen("run")).toEqual([]);
    await store.journal.append([append("run:a", 1, { summary: summary() })]);
    expect(await store.journal.get("run:a", ours)).toMatchObject({ stream: "run:a", seq: 2 });
  }),

  storeCase("lists one kind, newest first, in pages without gap or repetition", async (store) => {
    await fill(store);
    const newestFirst = Array.from({ length: 12 }, (_, i) => `run:${11 - i}`);
    expect(await pagesOf(store, { kind: "run", limit: 100 })).toEqual([newestFirst]);
    expect(await pagesOf(store, { kind: "run", limit: 12 })).toEqual([newestFirst]);
    const pages = await pagesOf(store, { kind: "run", limit: 5 });
    expect(pages.map(({ length }) => length)).toEqual([5, 5, 2]);
    expect(pages.flat()).toEqual(newestFirst);
    expect(await pagesOf(store, { kind: "token", limit: 5 })).toEqual([["token:t"]]);
    expect(await pagesOf(store, { kind: "bundle", limit: 5 })).toEqual([[]]);
  }),

  storeCase("filters by status, by name, and by both, over pages", async (store) => {
    await fill(store);
    const listed = async (filter: { status?: string; name?: string }) =>
      (await pagesOf(store, { kind: "run", limit: 2, ...filter })).flat();
    expect(await listed({ status: "failed" })).toEqual(["run:11", "run:8", "run:5", "run:2"]);
    expect(await listed({ name: "even" })).toEqual(["run:10", "run:8", "run:6", "run:4", "run:2", "run:0"]);
    expect(await listed({ status: "failed", name: "even" })).toEqual(["run:8", "run:2"]);
    expect(await listed({ status: "failed", name: "none" })).toEqual([]);
  }),

  storeCase("rows of one instant are paged too, the one begun last first", async (store) => {
    const streams = Array.from({ length: 9 }, (_, i) => `run:${i}`);
    for (const stream of streams) await store.journal.append([begin(stream)]);
    expect((await pagesOf(store, { kind: "run", limit: 2 })).flat()).toEqual(streams.toReversed());
  }),

  storeCase("a page goes on where it stopped although newer streams begin and older ones end", async (store) => {
    await fill(store);
    const first = await store.journal.list({ tenant: ours, kind: "run", limit: 3 });
    await store.journal.append([begin("run:new", { summary: summary({ createdAtMs: 5_000 }) })]);
    const ended = summary({ status: "cancelled", createdAtMs: 103 });
    await store.journal.append([append("run:3", 1, { summary: ended })]);
    const cursor = first.cursor ?? "";
    const second = await store.journal.list({ tenant: ours, kind: "run", limit: 100, cursor });
    expect(second.rows.map(({ stream }) => stream)).toEqual(Array.from({ length: 9 }, (_, i) => `run:${8 - i}`));
  }),

  storeCase("a cursor that no listing gave is refused as cursor-invalid", async ({ journal }) => {
    for (const cursor of ["", "x", "1", "1.2.3", "1.x", "1.1' OR 1"]) {
      await expect(journal.list({ tenant: ours, kind: "run", limit: 2, cursor })).rejects.toMatchObject({
        code: "cursor-invalid",
      });
    }
  }),

  storeCase("listOpen gives the open streams of a kind, of all tenants, oldest first", async (store) => {
    await fill(store);
    await store.journal.append([begin("run:theirs", { tenant: theirs, summary: summary({ createdAtMs: 104 }) })]);
    const open = async () => (await store.journal.listOpen("run")).map(({ stream }) => stream);
    expect(await open()).toEqual(["run:0", "run:3", "run:theirs", "run:6", "run:9"]);
    await store.journal.append([append("run:3", 1, { summary: summary({ status: "succeeded", createdAtMs: 103 }) })]);
    await store.journal.append([append("run:1", 1, { summary: summary({ createdAtMs: 101 }) })]);
    expect(await open()).toEqual(["run:0", "run:1", "run:theirs", "run:6", "run:9"]);
    expect(await store.journal.listOpen("token")).toMatchObject([{ stream: "token:t", tenant: ours, seq: 1 }]);
  }),
];
