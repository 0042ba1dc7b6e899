/** Workers in processes of their own, on a daemon with real sockets. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { credentials, Client as GrpcClient, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type Client, createClient } from "@heddle/client";
import { anonymousBundle, type ContentHash, type Expr, irVersion, type Node, parseDaemonConfig, type WorkflowIr } from "@heddle/core";
import { createWorkerHub } from "@heddle/remote";
import { createRuntime, systemClock } from "@heddle/runtime";
import { afterEach, describe, expect, test } from "vitest";
import { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";

const program = fileURLToPath(new URL("../fixtures/worker.mjs", import.meta.url));
const children: ChildProcess[] = [];
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const close of closing.splice(0).reverse()) await close();
});

interface World {
  readonly daemon: Daemon;
  readonly client: Client;
  readonly token: string;
}

async function open(options: Partial<DaemonOptions> & { graceMs?: number; port?: number; dataDir?: string } = {}): Promise<World> {
  const { graceMs = 200, port = 0, dataDir = mkdtempSync(join(tmpdir(), "heddle-workers-")), ...rest } = options;
  const daemon = await startDaemon({
    config: parseDaemonConfig({ dataDir, grpc: { port }, http: { enabled: false }, shutdown: { graceMs } }),
    env: { HEDDLE_HOME: dataDir },
    ...rest,
  });
  closing.push(() => daemon.close());
  const token = readFileSync(daemon.tokenFile, "utf8").trim();
  const client = createClient({ target: daemon.address, token, env: { HEDDLE_HOME: dataDir } });
  closing.push(() => client.close());
  return { daemon, client, token };
}

interface WorkerProcess {
  readonly child: ChildProcess;
  /** Resolves with the first line that begins so, those of the past included. */
  said(start: string): Promise<string>;
  readonly lines: string[];
  readonly exit: Promise<number | null>;
}

function worker({ daemon, token }: World, name: string, options: object = {}): WorkerProcess {
  const given = JSON.stringify({ target: daemon.address, token, name, logPath: join(daemon.dataDir, "sdk.log"), ...options });
  const child = spawn(process.execPath, [program, given], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const tell of waiting) tell(line);
  });
  const said = (start: string) =>
    new Promise<string>((resolve) => {
      const known = lines.find((line) => line.startsWith(start));
      if (known !== undefined) return resolve(known);
      const tell = (line: string) => {
        if (!line.startsWith(start)) return;
        waiting.delete(tell);
        resolve(line);
      };
      waiting.add(tell);
    });
  const exit = once(child, "close").then(([code]) => code as number | null);
  return { child, said, lines, exit };
}

const literal = (value: number | string): Expr => ({ kind: "literal", value });
const ref = (scope: "var" | "result", name: string): Expr => ({ kind: "ref", scope, name });

/** Steps of one handler, one after the other; the last one's result is the output. */
function chain(handler: string, steps = 1): WorkflowIr {
  const nodes = Array.from({ length: steps }, (_, i): Node => {
    const node = {
      kind: "handler" as const,
      id: `s${i}`,
      handler,
      reads: [
        { name: "n", value: i === 0 ? literal(0) : ref("var", "n") },
        { name: "name", value: literal("Ada") },
      ],
      ...(handler === "step" ? { writes: [{ name: "n", value: ref("result", "n") }] } : {}),
    };
    return i === steps - 1 ? { ...node, exit: { output: { kind: "ref", scope: "result" } } } : node;
  });
  const edges = nodes.slice(1).map((node, i) => ({ id: `e${i}`, from: `s${i}`, to: node.id }));
  return { ir: irVersion, id: `chain-${handler}`, discipline: "stages", inputs: [], entry: "s0", nodes, edges };
}

async function put(client: Client, ir: WorkflowIr): Promise<ContentHash> {
  return (await client.bundles.put({ manifest: anonymousBundle([ir]), files: [] })).hash;
}

async function start(client: Client, handler: string): Promise<string> {
  return (await client.runs.start({ bundle: await put(client, chain(handler)), input: {} })).runId;
}

/** Follows a run until one of its reasons is of this kind; gives what it says. */
async function why(client: Client, runId: string, kind: string): Promise<string> {
  for (let i = 0; i < 200; i++) {
    const found = (await client.runs.why({ runId })).find((reason) => reason.kind === kind);
    if (found !== undefined) return found.message;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`the run never waits for ${kind}: ${JSON.stringify(await client.runs.why({ runId }))}`);
}

describe("a worker in another process", () => {
  test("carries out a handler whose code is in no bundle, logs and all", async () => {
    const world = await open();
    const { client } = world;
    const one = worker(world, "one");
    const runId = await start(client, "greet");
    expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { text: "hello Ada", by: "one" } });
    expect((await client.runs.logs({ runId })).at(-1)).toMatchObject({
      level: "info",
      text: "greeting",
      fields: { name: "Ada" },
      node: "s0",
    });
    expect(one.lines).toContain("ready");
  });

  test("fails as its handler says, and for results that are no JSON", async () => {
    const world = await open();
    const { client } = world;
    worker(world, "one");
    const thrown = await client.runs.result({ runId: await start(client, "throwing") });
    expect(thrown.failure).toMatchObject({ code: "out-of-luck", message: "no luck", retryable: false, details: { at: 3 }, node: "s0" });
    const odd = await client.runs.result({ runId: await start(client, "odd") });
    expect(odd.failure).toMatchObject({ code: "result-invalid", node: "s0" });
  });

  test("is refused with a clear error when its token is none", async () => {
    const world = await open();
    const refused = worker(world, "one", { token: "hdl_wrong" });
    expect(await refused.said("refused")).toMatch(/^refused unauthenticated the token is unknown or revoked/);
    expect(await refused.exit).toBe(1);
  });

  test("bytes that are no frame end the stream with a clear error, and the daemon goes on", async () => {
    const world = await open();
    const { daemon, token, client } = world;
    const same = (bytes: Buffer): Buffer => bytes;
    const grpc = new GrpcClient(daemon.address, credentials.createInsecure());
    closing.push(async () => grpc.close());
    const said = async (bytes: Buffer | undefined, authorization = `Bearer ${token}`) => {
      const metadata = new Metadata();
      metadata.set("authorization", authorization);
      const call = grpc.makeBidiStreamRequest<Buffer, Buffer>("/heddle.stream.v1.WorkerService/Serve", same, same, metadata);
      const failed = once(call, "error").then(([error]) => error as ServiceError);
      call.resume();
      if (bytes !== undefined) call.write(bytes);
      return failed;
    };
    expect(await said(Buffer.from("not a frame"))).toMatchObject({ code: 3, details: "the frame cannot be read" });
    expect(await said(Buffer.alloc(0))).toMatchObject({ code: 3, details: "a session begins with a hello" });
    expect(await said(undefined, "Bearer nobody")).toMatchObject({ code: 16, details: "the token is unknown or revoked" });
    worker(world, "one");
    expect(await client.runs.result({ runId: await start(client, "greet") })).toMatchObject({ status: "succeeded" });
  });

  test("a run whose handler nobody serves says so, and goes on once somebody does", async () => {
    const world = await open();
    const { client } = world;
    const runId = await start(client, "greet");
    const { bundle } = await client.runs.get({ runId });
    expect(await why(client, runId, "executor-missing")).toBe(`s0 waits: no worker serves greet of bundle ${bundle}`);
    const other = worker(world, "other", { bundles: [`sha256:${"0".repeat(64)}`] });
    await other.said("ready");
    expect(await why(client, runId, "executor-missing")).toContain("connected workers that serve it for other bundles: 1");
    worker(world, "right", { bundles: [bundle] });
    expect(await client.runs.result({ runId })).toMatchObject({ output: { by: "right" } });
  });
});

describe("when a worker dies", () => {
  test("kill -9 in the middle of a task: another worker finishes it, and no attempt is used up", async () => {
    const world = await open();
    const { client } = world;
    const first = worker(world, "first");
    const runId = await start(client, "hold");
    await first.said("began 1");
    const second = worker(world, "second");
    await second.said("ready");
    first.child.kill("SIGKILL");
    await second.said("began");
    second.child.stdin?.write("go\n");
    expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { by: "second" } });
  });

  test("a task that is not safe to repeat parks its run until a person says how it ended", async () => {
    const world = await open();
    const { client } = world;
    const first = worker(world, "first");
    const ir = chain("hold");
    const bundle = await put(client, { ...ir, nodes: ir.nodes.map((node) => ({ ...node, safety: "unsafe" as const })) });
    const { runId } = await client.runs.start({ bundle, input: {} });
    await first.said("began 1");
    first.child.kill("SIGKILL");
    for await (const batch of client.runs.follow({ runId })) if (batch.some(({ event }) => event.kind === "outcome-unknown")) break;
    expect(await client.runs.get({ runId })).toMatchObject({ status: "parked" });
    const [call] = (await client.calls.list({ status: "outcome-unknown" })).rows;
    await client.calls.settle({ call: call?.id ?? "", as: "succeeded", result: "by hand" });
    expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: "by hand" });
  });

  test("what it recorded with once is what the next attempt gets", async () => {
    const world = await open();
    const { client } = world;
    const first = worker(world, "first");
    const runId = await start(client, "draw");
    const drew = await first.said("drew");
    first.child.kill("SIGKILL");
    const second = worker(world, "second");
    expect(await second.said("drew")).toBe(drew);
    expect((await client.runs.result({ runId })).output).toBe(drew.slice("drew ".length));
    expect(drew).toMatch(/^drew first:/);
  });

  test("SIGTERM: it finishes what it has, gets nothing new, and exits 0", async () => {
    const world = await open();
    const { client } = world;
    const first = worker(world, "first", { slots: 1 });
    const held = await start(client, "hold");
    await first.said("began 1");
    first.child.kill("SIGTERM");
    const next = await start(client, "greet");
    expect(await why(client, next, "executor-missing")).toContain("no worker serves greet");
    first.child.stdin?.write("go\n");
    expect(await client.runs.result({ runId: held })).toMatchObject({ status: "succeeded", output: { by: "first", attempt: 1 } });
    expect(await first.exit).toBe(0);
    expect(first.lines).not.toContain("aborted 1");
    worker(world, "second");
    expect(await client.runs.result({ runId: next })).toMatchObject({ output: { by: "second" } });
  });

  test("SIGTERM with a grace that is too short: it is told to stop, and another worker does it", async () => {
    const world = await open();
    const { client } = world;
    const first = worker(world, "first", { graceMs: 50 });
    const runId = await start(client, "hold");
    await first.said("began 1");
    first.child.kill("SIGTERM");
    await first.said("aborted 1");
    expect(await first.exit).toBe(0);
    const second = worker(world, "second");
    await second.said("began");
    second.child.stdin?.write("go\n");
    expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { by: "second" } });
  });

  test("SIGSTOP: it loses its lease, another one does it, and its late result is dropped", async () => {
    const leaseMs = 600;
    const world = await open({
      openEngine: ({ config, version }) => {
        const workers = createWorkerHub({ clock: systemClock, leaseMs });
        const runtime = createRuntime({ dataDir: config.dataDir, version, executors: { workers } });
        return { ...runtime, workers, close: (options) => runtime.close(options) };
      },
    });
    const { client } = world;
    const stopped = worker(world, "stopped");
    const runId = await start(client, "hold");
    await stopped.said("began 1");
    const second = worker(world, "second");
    await second.said("ready");
    stopped.child.kill("SIGSTOP");
    await second.said("began");
    stopped.child.stdin?.write("go\n");
    stopped.child.kill("SIGCONT");
    // Which of the two it sees first is its own affair.
    await Promise.race([stopped.said("aborted 1"), stopped.said("done 1")]);
    second.child.stdin?.write("go\n");
    expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { by: "second" } });
    const events = await client.runs.events({ runId });
    expect(events.filter(({ event }) => event.kind === "activation-succeeded")).toHaveLength(1);
    // It has dialled again, and serves as before.
    second.child.kill("SIGKILL");
    expect(await client.runs.result({ runId: await start(client, "greet") })).toMatchObject({ output: { by: "stopped" } });
  });
});

describe("when the daemon goes", () => {
  test("a worker dials the next one, and goes on", async () => {
    const world = await open();
    const { daemon } = world;
    const one = worker(world, "one");
    await one.said("ready");
    const port = Number(daemon.address.split(":").at(-1));
    await daemon.close();
    const next = await open({ port, dataDir: daemon.dataDir });
    expect(await next.client.runs.result({ runId: await start(next.client, "greet") })).toMatchObject({ output: { by: "one" } });
  });

  test("it lets workers finish what they have", async () => {
    // It does not wait for the grace: the stream of a worker that has finished is no reason to.
    const world = await open({ graceMs: 60_000 });
    const { client, daemon } = world;
    const one = worker(world, "one");
    const runId = await start(client, "hold");
    await one.said("began 1");
    const closed = daemon.close();
    one.child.stdin?.write("go\n");
    await one.said("done 1");
    await closed;
    const next = await open({ dataDir: daemon.dataDir });
    expect(await next.client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { by: "one", attempt: 1 } });
    expect(one.lines.filter((line) => line.startsWith("began"))).toEqual(["began 1"]);
  });
});

test("a thousand tasks through two workers: each is committed once", async () => {
  const world = await open();
  const { client } = world;
  const workers = [worker(world, "one"), worker(world, "two")];
  await Promise.all(workers.map((one) => one.said("ready")));
  const bundle = await put(client, chain("step", 10));
  const runIds = await Promise.all(Array.from({ length: 100 }, async () => (await client.runs.start({ bundle, input: {} })).runId));
  const results = await Promise.all(runIds.map((runId) => client.runs.result({ runId })));
  for (const result of results) expect(result).toMatchObject({ status: "succeeded", output: { n: 10 } });
  for (const runId of runIds) {
    const events = await client.runs.events({ runId });
    expect(events.filter(({ event }) => event.kind === "activation-succeeded")).toHaveLength(10);
  }
  const steps = workers.flatMap((one) => one.lines.filter((line) => line.startsWith("step")));
  expect(steps).toHaveLength(1_000);
  expect(new Set(steps).size).toBe(1_000);
  for (const one of workers) expect(one.lines.filter((line) => line.startsWith("step")).length).toBeGreaterThan(100);
});
