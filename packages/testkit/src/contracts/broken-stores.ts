/**
 * Stores that break the contract on purpose, each in one small way. A suite that lets one of them
 * pass has lost its teeth; `caughtBy` names the case that must notice.
 */
import type { TenantId } from "@heddle/core";
import type { AppendOutcome, Store, StreamAppend } from "@heddle/ports";
import type { StoreBackend, StoreCase } from "./store-backend.ts";

/** A way to be wrong, put around a sound backend. */
export interface BrokenStore {
  readonly name: string;
  /** The name of a case of the suite that fails because of it. */
  readonly caughtBy: string;
  wrap(sound: StoreBackend): StoreBackend;
}

function broken(name: string, caughtBy: string, breakStore: (store: Store) => Store): BrokenStore {
  return {
    name,
    caughtBy,
    wrap: (sound) => ({
      open: async () => breakStore(await sound.open()),
      openAfterCrash: async () => breakStore(await sound.openAfterCrash()),
      destroy: () => sound.destroy(),
    }),
  };
}

type Append = (items: readonly StreamAppend[]) => Promise<AppendOutcome>;

function withAppend(store: Store, append: Append): Store {
  return { ...store, journal: { ...store.journal, append } };
}

/** The deliberately broken stores. */
export const brokenStores: readonly BrokenStore[] = [
  broken("writes the items of an append one by one", "one conflicting item refuses the whole append, wherever it stands", (store) =>
    withAppend(store, async (items) => {
      for (const item of items) {
        const outcome = await store.journal.append([item]);
        if (outcome.kind !== "appended") return outcome;
      }
      return { kind: "appended" };
    }),
  ),

  broken("ignores epochs", "an append below the epoch of its stream is fenced, also at the right seq", (store) => ({
    ...withAppend(store, (items) => store.journal.append(items.map((item) => ({ ...item, epoch: 1 })))),
  })),

  broken("claims nothing", "a claim fences what is appended after it, and lowers nothing", (store) => ({
    ...store,
    journal: { ...store.journal, claim: async () => undefined },
  })),

  broken("tells every racer that it has won", "exactly one of many racing appends wins, and its text is what is kept", (store) =>
    withAppend(store, async (items) => {
      const outcome = await store.journal.append(items);
      const lost = outcome.kind === "conflict" && outcome.seq === (items[0]?.expectedSeq ?? 0) + 1;
      return lost ? { kind: "appended" } : outcome;
    }),
  ),

  broken("refuses the neighbours of a refused append", "a refused append does not disturb its neighbours of the same turn", (store) => {
    let refused: AppendOutcome | undefined;
    return withAppend(store, async (items) => {
      const outcome = await store.journal.append(items);
      if (outcome.kind !== "appended") {
        refused = outcome;
        setImmediate(() => {
          refused = undefined;
        });
      }
      return refused ?? outcome;
    });
  }),

  broken("leaves a gap in seq", "events come back in order, with contiguous seq from 1, text and time as they were", (store) => ({
    ...store,
    journal: {
      ...store.journal,
      read: async (...query) =>
        (await store.journal.read(...query)).map((event) => (event.seq < 3 ? event : { ...event, seq: event.seq + 1 })),
    },
  })),

  broken("shows some commits late, behind later ones", "a tail that reads on while others commit skips nothing", (store) => {
    const hidden = new Set<string>();
    const late = withAppend(store, async (items) => {
      const streams = items.length > 1 ? items.map(({ stream }) => stream) : [];
      for (const stream of streams) hidden.add(stream);
      const outcome = await store.journal.append(items);
      setImmediate(() => {
        for (const stream of streams) hidden.delete(stream);
      });
      return outcome;
    });
    const readAll: Store["journal"]["readAll"] = async (...query) =>
      (await store.journal.readAll(...query)).filter(({ stream }) => !hidden.has(stream));
    return { ...late, journal: { ...late.journal, readAll } };
  }),

  broken("shows every tenant the streams of all", "no read shows a stream of another tenant", (store) => {
    const owners = new Map<string, TenantId>();
    const knowing = withAppend(store, (items) => {
      for (const { stream, tenant } of items) if (!owners.has(stream)) owners.set(stream, tenant);
      return store.journal.append(items);
    });
    const read: Store["journal"]["read"] = (stream, tenant, after, limit) =>
      store.journal.read(stream, owners.get(stream) ?? tenant, after, limit);
    return { ...knowing, journal: { ...knowing.journal, read } };
  }),

  broken("tails all tenants for each", "readAll is of one tenant, or of every tenant where none is named", (store) => ({
    ...store,
    journal: {
      ...store.journal,
      readAll: (_tenant, after, limit) => store.journal.readAll(undefined, after, limit),
    },
  })),

  broken("loses blobs", "a blob is there once the append that carries it has resolved, also after a crash", (store) =>
    withAppend(store, (items) => store.journal.append(items.map(({ blobs, ...item }) => item))),
  ),

  broken("normalises texts", "texts come back byte for byte", (store) =>
    withAppend(store, (items) =>
      store.journal.append(
        items.map((item) => ({ ...item, events: item.events.map((event) => ({ ...event, text: event.text.normalize() })) })),
      ),
    ),
  ),

  broken("tells watchers twice", "a watcher is told of each commit once, in commit order, after it", (store) => ({
    ...store,
    journal: {
      ...store.journal,
      watch: (listener) => store.journal.watch((notices) => listener([...notices, ...notices])),
    },
  })),

  broken("skips a row between pages", "lists one kind, newest first, in pages without gap or repetition", (store) => ({
    ...store,
    journal: {
      ...store.journal,
      list: async (query) => {
        const page = await store.journal.list(query);
        return page.cursor === undefined ? page : { ...page, rows: page.rows.slice(0, -1) };
      },
    },
  })),

  broken("starts epochs anew when opened", "epochs given are ever higher, over handles and reopening", (store) => {
    let epoch = 0;
    return { ...store, journal: { ...store.journal, nextEpoch: async () => ++epoch } };
  }),

  broken("drops what is pending when closed", "close commits what is pending, then refuses with shutting-down", (store) =>
    withAppend(
      store,
      (items) =>
        new Promise((resolve, reject) => {
          setImmediate(() => store.journal.append(items).then(resolve, reject));
        }),
    ),
  ),

  {
    name: "resolves before the append is durable",
    caughtBy: "an append has survived a crash by the time its promise resolves, and is whole if it has not",
    wrap(sound) {
      let durable: Store | undefined;
      return {
        open: async () => {
          const store = await sound.open();
          return withAppend(store, async (items) => {
            const before = await sound.openAfterCrash();
            const outcome = await store.journal.append(items);
            durable = before;
            return outcome;
          });
        },
        openAfterCrash: async () => durable ?? sound.openAfterCrash(),
        destroy: () => sound.destroy(),
      };
    },
  },

  {
    name: "loses a summary when reopened",
    caughtBy: "everything is there after a close and a reopen",
    wrap(sound) {
      let opened = 0;
      return {
        open: async () => {
          const store = await sound.open();
          if (++opened === 1) return store;
          return { ...store, journal: { ...store.journal, get: async () => undefined } };
        },
        openAfterCrash: () => sound.openAfterCrash(),
        destroy: () => sound.destroy(),
      };
    },
  },
];

/** The names of the cases that a backend fails. */
export async function failuresOf(cases: readonly StoreCase[], createBackend: () => Promise<StoreBackend>): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of cases) {
    const backend = await createBackend();
    try {
      await run(backend);
    } catch {
      failed.push(name);
    } finally {
      await backend.destroy();
    }
  }
  return failed;
}
