/** Promise 4: whoever reads on from the last position seen misses nothing; watchers are told in commit order. */
import type { CommitNotice, Store, StreamAppend } from "@heddle/ports";
import { expect } from "vitest";
import { storeCase, withStore } from "../store-backend.ts";
import { append, begin, events, ours, readOn, theirs } from "./fixtures.ts";

/**
 * Appends of many shapes over several turns; calls `between` after each one that has resolved.
 * Returns what was appended, as `stream seq`, in no order.
 */
async function busyWriting(store: Store, between: () => Promise<unknown>): Promise<string[]> {
  const written: string[] = [];
  const write = async (...items: StreamAppend[]) => {
    for (const { stream, events } of items) written.push(...events.map((_, i) => `${stream} ${i + 1}`));
    await store.journal.append(items);
    await between();
  };
  for (let round = 0; round < 12; round++) {
    const pending = Array.from({ length: 6 }, (_, i) => {
      const stream = `run:${round}-${i}-large`;
      const large = begin(stream, { events: events(stream, 0, 1 + (i % 3) * 20) });
      const pair = begin(`run:${round}-${i}-pair`, { tenant: i % 2 === 0 ? ours : theirs });
      return i % 3 === 0 ? write(large, pair) : write(large);
    });
    await Promise.resolve();
    pending.push(write(begin(`run:${round}-small`)));
    await pending[0];
    pending.push(write(begin(`run:${round}-late`)));
    await Promise.all(pending);
    if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return written;
}

export const tailCases = [
  storeCase("readAll gives every event in commit order, each stream in its own order", async (store) => {
    await busyWriting(store, async () => undefined);
    const { found } = await readOn(store, undefined, 0);
    const positions = found.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    const seen = new Map<string, number>();
    for (const { stream, seq, text } of found) {
      expect(seq).toBe((seen.get(stream) ?? 0) + 1);
      expect(text).toBe(`"${stream} ${seq}"`);
      seen.set(stream, seq);
    }
    expect(seen.size).toBe(12 * (6 + 2 + 2));
  }),

  storeCase("a tail that reads on while others commit skips nothing", async (store) => {
    const tailed: string[] = [];
    let position = 0;
    const follow = async () => {
      const page = await store.journal.readAll(undefined, position, 1_000);
      // Readers overlap here: each takes only what lies after the last position seen.
      for (const item of page) {
        if (item.position <= position) continue;
        position = item.position;
        tailed.push(`${item.stream} ${item.seq}`);
      }
    };
    const written = await busyWriting(store, follow);
    await follow();
    const { found } = await readOn(store, undefined, 0);
    expect(tailed.toSorted()).toEqual(written.toSorted());
    expect(tailed).toEqual(found.map(({ stream, seq }) => `${stream} ${seq}`));
  }),

  storeCase("a tail over two handles skips nothing", (store, backend) =>
    withStore(backend.open(), async (other) => {
      const tailed: string[] = [];
      let position = 0;
      for (let i = 0; i < 20; i++) {
        await Promise.all([store.journal.append([begin(`run:${i}-a`), begin(`run:${i}-b`)]), other.journal.append([begin(`run:${i}-c`)])]);
        const page = await readOn(i % 2 === 0 ? store : other, undefined, position);
        position = page.position;
        tailed.push(...page.found.map(({ stream }) => stream));
      }
      expect(new Set(tailed).size).toBe(60);
      expect(tailed).toHaveLength(60);
    }),
  ),

  storeCase("read and readAll agree on positions", async (store) => {
    await store.journal.append([begin("run:a"), begin("run:b")]);
    await store.journal.append([append("run:a", 1)]);
    const { found } = await readOn(store, undefined, 0);
    const own = found.filter(({ stream }) => stream === "run:a").map(({ seq, position }) => ({ seq, position }));
    const read = await store.journal.read("run:a", ours, 0, 10);
    expect(read.map(({ seq, position }) => ({ seq, position }))).toEqual(own);
  }),

  storeCase("a position is not given again after the last stream was deleted", async (store, backend) => {
    await store.journal.append([begin("run:a")]);
    await store.journal.append([begin("run:b", { events: events("run:b", 0, 3) })]);
    const { position } = await readOn(store, undefined, 0);
    await store.journal.delete("run:b", ours);
    await store.close();
    await withStore(backend.open(), async (again) => {
      await again.journal.append([begin("run:c")]);
      const { found } = await readOn(again, undefined, position);
      expect(found.map(({ stream }) => stream)).toEqual(["run:c"]);
    });
  }),

  storeCase("a watcher is told of each commit once, in commit order, after it", async (store) => {
    const notices: CommitNotice[] = [];
    const readable: Promise<boolean>[] = [];
    const stop = store.journal.watch((some) => {
      notices.push(...some);
      for (const { stream, tenant, seq, position } of some) {
        const found = store.journal.read(stream, tenant, seq - 1, 1);
        readable.push(found.then((page) => page[0]?.seq === seq && page[0].position === position));
      }
    });
    await busyWriting(store, async () => undefined);
    stop();
    await store.journal.append([begin("run:unwatched")]);
    const { found } = await readOn(store, undefined, 0);
    const last = new Map<string, number>();
    for (const { stream, seq } of found) if (stream !== "run:unwatched") last.set(stream, seq);
    expect(new Map(notices.map(({ stream, seq }) => [stream, seq]))).toEqual(last);
    expect(notices).toHaveLength(last.size);
    const positions = notices.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(await Promise.all(readable)).not.toContain(false);
  }),

  storeCase("a watcher is told before or with the promise of the append, and not of refused ones", async (store) => {
    const told: string[] = [];
    const stop = store.journal.watch((some) => told.push(...some.map(({ stream, seq }) => `${stream} ${seq}`)));
    await store.journal.append([begin("run:a")]);
    expect(told).toEqual(["run:a 1"]);
    await Promise.all([
      store.journal.append([append("run:a", 0)]),
      store.journal.append([begin("run:b", { events: events("run:b", 0, 4) })]),
    ]);
    expect(told).toEqual(["run:a 1", "run:b 4"]);
    stop();
  }),

  storeCase("watchers are independent, and one may stop itself or append while it is told", async (store) => {
    const first: string[] = [];
    const second: string[] = [];
    const followUps: Promise<unknown>[] = [];
    const stopFirst = store.journal.watch((some) => {
      first.push(...some.map(({ stream }) => stream));
      stopFirst();
      followUps.push(store.journal.append([begin("run:b")]));
    });
    const stopSecond = store.journal.watch((some) => second.push(...some.map(({ stream }) => stream)));
    await store.journal.append([begin("run:a")]);
    await Promise.all(followUps);
    stopSecond();
    expect(first).toEqual(["run:a"]);
    expect(second).toEqual(["run:a", "run:b"]);
  }),
];
