import { VirtualClock } from "@heddle/testkit/simulator";
import { beforeEach, describe, expect, test } from "vitest";
import { attempt, failureIn, tenant } from "../../test/remote-tasks.ts";
import { definitionOf, ScriptedServer } from "../../test/scripted-server.ts";
import { createNodeServers } from "./node-servers.ts";

const url = "ws://127.0.0.1:3017/";
let clock: VirtualClock;
let server: ScriptedServer;
let host: ReturnType<typeof createNodeServers>;
const reports: string[] = [];

beforeEach(() => {
  clock = new VirtualClock();
  server = new ScriptedServer();
  reports.length = 0;
  host = createNodeServers({ clock, dial: server.dial, report: (message) => reports.push(message) });
});

async function connected(greeting: Parameters<ScriptedServer["greet"]>[0] = {}): Promise<void> {
  const added = host.add({ tenant, url }, 5);
  server.greet(greeting);
  expect(await added).toMatchObject({ status: "connected" });
}

describe("a connection", () => {
  test("is described by its handshake", async () => {
    const added = host.add({ tenant, url: "ws://127.0.0.1:3017", token: "secret" }, 5);
    server.greet();
    expect(await added).toEqual({
      url,
      status: "connected",
      serverUid: "server-1",
      serverPackageId: "test/pack",
      displayName: "S",
      nodes: [{ uid: "echo", name: "echo", category: "Test", version: "1" }],
      inFlight: 0,
      addedAtMs: 5,
    });
    expect(server.dials).toEqual([{ url, token: "secret" }]);
    expect(host.list(tenant)).toHaveLength(1);
    expect(host.list("other" as typeof tenant)).toEqual([]);
    await host.add({ tenant, url, token: "secret" }, 6);
    expect(server.dials).toHaveLength(1);
  });

  test("is tried again after 500 ms, twice as long each time, up to 30 s, and from the start after a handshake", async () => {
    const added = host.add({ tenant, url }, 5);
    server.hangUp("nobody there");
    expect(await added).toMatchObject({ status: "failed", message: "nobody there", nodes: [] });
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 9; i++) {
      waits.push(clock.nextInMs);
      clock.advance();
      server.hangUp();
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    clock.advance();
    server.greet();
    expect(clock.armed).toBe(0);
    server.hangUp();
    expect(clock.nextInMs).toBe(500);
    expect(server.dials).toHaveLength(11);
  });

  test("without a handshake is given up after 10 s", async () => {
    const added = host.add({ tenant, url }, 5);
    expect(clock.nextInMs).toBe(10_000);
    clock.advance();
    expect(await added).toMatchObject({ status: "failed", message: "it sent no handshake within 10000 ms" });
    clock.advance();
    expect(server.dials).toHaveLength(2);
  });

  test.each([
    ["no JSON", "hello", "its handshake cannot be read: it is not JSON"],
    [
      "no definitions",
      { type: "handshake", payload: { serverUid: "s" } },
      "its handshake cannot be read: a handshake without its definitions",
    ],
    ["no uid", { type: "handshake", payload: { nodeDefinitions: [] } }, /^its handshake cannot be read: serverUid: /],
  ])("with a handshake that cannot be read is a failure that says so: %s", async (_, message, text) => {
    const added = host.add({ tenant, url }, 5);
    server.say(message);
    expect(await added).toMatchObject({ status: "failed", message: typeof text === "string" ? text : expect.stringMatching(text) });
  });

  test("keeps the good definitions of a server that has bad ones, and takes null for what is left out", async () => {
    const nulls = definitionOf("nulls", { description: null, parameters: [{ name: "seed", type: "number", value: null, max: null }] });
    await connected({ nodes: [definitionOf("echo"), { uid: "bad" }, 3, nulls] });
    expect(host.list(tenant)[0]?.nodes.map(({ uid }) => uid)).toEqual(["echo", "nulls"]);
    expect(reports).toEqual([
      expect.stringMatching(/definition "bad" cannot be used/),
      expect.stringMatching(/without a uid cannot be used/),
    ]);
  });

  test("with a url that is no WebSocket, or that holds a secret, is refused", async () => {
    for (const bad of ["http://127.0.0.1/", "nonsense", "ws://me:secret@127.0.0.1/", "ws://127.0.0.1/?token=x"]) {
      await expect(host.add({ tenant, url: bad }, 5)).rejects.toMatchObject({ code: "request-invalid" });
    }
    await expect(host.remove(tenant, url)).rejects.toMatchObject({ code: "node-server-not-found" });
    expect(server.dials).toEqual([]);
  });
});

describe("an attempt", () => {
  test("is asked for under its key, with the definition's parameters and the node's values", async () => {
    const parameters = [
      { name: "size", type: "number", value: 1, default: 2 },
      { name: "mode", type: "text", default: "plain" },
    ];
    await connected({ nodes: [definitionOf("echo", { parameters, width: 200 })] });
    const { outcome, logs } = attempt(
      host,
      { node: "echo", parameters: { size: 9 } },
      { a: "x", many: [1, 2] },
      { activation: 77, attempt: 2 },
    );
    expect(server.seen).toEqual([
      {
        type: "request_execution",
        serverUid: "server-1",
        instanceId: "run-1/77",
        payload: {
          nodeId: 77,
          nodeUid: "echo",
          graphNode: {
            ...definitionOf("echo", { width: 200 }),
            id: 77,
            serverUid: "server-1",
            parameters: [
              { name: "size", type: "number", value: 9, default: 2 },
              { name: "mode", type: "text", value: "plain", default: "plain" },
            ],
          },
          inputs: { a: ["x"], many: [1, 2] },
          attempt: 2,
        },
      },
    ]);
    const [request] = server.seen;
    server.status(request, { type: "running", message: "Starting execution..." });
    server.status(request, { type: "running", message: "half", progress: { step: 1, total: 2 } });
    server.status({ type: "", instanceId: "run-1/78", payload: { nodeId: 77 } }, { type: "error", message: "another's" });
    server.status({ type: "", instanceId: "run-1/77", payload: { nodeId: 1 } }, { type: "error", message: "another's" });
    server.status(request, { type: "complete", outputs: { b: ["y"], c: "alone" } });
    server.status(request, { type: "error", message: "late" });
    expect(await outcome).toEqual({ kind: "succeeded", result: { b: ["y"], c: ["alone"] } });
    expect(logs).toEqual([{ level: "debug", source: "log", text: "half", fields: { step: 1, total: 2 } }]);
    expect(host.list(tenant)[0]?.inFlight).toBe(0);
  });

  test("fails with the node's message", async () => {
    await connected();
    const { outcome } = attempt(host, { node: "echo" });
    server.status(server.seen[0], { type: "error", message: "no luck" });
    expect(await outcome).toEqual({
      kind: "failed",
      failure: { code: "node-failed", message: "no luck", class: "handler", retryable: true, node: "far" },
    });
  });

  test.each([
    ["numbers that are not finite", `{"b":[1e999]}`, "result-invalid"],
    ["far too much depth", `{"b":${"[".repeat(200)}${"]".repeat(200)}}`, "result-invalid"],
    ["too many bytes", `{"b":["${"x".repeat(8 * 1024 * 1024)}"]}`, "value-too-large"],
    ["no object", `[1]`, "result-invalid"],
  ])("fails with outputs of %s", async (_, outputs, code) => {
    await connected();
    const { outcome } = attempt(host, { node: "echo" }, {}, { activation: 5 });
    server.say(`{"type":"node_status","instanceId":"run-1/5","payload":{"nodeId":5,"status":{"type":"complete","outputs":${outputs}}}}`);
    expect(failureIn(await outcome).code).toBe(code);
  });

  test("with a parameter that the node does not have fails, naming it", async () => {
    await connected();
    const { outcome } = attempt(host, { node: "echo", parameters: { sise: 1 } });
    expect(failureIn(await outcome)).toMatchObject({ code: "request-invalid", message: '"echo" has no parameter sise; it has: none' });
    expect(server.seen).toEqual([]);
  });

  test("waits for a server, also for one that was there before, and for a node that comes later", async () => {
    const far = attempt(host, { node: "late" });
    expect(far.waits).toEqual([{ kind: "executor-missing", message: 'no node server that is connected offers "late"' }]);
    await connected();
    server.say({ type: "definitions_update", payload: { nodeDefinitions: [definitionOf("late")] } });
    expect(server.seen).toHaveLength(1);
    expect(far.waits.at(-1)).toBeUndefined();
    server.status(server.seen[0], { type: "complete" });
    expect(await far.outcome).toEqual({ kind: "succeeded", result: {} });

    server.hangUp("gone");
    const again = attempt(host, { node: "late", server: "test/pack" });
    expect(again.waits).toEqual([{ kind: "executor-missing", message: `the node server ${url} is not connected: gone` }]);
    again.abort();
    expect(await again.outcome).toEqual({ kind: "aborted" });
    clock.advance();
    server.greet();
    expect(server.seen).toHaveLength(1);
  });

  test("that is aborted is stopped, and ends when the server says so", async () => {
    await connected();
    const { outcome, abort } = attempt(host, { node: "echo" }, {}, { activation: 9 });
    abort();
    expect(server.seen[1]).toEqual({ type: "stop_workflow_instance", serverUid: "server-1", instanceId: "run-1/9" });
    expect(host.list(tenant)[0]?.inFlight).toBe(1);
    server.say({ type: "ack_stop_workflow", instanceId: "run-1/9", payload: { success: true } });
    server.status(server.seen[0], { type: "error", message: "Execution cancelled" });
    expect(await outcome).toEqual({ kind: "aborted" });
    expect(clock.armed).toBe(0);
  });

  test("that is aborted ends after the grace where the server says nothing", async () => {
    await connected();
    const { outcome, abort } = attempt(host, { node: "echo" });
    abort();
    expect(clock.nextInMs).toBe(5_000);
    clock.advance();
    expect(await outcome).toEqual({ kind: "aborted" });
    server.status(server.seen[0], { type: "complete", outputs: {} });
    expect(host.list(tenant)[0]?.inFlight).toBe(0);
  });

  test("that was done when it was aborted is done", async () => {
    await connected();
    const { outcome, abort } = attempt(host, { node: "echo" });
    abort();
    server.status(server.seen[0], { type: "complete", outputs: { b: [1] } });
    expect(await outcome).toEqual({ kind: "succeeded", result: { b: [1] } });
  });

  test("that the server refuses fails for good", async () => {
    await connected();
    const { outcome } = attempt(host, { node: "echo" }, {}, { activation: 11 });
    server.say({ type: "error", instanceId: "run-1/11", payload: { code: "request-invalid", message: "no" } });
    expect(await outcome).toMatchObject({ kind: "failed", failure: { code: "node-failed", retryable: false, message: "no" } });
  });

  test("ends as aborted when the host closes, and nobody is told to stop", async () => {
    await connected();
    const [running, waiting] = [attempt(host, { node: "echo" }), attempt(host, { node: "nowhere" })];
    await host.close();
    expect([await running.outcome, await waiting.outcome, await attempt(host, { node: "echo" }).outcome]).toEqual(
      Array.from({ length: 3 }, () => ({ kind: "aborted" })),
    );
    expect(server.seen.map(({ type }) => type)).toEqual(["request_execution"]);
    expect(clock.armed).toBe(0);
  });
});

describe("an attempt whose connection ends", () => {
  test("is lost where the server does not remember it", async () => {
    await connected();
    const { outcome } = attempt(host, { node: "echo" });
    server.hangUp("reset");
    expect(await outcome).toEqual({ kind: "lost", counted: false, message: `the connection to the node server ${url} was lost: reset` });
  });

  test("is asked for again where the server remembers it, and says meanwhile what it waits for", async () => {
    await connected({ incarnation: "one" });
    const { outcome, waits } = attempt(host, { node: "echo" });
    server.hangUp("reset");
    expect(waits).toEqual([{ kind: "executor-missing", message: `the node server ${url} is not connected: reset` }]);
    clock.advance();
    server.greet({ incarnation: "one" });
    expect(waits.at(-1)).toBeUndefined();
    const [first, second] = server.seen;
    expect(second).toEqual({ ...first, payload: { ...first?.payload, resume: true } });
    server.status(second, { type: "complete", outputs: { b: ["y"] } });
    expect(await outcome).toEqual({ kind: "succeeded", result: { b: ["y"] } });
  });

  test("is lost where the server was started again, or has forgotten it", async () => {
    await connected({ incarnation: "one" });
    const first = attempt(host, { node: "echo" });
    server.hangUp();
    clock.advance();
    server.greet({ incarnation: "two" });
    expect(await first.outcome).toMatchObject({ kind: "lost", counted: false, message: expect.stringMatching(/started again/) });
    const second = attempt(host, { node: "echo" }, {}, { activation: 21 });
    server.hangUp();
    clock.advance();
    server.greet({ incarnation: "two" });
    server.say({ type: "error", instanceId: "run-1/21", payload: { code: "outcome-unknown", message: "forgotten" } });
    expect(await second.outcome).toEqual({ kind: "lost", counted: false, message: "forgotten" });
  });

  test("is not, where the server only greets once more", async () => {
    await connected();
    const { outcome } = attempt(host, { node: "echo" });
    server.greet({ nodes: [definitionOf("echo"), definitionOf("other")] });
    expect(host.list(tenant)[0]?.nodes).toHaveLength(2);
    server.status(server.seen[0], { type: "complete", outputs: {} });
    expect((await outcome).kind).toBe("succeeded");
  });

  test("and that is being stopped is stopped again", async () => {
    await connected({ incarnation: "one" });
    const { outcome, abort } = attempt(host, { node: "echo" }, {}, { activation: 31 });
    server.hangUp();
    abort();
    clock.advance();
    server.greet({ incarnation: "one" });
    expect(server.seen.map(({ type }) => type)).toEqual(["request_execution", "request_execution", "stop_workflow_instance"]);
    server.status(server.seen[1], { type: "error", message: "Execution cancelled" });
    expect(await outcome).toEqual({ kind: "aborted" });
  });

  test("is lost when its server is removed", async () => {
    await connected({ incarnation: "one" });
    const { outcome } = attempt(host, { node: "echo" });
    await host.remove(tenant, url);
    expect(await outcome).toMatchObject({ kind: "lost", message: `the node server ${url} was removed` });
    expect(host.list(tenant)).toEqual([]);
    expect(clock.armed).toBe(0);
  });

  test("in silence is found out while something is in flight, and an idle connection sends nothing", async () => {
    await connected({ incarnation: "one" });
    expect(clock.armed).toBe(0);
    const far = attempt(host, { node: "echo" });
    clock.advance();
    expect(server.seen.at(-1)).toEqual({ type: "ping" });
    server.say({ type: "pong" });
    clock.advance();
    expect(host.list(tenant)[0]?.status).toBe("connected");
    clock.advance();
    clock.advance();
    expect(host.list(tenant)[0]).toMatchObject({ status: "failed", message: "it has not answered for 15000 ms" });
    clock.advance();
    server.greet({ incarnation: "one" });
    server.status(server.seen.at(-1), { type: "complete", outputs: {} });
    expect((await far.outcome).kind).toBe("succeeded");
    clock.advance();
    expect(clock.armed).toBe(0);
  });
});
