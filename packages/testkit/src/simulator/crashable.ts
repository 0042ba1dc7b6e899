/** The ports of one incarnation, put around the real ones: every call is counted, and may be its last. */
import type { Clock, Executor, Store, StreamAppend } from "@heddle/ports";
import type { PortCalls } from "./port-calls.ts";

/** What a watcher of the store is told: an append that took effect. */
export type AppendObserver = (items: readonly StreamAppend[]) => void;

/** A store that dies with its incarnation. Closing it leaves the store beneath open. */
export function crashableStore(store: Store, calls: PortCalls, onAppended?: AppendObserver): Store {
  const { journal, blobs, logs } = store;
  const unwatch: (() => void)[] = [];
  calls.onDeath(() => {
    for (const stop of unwatch) stop();
  });
  return {
    journal: {
      append: (items) =>
        calls.call("journal.append", async () => {
          const outcome = await journal.append(items);
          if (outcome.kind === "appended") onAppended?.(items);
          return outcome;
        }),
      read: (...query) => calls.call("journal.read", () => journal.read(...query)),
      get: (...query) => calls.call("journal.get", () => journal.get(...query)),
      list: (query) => calls.call("journal.list", () => journal.list(query)),
      listOpen: (kind) => calls.call("journal.listOpen", () => journal.listOpen(kind)),
      readAll: (...query) => calls.call("journal.readAll", () => journal.readAll(...query)),
      claim: (...claim) => calls.call("journal.claim", () => journal.claim(...claim)),
      nextEpoch: () => calls.call("journal.nextEpoch", () => journal.nextEpoch()),
      watch: (listener) => {
        const stop = journal.watch((notices) => {
          if (calls.alive) listener(notices);
        });
        unwatch.push(stop);
        return stop;
      },
      delete: (...what) => calls.call("journal.delete", () => journal.delete(...what)),
      saveFold: (...fold) => calls.tell("journal.saveFold", () => journal.saveFold(...fold), undefined),
      loadFold: (stream) => calls.call("journal.loadFold", () => journal.loadFold(stream)),
    },
    blobs: {
      get: (...what) => calls.call("blobs.get", () => blobs.get(...what)),
      collect: () => calls.call("blobs.collect", () => blobs.collect()),
    },
    logs: {
      append: (...records) => calls.tell("logs.append", () => logs.append(...records), undefined),
      read: (...query) => calls.call("logs.read", () => logs.read(...query)),
      flush: () => calls.call("logs.flush", () => logs.flush()),
    },
    info: () => store.info(),
    failed: new Promise((resolve) => {
      void store.failed.then((error) => {
        if (calls.alive) resolve(error);
      });
    }),
    close: () => Promise.resolve(),
  };
}

/** An executor that dies with its incarnation. */
export function crashableExecutor(executor: Executor, calls: PortCalls): Executor {
  return {
    execute: (task, abort) => calls.call("executor.execute", () => executor.execute(task, abort), false),
    close: () => (calls.alive ? executor.close() : Promise.resolve()),
  };
}

/** A clock whose timers die with their incarnation. */
export function crashableClock(clock: Clock, calls: PortCalls): Clock {
  const armed = new Set<() => void>();
  calls.onDeath(() => {
    for (const disarm of armed) disarm();
    armed.clear();
  });
  return {
    nowMs: () => clock.nowMs(),
    setTimer: (delayMs, fire) =>
      calls.tell(
        "clock.setTimer",
        () => {
          const disarm = clock.setTimer(delayMs, () => {
            armed.delete(disarm);
            if (calls.alive) fire();
          });
          armed.add(disarm);
          return () => {
            armed.delete(disarm);
            disarm();
          };
        },
        () => undefined,
      ),
  };
}
