import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createNodeServer, defineNode, type NodeServer } from "@heddle/node-server";
import { afterEach, expect, test } from "vitest";
import { gate } from "../../test/gate.ts";
import { attempt, failureIn, realClock, tenant } from "../../test/remote-tasks.ts";
import { type DialNodeServer, dialWebSocket, type NodeServerSocket } from "./dial.ts";
import { createNodeServers } from "./node-servers.ts";

const base = { category: "Test", version: "1", parameters: [] } as const;
const echo = defineNode({
  ...base,
  uid: "echo",
  name: "Echo",
  inputs: [{ name: "a", type: "json" }],
  outputs: [{ name: "b", type: "json" }],
  execute: ({ inputLists }) => ({ b: inputLists.a ?? [] }),
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function world(dial?: DialNodeServer): ReturnType<typeof createNodeServers> {
  const host = createNodeServers({ clock: realClock, ...(dial === undefined ? {} : { dial }) });
  closing.push(() => host.close());
  return host;
}

async function serve(
  nodes: Parameters<NodeServer["add"]>[0][],
  settings: { token?: string; uid?: string; port?: number } = {},
): Promise<string> {
  const { token, uid = "near", port = 0 } = settings;
  const config = { domain: "test.local", serverName: uid, serverUid: uid, serverPackageId: `test/${uid}`, port };
  const server = createNodeServer({ ...config, ...(token === undefined ? {} : { token }) }, { nodes, environment: {} });
  closing.push(() => server.stop());
  return (await server.start()).url;
}

async function spawned(port = 0): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const script = fileURLToPath(new URL("../../test/node-server-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  closing.push(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await once(child, "exit");
  });
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return { child, port: Number(line) };
  throw new RangeError("the child said nothing");
}

test("attempts run at once over one connection, and give the lists as they are", async () => {
  let dials = 0;
  const host = world((...given) => {
    dials++;
    return dialWebSocket(...given);
  });
  const url = await serve([echo]);
  expect(await host.add({ tenant, url }, 1)).toMatchObject({ status: "connected", serverPackageId: "test/near", nodes: [{ uid: "echo" }] });
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, n) => attempt(host, { node: "echo", server: "test/near" }, { a: [n, { deep: [n] }] }).outcome),
  );
  expect(outcomes).toEqual(Array.from({ length: 50 }, (_, n) => ({ kind: "succeeded", result: { b: [n, { deep: [n] }] } })));
  expect(dials).toBe(1);
});

test("a token is shown in a header; without it, or with another, the server is not reached", async () => {
  const host = world();
  const url = await serve([echo], { token: "secret" });
  const message = expect.stringMatching(/refuses the connection/);
  expect(await host.add({ tenant, url }, 1)).toMatchObject({ status: "failed", message });
  expect(await host.add({ tenant, url, token: "wrong" }, 1)).toMatchObject({ status: "failed", message });
  expect(await host.add({ tenant, url, token: "secret" }, 1)).toMatchObject({ status: "connected" });
  expect(host.list(tenant)).toHaveLength(1);
});

test("an abort reaches the node, and its end reaches the attempt", async () => {
  const host = world();
  let reason: unknown;
  const patient = defineNode({
    ...base,
    uid: "patient",
    name: "Patient",
    inputs: [],
    outputs: [],
    async execute({ signal, sendStatus }) {
      sendStatus({ type: "running", message: "waiting" });
      await once(signal, "abort");
      reason = signal.reason;
    },
  });
  await host.add({ tenant, url: await serve([patient]) }, 1);
  const far = attempt(host, { node: "patient" });
  await far.says("waiting");
  far.abort();
  expect(await far.outcome).toEqual({ kind: "aborted" });
  expect(reason).toBeDefined();
  expect(host.list(tenant)[0]?.inFlight).toBe(0);
});

test("an attempt goes on over a connection that breaks: the node runs once", async () => {
  let calls = 0;
  const { passed, open } = gate();
  const slow = defineNode({
    ...base,
    uid: "slow",
    name: "Slow",
    inputs: [],
    outputs: [{ name: "calls", type: "number" }],
    async execute({ sendStatus }) {
      calls++;
      sendStatus({ type: "running", message: "begun" });
      await passed;
      return { calls };
    },
  });
  const sockets: NodeServerSocket[] = [];
  const host = world((url, token, events) => {
    const socket = dialWebSocket(url, token, events);
    sockets.push(socket);
    return socket;
  });
  await host.add({ tenant, url: await serve([slow]) }, 1);
  const far = attempt(host, { node: "slow" });
  await far.says("begun");
  sockets[0]?.close();
  await far.waitsFor((waiting) => waiting?.kind === "executor-missing");
  // It ends while nobody is connected.
  open();
  expect(await far.outcome).toEqual({ kind: "succeeded", result: { calls: [1] } });
  expect(sockets).toHaveLength(2);
  expect(far.waits.at(-1)).toBeUndefined();
});

test("a server that is killed loses what it did, once it is back; what comes then is done", async () => {
  const first = await spawned();
  const host = world();
  const url = `ws://127.0.0.1:${first.port}/`;
  await host.add({ tenant, url }, 1);
  const far = attempt(host, { node: "hold" });
  await far.says("holding");
  first.child.kill("SIGKILL");
  await far.waitsFor((waiting) => waiting?.kind === "executor-missing");
  expect(host.list(tenant)[0]).toMatchObject({ status: "failed", inFlight: 1 });
  const second = await spawned(first.port);
  expect(await far.outcome).toMatchObject({ kind: "lost", counted: false });
  const again = attempt(host, { node: "hold" });
  await again.says("holding");
  expect((await attempt(host, { node: "release" }).outcome).kind).toBe("succeeded");
  expect(await again.outcome).toEqual({ kind: "succeeded", result: { pid: [second.child.pid] } });
});

test("another host is answered from memory, as a daemon that was started again is", async () => {
  let calls = 0;
  const { passed, open } = gate();
  const slow = defineNode({
    ...base,
    uid: "slow",
    name: "Slow",
    inputs: [],
    outputs: [{ name: "calls", type: "number" }],
    async execute({ sendStatus }) {
      calls++;
      sendStatus({ type: "running", message: "begun" });
      await passed;
      return { calls };
    },
  });
  const url = await serve([slow]);
  const before = world();
  await before.add({ tenant, url }, 1);
  const at = { activation: 900 };
  const first = attempt(before, { node: "slow" }, {}, at);
  await first.says("begun");
  await before.close();
  expect(await first.outcome).toEqual({ kind: "aborted" });
  const after = world();
  await after.add({ tenant, url }, 1);
  const second = attempt(after, { node: "slow" }, {}, at);
  await second.says("begun");
  open();
  expect(await second.outcome).toEqual({ kind: "succeeded", result: { calls: [1] } });
});

test("two servers with one node: the choice is named, and kept", async () => {
  const host = world();
  for (const uid of ["one", "two"]) await host.add({ tenant, url: await serve([echo], { uid }) }, 1);
  const { message } = failureIn(await attempt(host, { node: "echo" }).outcome);
  expect(message).toBe('several node servers offer "echo": name one of them as server: test/one, test/two');
  expect((await attempt(host, { node: "echo", server: "two" }, { a: 1 }).outcome).kind).toBe("succeeded");
});

test("an echo takes less than 2 ms, one at a time", async () => {
  const host = world();
  await host.add({ tenant, url: await serve([echo]) }, 1);
  const took: number[] = [];
  for (let i = 0; i < 600; i++) {
    const from = performance.now();
    const { outcome } = attempt(host, { node: "echo" }, { a: "hello" });
    expect((await outcome).kind).toBe("succeeded");
    if (i >= 100) took.push(performance.now() - from);
  }
  took.sort((a, b) => a - b);
  const p50 = took[took.length >> 1] as number;
  if (process.env["HEDDLE_PRINT_TIMES"] !== undefined)
    console.log(`p50 ${p50.toFixed(3)} ms, p99 ${took[Math.floor(took.length * 0.99)]?.toFixed(3)} ms`);
  expect(p50).toBeLessThan(2);
});
