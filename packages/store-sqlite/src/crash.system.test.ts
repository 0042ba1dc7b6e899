import { spawn } from "node:child_process";
import { copyFileSync, readFileSync, statSync, truncateSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nodeSqliteDriver, type SqliteDriver } from "./driver.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

vi.setConfig({ testTimeout: 120_000 });

const tenant = "default";
const writer = fileURLToPath(new URL("../fixtures/append-until-killed.mjs", import.meta.url));

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-sqlite-crash-"));
  path = join(folder, "store.db");
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the child writer until it ends; kills it at `killAfter` acknowledged appends. */
async function runWriter(args: readonly string[], killAfter: number) {
  const child = spawn(process.execPath, ["--no-warnings", writer, path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged = new Map<string, number>();
  let count = 0;
  createInterface(child.stdout).on("line", (line) => {
    const [name = "", seq] = line.split(" ");
    acknowledged.set(name, Number(seq));
    if (++count === killAfter) child.kill("SIGKILL");
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on("close", (...ending) => resolve(ending));
  });
  return { acknowledged, code, signal };
}

const rounds = [
  ["begin", 1, Infinity],
  ["end", 1, Infinity],
  ["begin", 7, Infinity],
  ["end", 40, Infinity],
  ["never", 0, 300],
  ["never", 0, 701],
] as const;

test("kill -9 at and between commits: every acknowledged append is there, and pairs are whole", async () => {
  const expected = new Map<string, number>();
  for (const [generation, [mode, commit, killAfter]] of rounds.entries()) {
    const { acknowledged, signal } = await runWriter([String(generation), mode, String(commit)], killAfter);
    expect(signal).toBe("SIGKILL");
    for (const [name, seq] of acknowledged) expected.set(name, seq);
    const store = await openSqliteStore({ path });
    for (let i = 0; i < 8; i++) expected.set(`run:${generation}-${i}`, expected.get(`run:${generation}-${i}`) ?? 0);
    for (const [name, seq] of expected) {
      const first = await store.journal.read(`${name}-a`, tenant, 0, 100_000);
      const second = await store.journal.read(`${name}-b`, tenant, 0, 100_000);
      expect(first.length).toBeGreaterThanOrEqual(seq);
      // What was in flight may have been committed without a word about it: one append per loop at most.
      expect(first.length).toBeLessThanOrEqual(seq + 1);
      expect(first.map(({ text }) => text)).toEqual(first.map((_, n) => `"${name}-a ${n + 1}"`));
      expect(second.length).toBe(first.length);
    }
    await store.close();
  }
  expect([...expected.values()].reduce((sum, seq) => sum + seq, 0)).toBeGreaterThan(1_000);
});

test("a store that is idle keeps nothing running", async () => {
  const { code, acknowledged } = await runWriter(["0", "idle", "0"], Infinity);
  expect(code).toBe(0);
  expect(acknowledged.size).toBe(8);
});

/** Small pages, so that a frame of the log has few bytes to cut at. */
const smallPages: SqliteDriver = {
  open(file) {
    const connection = nodeSqliteDriver.open(file);
    connection.exec("PRAGMA page_size = 512");
    return connection;
  },
};

test("a log cut at any byte of its last frame: the last commit is whole or absent, the others are there", async () => {
  const store = await openSqliteStore({ path, driver: smallPages });
  const item = (stream: string, seq: number) => ({
    stream,
    tenant,
    expectedSeq: seq,
    epoch: 1,
    events: [{ atMs: 1, text: `"${stream} ${seq + 1}"` }],
  });
  for (let seq = 0; seq < 5; seq++) await store.journal.append([item("run:a", seq), item("run:b", seq)]);
  const before = statSync(`${path}-wal`).size;
  await store.journal.append([item("run:a", 5), item("run:b", 5)]);
  const log = readFileSync(`${path}-wal`);
  expect(log.length).toBeGreaterThan(before);
  const frame = 24 + 512;
  for (let length = log.length - frame; length <= log.length; length++) {
    const copy = join(folder, "cut.db");
    await Promise.all([rm(`${copy}-wal`, { force: true }), rm(`${copy}-shm`, { force: true })]);
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    truncateSync(`${copy}-wal`, length);
    const cut = await openSqliteStore({ path: copy });
    const texts = async (stream: string) => (await cut.journal.read(stream, tenant, 0, 10)).map(({ text }) => text);
    const seqs = length === log.length ? 6 : 5;
    for (const stream of ["run:a", "run:b"]) {
      expect(await texts(stream)).toEqual(Array.from({ length: seqs }, (_, seq) => `"${stream} ${seq + 1}"`));
    }
    expect(await cut.journal.readAll(undefined, 0, 100)).toHaveLength(2 * seqs);
    await cut.close();
  }
  await store.close();
});
