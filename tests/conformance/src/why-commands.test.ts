/**
 * Row HE12, at the terminal: whatever keeps a run from ending, `heddle why` prints a command, and running that very
 * command makes the run go on. (What only a broken storage brings about is tested in tests/simulation.)
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@heddle/client";
import { type BundleManifest, bundleHash, type Explanation, hashBytes, parseDaemonConfig, WorkflowIr } from "@heddle/core";
import { type Daemon, startDaemon } from "@heddle/daemon";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder } from "./fake-engine.ts";

const launcher = fileURLToPath(new URL("../../../apps/cli/bin/heddle.js", import.meta.url));
const home = temporaryFolder();
const gate = join(home, "go-on");

const code = new TextEncoder().encode(`
import { existsSync } from "node:fs";
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export async function failsOnce(_, ctx) { if (ctx.attempt === 1) throw new Error("not yet"); return "done"; }
export async function diesOnce(_, ctx) { if (ctx.attempt === 1) process.exit(1); return "done"; }
export async function waitsForFile() { while (!existsSync(${JSON.stringify(gate)})) await later(20); return "done"; }
export async function ignoresAborts() { await later(600000); }
`);

const result = { kind: "ref", scope: "result" } as const;
const literal = (value: string | number) => ({ kind: "literal", value }) as const;

function workflow(id: string, node: Record<string, unknown>): WorkflowIr {
  return WorkflowIr.parse({
    ir: "heddle.ir/v1",
    id,
    discipline: "stages",
    inputs: [],
    entry: "only",
    nodes: [{ id: "only", exit: { output: result }, ...node }],
    edges: [],
  });
}

const handlers = ["failsOnce", "diesOnce", "waitsForFile", "ignoresAborts"];
const manifest: BundleManifest = {
  format: "heddle.bundle/v1",
  main: "timer",
  workflows: [
    workflow("timer", { kind: "wait", wait: { kind: "duration", ms: literal(3_600_000) } }),
    workflow("signal", { kind: "wait", wait: { kind: "signal", name: "go" } }),
    workflow("person", { kind: "human", mode: "approve", prompt: literal("Go on?") }),
    workflow("backoff", { kind: "handler", handler: "failsOnce", retry: { attemptsMax: 2, delayMs: 3_600_000, delayMaxMs: 3_600_000 } }),
    workflow("unknown", { kind: "handler", handler: "diesOnce", safety: "unsafe" }),
    workflow("in-flight", { kind: "handler", handler: "waitsForFile" }),
    workflow("stubborn", { kind: "handler", handler: "ignoresAborts" }),
    workflow("child", { kind: "workflow", workflow: "person" }),
  ],
  handlers: handlers.map((name) => ({ name, code: { file: "code.mjs", export: name } })),
  files: [{ path: "code.mjs", hash: hashBytes(code), bytes: code.length }],
};
const bundle = bundleHash(manifest);

let daemon: Daemon;
let client: Client;

async function start(): Promise<void> {
  const config = parseDaemonConfig({
    dataDir: join(home, "data"),
    grpc: { port: 0 },
    handlers: { processes: 1, graceMs: 4_000 },
    shutdown: { graceMs: 0 },
  });
  const env = { HEDDLE_HOME: home, PATH: process.env["PATH"] };
  daemon = await startDaemon({ config, env });
  client = createClient({ target: daemon.address, env, logPath: join(home, "sdk.log") });
}

async function stop(): Promise<void> {
  await client.close();
  await daemon.close();
}

beforeAll(async () => {
  await start();
  await client.bundles.put({ manifest, files: [{ path: "code.mjs", bytes: code }] });
});

afterAll(stop);

async function heddle(...args: readonly string[]): Promise<string> {
  const { said, exitCode } = await ends(...args);
  expect(exitCode, said).toBe(0);
  return said;
}

async function ends(...args: readonly string[]): Promise<{ readonly said: string; readonly exitCode: number }> {
  const child = spawn(process.execPath, [launcher, ...args, "--target", daemon.address], {
    env: { PATH: process.env["PATH"], HEDDLE_HOME: home, HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text: Buffer) => {
      said += text.toString();
    });
  }
  const [exitCode] = (await once(child, "close")) as [number];
  return { said, exitCode };
}

/** Starts a run and returns it once its stream holds an event of this kind. */
async function runUntil(id: string, kind: string): Promise<string> {
  const { runId } = await client.runs.start({ bundle, workflow: id, input: {} });
  for await (const batch of client.runs.follow({ runId })) if (batch.some(({ event }) => event.kind === kind)) break;
  return runId;
}

/** What \`heddle why\` prints first for a reason of this kind. */
async function commandFor(runId: string, kind: Explanation["kind"]): Promise<readonly string[]> {
  const { reasons } = JSON.parse(await heddle("why", runId, "--json")) as { reasons: readonly Explanation[] };
  const reason = reasons.find((each) => each.kind === kind);
  expect(reasons.map((each) => each.kind)).toContain(kind);
  const [program, ...args] = (reason?.commands[0] ?? "").split(" ");
  expect(program).toBe("heddle");
  return args;
}

async function succeeds(runId: string): Promise<void> {
  expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded" });
}

it.each([
  ["timer", "run-started", "timer"],
  ["signal", "run-started", "signal"],
  ["person", "run-started", "person"],
  ["backoff", "attempt-failed", "retry-backoff"],
  ["unknown", "outcome-unknown", "outcome-unknown"],
] as const)("ends what %s waits for", async (id, event, kind) => {
  const runId = await runUntil(id, event);
  await heddle(...(await commandFor(runId, kind)));
  await succeeds(runId);
});

it("resumes a paused run", async () => {
  const runId = await runUntil("signal", "run-started");
  await client.runs.pause({ runId });
  await heddle(...(await commandFor(runId, "paused")));
  expect((await client.runs.get({ runId })).status).toBe("waiting");
  await client.runs.cancel({ runId });
});

it("answers the question that a child run asks", async () => {
  const runId = await runUntil("child", "run-started");
  await expect.poll(() => client.runs.why({ runId })).toContainEqual(expect.objectContaining({ kind: "person" }));
  await heddle(...(await commandFor(runId, "child-run")));
  await succeeds(runId);
});

it("follows what runs to its end", async () => {
  const runId = await runUntil("in-flight", "run-started");
  const following = heddle(...(await commandFor(runId, "effect-in-flight")));
  writeFileSync(gate, "");
  await following;
  await succeeds(runId);
});

it("follows what is being aborted to its end", async () => {
  const runId = await runUntil("stubborn", "run-started");
  await expect.poll(() => client.runs.why({ runId })).toContainEqual(expect.objectContaining({ kind: "effect-in-flight" }));
  await client.runs.cancel({ runId });
  // Following a run that does not succeed ends with 1.
  expect((await ends(...(await commandFor(runId, "aborting")))).exitCode).toBe(1);
  expect((await client.runs.get({ runId })).status).toBe("cancelled");
});

it("stores a bundle again whose files were lost, and its runs go on", async () => {
  const runId = await runUntil("backoff", "attempt-failed");
  await stop();
  rmSync(join(home, "data", "bundles"), { recursive: true });
  const database = new DatabaseSync(join(home, "data", "heddle.db"));
  database.exec("DELETE FROM blob_refs; DELETE FROM blobs");
  database.close();
  await start();
  const [group = "", verb = ""] = await commandFor(runId, "bundle-not-loaded");
  const folder = join(home, "bundle");
  mkdirSync(join(folder, "payloads"), { recursive: true });
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "payloads", "code.mjs"), code);
  await heddle(group, verb, folder);
  await heddle(...(await commandFor(runId, "retry-backoff")));
  await succeeds(runId);
});
