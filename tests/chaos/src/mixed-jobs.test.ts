// Job folders with manifests of version 1.0, through a daemon and the command line, both processes of their own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DaemonProcess, freePort } from "./daemon-process.ts";
import { type LogLine, note } from "./mixed-act.ts";
import { doneOf, linesOf } from "./mixed-ledger.ts";

const fixtures = fileURLToPath(new URL("../../../packages/compiler/fixtures/manifests/", import.meta.url));
const cli = fileURLToPath(new URL("../../../apps/cli/bin/heddle.js", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-jobs-")));
const logs = join(folder, "logs");
let home: { readonly dataDir: string; readonly home: string; readonly port: number };
let daemon: DaemonProcess;

beforeAll(async () => {
  mkdirSync(logs);
  home = { dataDir: join(folder, "data"), home: join(folder, "home"), port: await freePort() };
  daemon = await DaemonProcess.start(home);
});
afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  /** The JSON lines of standard output. */
  readonly said: readonly Record<string, unknown>[];
  readonly stderr: string;
}

/** Types a command; its output is JSON. */
async function heddle(...argv: readonly string[]): Promise<Ended> {
  const env = { ...process.env, HEDDLE_HOME: home.home, HEDDLE_TARGET: `127.0.0.1:${home.port}`, HEDDLE_LOG_PATH: join(folder, "sdk.log") };
  const child = spawn(process.execPath, [cli, ...argv, "--json"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let stderr = "";
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    stderr += text.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said: out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>])), stderr };
}

/** A copy of a fixture in the folder of this test, to be run by its name. */
function copyOf(name: string): string {
  cpSync(join(fixtures, name), join(folder, name), { recursive: true });
  return name;
}

describe("a job folder, by a daemon", () => {
  test.each([
    ["cycle", { last_message: { version: 3, author: "loom" } }],
    ["streaming", { last_message: { peaks: [4, 9] } }],
  ])(
    "%s",
    async (name, output) => {
      const ran = await heddle("run", copyOf(name));
      expect(ran.said.at(-1)).toMatchObject({ status: "succeeded", output });
      expect(ran.code).toBe(0);
    },
    60_000,
  );

  test("fan-out to a hundred programs, with the daemon killed in the middle: what was not known is settled, and the sum is right", async () => {
    const job = loggingFanOut();
    const running = heddle("run", job);
    await someAreRunning();
    await daemon.killInCommit(50);
    daemon = await DaemonProcess.start(home);
    const settled = new Map<string, string>();
    const ended = await settleUntil(running, settled);
    expect(ended.said.at(-1)).toMatchObject({ status: "succeeded", output: { parts: 100, total: 500_500 } });
    expect(ended.code).toBe(0);

    const lines = linesOf(logs, "shards");
    const unsafe = new Map<string, LogLine[]>();
    for (const line of lines) if (Number(line.step) % 2 === 1) unsafe.set(line.key, [...(unsafe.get(line.key) ?? []), line]);
    expect(unsafe.size).toBe(50);
    for (const [key, own] of unsafe) {
      // What was not settled was executed once, and what was settled counts once.
      expect([key, own.filter((line) => doneOf(own, key, line.attempt) === line).length]).toEqual([key, 1]);
      const begun = own.filter(({ at }) => at === "begin").map(({ attempt }) => attempt);
      expect([key, begun]).toEqual([key, settled.get(key) === "--retry" ? expect.arrayContaining([2]) : [1]]);
      expect(new Set(begun).size).toBe(begun.length);
      if (!settled.has(key)) expect(own.map(({ at }) => at)).toEqual(["begin", "done"]);
    }
    expect(new Set(lines.filter(({ at }) => at === "done").map(({ step }) => step)).size).toBe(100);
    expect(settled.size).toBeGreaterThan(0);
  }, 120_000);
});

/** The fan-out with programs that write what they do to a log, and of which every other one may be repeated. */
function loggingFanOut(): string {
  const name = copyOf("fan-out");
  const path = join(folder, name, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { nodes: { node_id: string; config: Record<string, unknown> }[] };
  for (const { node_id: id, config } of manifest.nodes) {
    const shard = /^shard_(\d+)$/.exec(id)?.[1];
    if (shard === undefined) continue;
    config["environment"] = { SHARD: String(Number(shard)), LOG: join(logs, "shards.log") };
    config["safe_to_retry"] = Number(shard) % 2 === 0;
  }
  writeFileSync(path, JSON.stringify(manifest));
  const program = join(folder, name, "payloads/shards/shard.mjs");
  const [imports = "", ...rest] = readFileSync(program, "utf8").split("\n");
  const text = [
    imports,
    'import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";',
    "const note = (line) => {",
    '  const file = openSync(process.env.LOG, "a");',
    '  writeSync(file, JSON.stringify({ ...line, step: process.env.SHARD, key: process.env.MN_IDEMPOTENCY_KEY, attempt: Number(process.env.MN_ATTEMPT_ID.split("/").at(-1)), pid: process.pid }) + "\\n");',
    "  fsyncSync(file);",
    "  closeSync(file);",
    "};",
    'note({ at: "begin" });',
    "await new Promise((resolve) => setTimeout(resolve, 60));",
    ...rest,
    'note({ at: "done", result: sum });',
    "await new Promise((resolve) => setTimeout(resolve, 40));",
  ];
  writeFileSync(program, text.join("\n"));
  return name;
}

/** Waits until a good part is done, and one that may not be repeated has just begun. */
async function someAreRunning(): Promise<void> {
  for (const untilMs = Date.now() + 60_000; Date.now() < untilMs; await later(5)) {
    const lines = linesOf(logs, "shards");
    const last = lines.at(-1);
    if (lines.filter(({ at }) => at === "done").length >= 30 && last?.at === "begin" && Number(last.step) % 2 === 1) return;
  }
  throw new Error("the fan-out does not come on");
}

/** Settles by command whatever is unknown, from the log of the programs, until the run has ended. */
async function settleUntil(running: Promise<Ended>, settled: Map<string, string>): Promise<Ended> {
  let ended: Ended | undefined;
  void running.then((one) => {
    ended = one;
  });
  for (const untilMs = Date.now() + 90_000; ended === undefined && Date.now() < untilMs; ) {
    const listed = await heddle("calls", "list", "--status", "outcome-unknown");
    const rows = (listed.said[0]?.["rows"] ?? []) as { id: string; node: string; attempt: number }[];
    for (const { id, node, attempt } of rows) {
      const shard = String(Number(node.slice("shard_".length)));
      note(logs, "shards", { at: "void", step: shard, key: id, attempt, pid: process.pid });
      const done = doneOf(linesOf(logs, "shards"), id, attempt);
      const stdout = JSON.stringify({ shard: Number(shard), sum: done?.result, asked: true });
      const result = { agent_id: node, sandbox: { exit_code: 0, stdout, stderr: "" }, input: {}, output: null };
      const how = done === undefined ? ["--retry"] : ["--succeeded", JSON.stringify(result)];
      expect((await heddle("calls", "settle", id, ...how)).code).toBe(0);
      settled.set(id, how[0] ?? "");
    }
    if (rows.length === 0) await later(50);
  }
  if (ended === undefined) throw new Error("the run does not end");
  return ended;
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
