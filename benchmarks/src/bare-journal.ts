/**
 * The limit: the least that runs durable workflows on SQLite. Every append of an event-loop turn goes
 * into one synced commit, and a step begins after the commit of the one before. No state machine, no
 * types, no retries, no timers, no API: nobody could use it, and nothing on the same store is faster.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { System, SystemOptions } from "./system.ts";

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA cache_size = -16384;
  CREATE TABLE IF NOT EXISTS runs (no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, status INTEGER NOT NULL, output TEXT);
  CREATE TABLE IF NOT EXISTS journal (n INTEGER PRIMARY KEY, run INTEGER NOT NULL, seq INTEGER NOT NULL, result TEXT NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS journal_by_run ON journal (run, seq);
`;

export function openBareJournal({ folder, resultBytes, onStep }: SystemOptions): System {
  const db = new DatabaseSync(join(folder, "bare.db"));
  db.exec(schema);
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const insertRun = db.prepare("INSERT INTO runs (no, key, status) VALUES (?, ?, 0)");
  const insertStep = db.prepare("INSERT INTO journal (run, seq, result) VALUES (?, ?, ?)");
  const endRun = db.prepare("UPDATE runs SET status = 1, output = ? WHERE no = ?");
  const findRun = db.prepare("SELECT no, status FROM runs WHERE key = ?");
  const findSteps = db.prepare("SELECT seq FROM journal WHERE run = (SELECT no FROM runs WHERE key = ?) ORDER BY seq");
  const payload = "x".repeat(resultBytes);
  let runs = Number(db.prepare("SELECT coalesce(max(no), 0) AS last FROM runs").get()?.["last"]);
  let queue: { readonly write: () => void; readonly done: () => void }[] = [];

  function commitQueue(): void {
    const batch = queue;
    queue = [];
    begin.run();
    for (const { write } of batch) write();
    commit.run();
    for (const { done } of batch) done();
  }

  function durable(write: () => void): Promise<void> {
    return new Promise((done) => {
      if (queue.push({ write, done }) === 1) setImmediate(commitQueue);
    });
  }

  async function goOn(run: number, key: string, from: number, steps: number): Promise<void> {
    for (let step = from; step < steps; step++) {
      onStep?.(key, step);
      const result = JSON.stringify({ n: step + 1, payload });
      await durable(() => insertStep.run(run, step, result));
    }
    await durable(() => endRun.run(String(steps), run));
  }

  async function start(key: string): Promise<number> {
    const run = ++runs;
    await durable(() => insertRun.run(run, key));
    return run;
  }

  const setting = (name: string): string => String(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  return {
    settings: { journal_mode: setting("journal_mode"), synchronous: setting("synchronous") },
    runWorkflow: async (steps) => goOn(await start(`run-${runs + 1}`), "", 0, steps),
    async mapReduce(items) {
      const run = await start(`run-${runs + 1}`);
      const given = await Promise.all(
        Array.from({ length: items }, async (_, item) => {
          const result = { n: item + 1, payload };
          const text = JSON.stringify(result);
          await durable(() => insertStep.run(run, item, text));
          return result;
        }),
      );
      const sum = given.reduce((total, { n }) => total + n, 0);
      await durable(() => insertStep.run(run, items, JSON.stringify({ n: sum })));
      await durable(() => endRun.run(String(sum), run));
    },
    async attach(key, steps, started) {
      const found = findRun.get(key);
      const run = found === undefined ? await start(key) : Number(found["no"]);
      started(found !== undefined);
      if (found?.["status"] !== 1) await goOn(run, key, found === undefined ? 0 : findSteps.all(key).length, steps);
    },
    committed: (key, steps) =>
      Promise.resolve(Array.from({ length: steps }, (_, step) => findSteps.all(key).filter((row) => row["seq"] === step).length)),
    close: () => Promise.resolve(db.close()),
  };
}
