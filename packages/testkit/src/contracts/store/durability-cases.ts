/** Promise 1 again, over time: what was acknowledged is there after a close, and after a crash. */
import { expect } from "vitest";
import { storeCase, withStore } from "../store-backend.ts";
import { append, appended, begin, events, lengthOf, ours, textsOf } from "./fixtures.ts";

export const durabilityCases = [
  storeCase("everything is there after a close and a reopen", async (store, backend) => {
    await store.journal.append([begin("run:a", { epoch: 3, events: events("run:a", 0, 3) })]);
    const row = await store.journal.get("run:a", ours);
    const stored = await store.journal.read("run:a", ours, 0, 10);
    await store.close();
    await withStore(backend.open(), async (again) => {
      expect(await again.journal.read("run:a", ours, 0, 10)).toEqual(stored);
      expect(await again.journal.get("run:a", ours)).toEqual(row);
      const stale = await again.journal.append([append("run:a", 3, { epoch: 2 })]);
      expect(stale).toEqual({ kind: "fenced", stream: "run:a", epoch: 3 });
      expect(await again.journal.append([append("run:a", 3, { epoch: 3 })])).toEqual(appended);
    });
  }),

  storeCase("an append has survived a crash by the time its promise resolves, and is whole if it has not", async (store, backend) => {
    for (let seq = 0; seq < 5; seq++) {
      await store.journal.append([append("run:a", seq), append("run:b", seq)]);
      const unfinished = Promise.allSettled([store.journal.append([begin(`run:c${seq}`), begin(`run:d${seq}`)])]);
      await withStore(backend.openAfterCrash(), async (crashed) => {
        expect(await lengthOf(crashed, "run:a")).toBe(seq + 1);
        expect(await lengthOf(crashed, "run:b")).toBe(seq + 1);
        expect(await lengthOf(crashed, `run:c${seq}`)).toBe(await lengthOf(crashed, `run:d${seq}`));
      });
      await unfinished;
    }
  }),

  storeCase("a claim has survived a crash by the time its promise resolves", async (store, backend) => {
    await store.journal.append([begin("run:a")]);
    await store.journal.claim(["run:a"], 6);
    await withStore(backend.openAfterCrash(), async (crashed) => {
      expect(await crashed.journal.append([append("run:a", 1, { epoch: 5 })])).toMatchObject({ kind: "fenced", epoch: 6 });
    });
  }),

  storeCase("close commits what is pending, then refuses with shutting-down", async (store, backend) => {
    const pending = Promise.allSettled(Array.from({ length: 40 }, (_, seq) => store.journal.append([append("run:a", seq)])));
    const closing = store.close();
    const late = store.journal.append([append("run:a", 40)]);
    await expect(late).rejects.toMatchObject({ code: "shutting-down" });
    await closing;
    expect(await pending).toEqual(Array.from({ length: 40 }, () => ({ status: "fulfilled", value: appended })));
    await expect(store.journal.read("run:a", ours, 0, 1)).rejects.toMatchObject({ code: "shutting-down" });
    await expect(store.journal.nextEpoch()).rejects.toMatchObject({ code: "shutting-down" });
    store.logs.append("run:a", ours, [{ atMs: 1, level: "info", source: "log", text: "late" }]);
    store.journal.saveFold("run:a", { seq: 1, format: "f", text: "{}" });
    await store.close();
    expect(await withStore(backend.open(), (again) => textsOf(again, "run:a"))).toHaveLength(40);
  }),

  storeCase("info names the backend and its settings, and a sound store has not failed", async (store) => {
    const { kind, settings } = store.info();
    expect(kind).not.toBe("");
    expect(Object.keys(settings)).not.toEqual([]);
    await store.journal.append([begin("run:a")]);
    expect(await Promise.race([store.failed, Promise.resolve("sound")])).toBe("sound");
  }),
];
