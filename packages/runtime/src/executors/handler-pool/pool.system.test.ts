import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureOf, type JsonValue, type Node } from "@heddle/core";
import type { Outcome, Task } from "@heddle/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AttemptAbort } from "../../shell/abort.ts";
import { systemClock } from "../../shell/system.ts";
import { HandlerPool } from "./pool.ts";

const code = `
let shared = 0;
export async function echo({ value }) { return value; }
export async function environment() { return Object.keys(process.env).sort(); }
export async function cwd() { return process.cwd(); }
export async function stubborn() { await new Promise(() => setInterval(() => {}, 1000)); }
export async function patient(_, ctx) {
  await new Promise((resolve, reject) => ctx.signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true }));
}
export async function die() { process.exit(3); }
export async function throwing() { throw Object.assign(new Error("no luck"), { code: "out-of-luck", retryable: false, details: { at: 3 } }); }
export const calls = async (_, ctx) => [
  await ctx.call("read", { path: "a" }, { name: "look" }),
  await ctx.call("refused").catch(({ code, details, retryable }) => ({ code, details, retryable })),
  await Promise.all([ctx.call("one"), ctx.call("two")]),
];
export const forgetful = (_, ctx) => { ctx.call("refused"); return "early"; };
export async function odd() { return { when: () => 1 }; }
export async function talk(_, ctx) { console.log("hello %s", "there"); ctx.log.warn("careful", { n: 1 }); process.stderr.write("raw\\n"); return shared++; }
export async function spin() { for (;;) {} }
export async function mapped() { throw new TypeError("at the author's line"); }
export async function printed() { console.error(new RangeError("printed")); }
export async function onceOnly(_, ctx) { return ctx.once("draw", () => Math.random()); }
`;

interface Said {
  readonly level: string;
  readonly source: string;
  readonly text: string;
}

let folder: string;
let pool: HandlerPool;
const said: Said[] = [];
const recorded: Record<string, JsonValue> = {};

const names = [
  "echo",
  "environment",
  "cwd",
  "stubborn",
  "patient",
  "die",
  "throwing",
  "odd",
  "talk",
  "spin",
  "mapped",
  "printed",
  "onceOnly",
  "calls",
  "forgetful",
];

function openPool(options: { processes?: number; graceMs?: number; handlers?: readonly string[] } = {}): HandlerPool {
  return new HandlerPool({
    code: {
      hash: `sha256:${"0".repeat(64)}`,
      folder,
      handlers: (options.handlers ?? names).map((name) => ({ name, file: "code.mjs", export: name })),
    },
    processes: options.processes ?? 1,
    memoryMb: 128,
    graceMs: options.graceMs ?? 100,
    environment: { GIVEN: "yes" },
    clock: systemClock,
  });
}

let activations = 0;

function task(handler: string, input: Record<string, JsonValue> = {}): Task {
  const node: Node = { kind: "handler", id: `node-${handler}`, handler };
  return {
    run: `run_${"0".repeat(26)}`,
    tenant: "default",
    bundle: `sha256:${"0".repeat(64)}`,
    node,
    activation: ++activations,
    attempt: 1,
    incarnation: "inc",
    idempotencyKey: `run_${"0".repeat(26)}/${activations}`,
    input,
    services: {
      once: (name) => recorded[name],
      recorded: () => recorded,
      waiting: () => undefined,
      recordOnce: async (name, value) => {
        recorded[name] = value;
      },
      call: async ({ tool, args, name }) =>
        tool === "refused"
          ? { kind: "failed", failure: failureOf("call-denied", "no", "denied", { details: { reason: "not-this" } }) }
          : { kind: "succeeded", result: { tool, args, name: name ?? null } },
      log: ({ level, source, text }) => said.push({ level, source, text }),
    },
  };
}

function call(handler: string, input?: Record<string, JsonValue>, abort = new AttemptAbort()): Promise<Outcome> {
  return pool.execute(task(handler, input), abort);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-pool-"));
  await writeFile(join(folder, "code.mjs"), code);
  said.length = 0;
  for (const name of Object.keys(recorded)) delete recorded[name];
  pool = openPool();
});

afterEach(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

describe("warm handler processes", () => {
  test("run many calls at a time in one process", async () => {
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, value) => call("echo", { value })));
    expect(outcomes).toEqual(Array.from({ length: 200 }, (_, result) => ({ kind: "succeeded", result })));
    expect(pool.pids()).toHaveLength(1);
  });

  test("inherit nothing of the environment, and start in the bundle's folder", async () => {
    expect(await call("environment")).toEqual({ kind: "succeeded", result: ["GIVEN"] });
    expect(await call("cwd")).toEqual({ kind: "succeeded", result: folder });
  });

  test("report what a handler throws, its code and details kept", async () => {
    expect(await call("throwing")).toEqual({
      kind: "failed",
      failure: { code: "out-of-luck", message: "no luck", class: "handler", retryable: false, node: "node-throwing", details: { at: 3 } },
    });
  });

  test("name the place of a failure in the author's sources, and nothing of this machine", async () => {
    const line = code.split("\n").findIndex((one) => one.includes("function mapped"));
    const map = { version: 3, sources: ["src/flow.ts"], names: [], mappings: `${";".repeat(line)}AAWM` };
    await writeFile(join(folder, "code.mjs"), `${code}//# sourceMappingURL=code.mjs.map\n`);
    await writeFile(join(folder, "code.mjs.map"), JSON.stringify(map));
    await call("mapped");
    const [told] = said.filter(({ text }) => text.startsWith("TypeError"));
    expect(told).toMatchObject({ level: "error", source: "console" });
    expect(told?.text.split("\n").slice(0, 2)).toEqual(["TypeError: at the author's line", "    at mapped (src/flow.ts:12:7)"]);
    expect(told?.text).not.toContain(folder);
    expect(told?.text).not.toContain("node:");
  });

  test("print paths from the bundle's folder on", async () => {
    await call("printed");
    const [told] = said.filter(({ text }) => text.includes("RangeError"));
    expect(told?.text).toMatch(/at printed \(code\.mjs:\d+:\d+\)/);
    expect(told?.text).not.toContain(folder);
  });

  test("refuse a result that is not JSON", async () => {
    expect(await call("odd")).toMatchObject({ kind: "failed", failure: { code: "result-invalid", class: "invalid" } });
  });

  test("capture console, ctx.log and raw output of the call that printed it", async () => {
    expect(await call("talk")).toEqual({ kind: "succeeded", result: 0 });
    expect(said).toContainEqual({ level: "info", source: "console", text: "hello there" });
    expect(said).toContainEqual({ level: "warn", source: "log", text: "careful" });
  });

  test("end by themselves when asked", async () => {
    const abort = new AttemptAbort();
    const ended = call("patient", {}, abort);
    await call("echo", { value: 1 });
    abort.abort("cancelled");
    expect(await ended).toEqual({ kind: "aborted" });
    expect(pool.pids()).toHaveLength(1);
  });

  test("are ended when a call ignores its abort: the culprit is aborted, what ran beside it is lost, without blame", async () => {
    const abort = new AttemptAbort();
    const culprit = call("stubborn", {}, abort);
    const beside = call("patient");
    await call("echo", { value: 1 });
    abort.abort("timeout");
    expect(await culprit).toEqual({ kind: "aborted" });
    expect(await beside).toMatchObject({ kind: "lost", counted: false });
  });

  test("are ended also when a call never gives the thread back", async () => {
    await call("echo", { value: 1 });
    const abort = new AttemptAbort();
    const culprit = call("spin", {}, abort);
    abort.abort("timeout");
    expect(await culprit).toEqual({ kind: "aborted" });
    expect(await call("echo", { value: 2 })).toEqual({ kind: "succeeded", result: 2 });
  });

  test("lose the calls they had taken when they die, and the next call gets a new process", async () => {
    await call("echo", { value: 1 });
    const [before] = pool.pids();
    const beside = call("patient");
    expect(await call("die")).toMatchObject({ kind: "lost" });
    expect(await beside).toMatchObject({ kind: "lost" });
    expect(await call("echo", { value: 2 })).toEqual({ kind: "succeeded", result: 2 });
    expect(pool.pids()).not.toContain(before);
  });

  test("hand calls that were not taken to another process", async () => {
    // The first process is ended before it can have loaded anything.
    const early = Array.from({ length: 20 }, (_, value) => call("echo", { value }));
    for (const pid of pool.pids()) process.kill(pid, "SIGKILL");
    expect(await Promise.all(early)).toEqual(Array.from({ length: 20 }, (_, result) => ({ kind: "succeeded", result })));
  });

  test("count losses against the call once the pool's window is used up", async () => {
    const outcomes: Outcome[] = [];
    for (let i = 0; i < 12; i++) outcomes.push(await call("die"));
    expect(outcomes.slice(0, 10).every((outcome) => outcome.kind === "lost" && !outcome.counted)).toBe(true);
    expect(outcomes[11]).toMatchObject({ kind: "lost", counted: true });
  }, 30_000);

  test("fail every call when the code cannot be loaded, and say why", async () => {
    await pool.close();
    pool = openPool({ handlers: ["absent"] });
    expect(await call("absent")).toMatchObject({
      kind: "failed",
      failure: { code: "executor-unavailable", message: expect.stringContaining("no function export absent") },
    });
  });

  test("record a value once, and give it to later attempts", async () => {
    const first = await call("onceOnly");
    expect(await call("onceOnly")).toEqual(first);
    expect(Object.keys(recorded)).toEqual(["draw"]);
  });

  test("call tools through the runtime, and learn why one is refused", async () => {
    expect(await call("calls")).toEqual({
      kind: "succeeded",
      result: [
        { tool: "read", args: { path: "a" }, name: "look" },
        { code: "call-denied", details: { reason: "not-this" }, retryable: false },
        [
          { tool: "one", args: {}, name: null },
          { tool: "two", args: {}, name: null },
        ],
      ],
    });
    expect(await call("forgetful")).toEqual({ kind: "succeeded", result: "early" });
    expect(said.filter(({ level }) => level === "error")).toEqual([]);
  });
});
