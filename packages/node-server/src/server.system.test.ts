// Parity: NA4.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Client, echo, gate, type Message, Served, statusIn } from "../test/served.ts";
import { createNodeServer, defineNode, registerNode } from "./index.ts";

let served: Served | undefined;
afterEach(async () => {
  await served?.[Symbol.asyncDispose]();
  served = undefined;
});

const httpUrl = (of: Served): string => of.url.replace("ws:", "http:");
const settings = { domain: "d", serverName: "s", serverUid: "u", serverPackageId: "p", port: 0 };

/** What a server says to an upgrade with these headers. */
async function upgrade(
  url: string,
  headers: Readonly<Record<string, string>>,
  path = "/",
): Promise<{ status: number; closed: Promise<unknown>; end: () => void }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const all = { Host: `${hostname}:${port}`, Connection: "Upgrade", ...headers };
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.write(`GET ${path} HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${key}\r\n${lines.join("\r\n")}\r\n\r\n`);
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.resume();
  return { status: Number(/^HTTP\/1.1 (\d+)/.exec(String(first))?.[1]), closed: once(socket, "close"), end: () => socket.destroy() };
}

describe("the page", () => {
  test("says what the server is and has", async () => {
    served = await Served.open([echo]);
    const response = await fetch(httpUrl(served));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      message: "The node server is running",
      domain: "test.local",
      nanocoreHttpEndpoint: null,
      serverDisplayName: "Test",
      serverUid: "server-1",
      serverPackageId: "test/pack",
      loadedNodes: 1,
      nodeUIDs: ["echo"],
    });
    expect((await fetch(`${httpUrl(served)}other`)).status).toBe(404);
  });
});

describe("who may connect", () => {
  test("a browser that sends more than one word in Connection may; other paths are not found", async () => {
    served = await Served.open([echo], { allowedOrigins: ["https://studio.example"] });
    const firefox = await upgrade(served.url, { Connection: "keep-alive, Upgrade", Origin: "https://studio.example" });
    expect(firefox.status).toBe(101);
    firefox.end();
    const elsewhere = await upgrade(served.url, {}, "/other");
    expect(elsewhere.status).toBe(404);
    await elsewhere.closed;
  });

  test.each([
    ["no token", {}, "/", 401],
    ["another token", { Authorization: "Bearer wrong" }, "/", 401],
    ["a token of another scheme", { Authorization: "Basic secret" }, "/", 401],
    ["the token", { Authorization: "Bearer secret" }, "/", 101],
    ["the token in the address", {}, "/?token=secret", 101],
    ["another token in the address", {}, "/?token=secre", 401],
    ["the token, from an origin that is not allowed", { Authorization: "Bearer secret", Origin: "https://elsewhere.example" }, "/", 403],
    ["the token, under a name of somebody else", { Authorization: "Bearer secret", Host: "elsewhere.example" }, "/", 403],
  ])("where a token is set: %s", async (_, headers, path, status) => {
    served = await Served.open([echo], { token: "secret" });
    const answer = await upgrade(served.url, headers, path);
    expect(answer.status).toBe(status);
    if (status !== 101) await answer.closed;
    answer.end();
  });

  test("the page asks for the token too", async () => {
    served = await Served.open([echo], { token: "secret" });
    expect((await fetch(httpUrl(served))).status).toBe(401);
    expect((await fetch(httpUrl(served), { headers: { authorization: "bearer secret" } })).status).toBe(200);
  });
});

test("a client that does not answer pings is let go; one that does stays", async () => {
  served = await Served.open([echo], { heartbeatIntervalMs: 30 });
  const client = await served.client();
  const mute = await upgrade(served.url, {});
  expect(mute.status).toBe(101);
  await mute.closed;
  client.request("i1", "echo", { a: [1] });
  expect(await client.untilEnd("i1")).toHaveLength(2);
});

describe("start and stop", () => {
  test("stop ends what runs, says goodbye with 1001, and calls the handlers in order though one throws", async () => {
    const started = gate();
    let signalled = false;
    const slow = defineNode({
      uid: "slow",
      name: "Slow",
      category: "",
      version: "1",
      inputs: [],
      outputs: [],
      parameters: [],
      async execute({ signal }) {
        started.open();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        signalled = true;
      },
    });
    const errors: string[] = [];
    const server = createNodeServer(settings, { nodes: [slow], environment: {}, onError: (message) => errors.push(message) });
    const order: number[] = [];
    server.onShutdown(async () => {
      await Promise.resolve();
      order.push(1);
    });
    server.onShutdown(() => {
      throw new RangeError("no");
    });
    server.onShutdown(() => {
      order.push(3);
    });
    const { url } = await server.start();
    expect(await server.start()).toEqual({ url, port: Number(new URL(url).port) });
    const client = new Client(url);
    await client.next();
    client.request("i1", "slow");
    await started.passed;
    await Promise.all([server.stop(), server.stop()]);
    expect(await client.closed).toBe(1_001);
    expect(statusIn(client.all.at(-1) as Message)).toEqual({ type: "error", message: "Execution cancelled" });
    expect(signalled).toBe(true);
    expect(order).toEqual([1, 3]);
    expect(errors).toHaveLength(1);
    await expect(server.start()).rejects.toMatchObject({ code: "shutting-down" });
  });

  test("a client that does not say goodbye holds nobody up", async () => {
    served = await Served.open([echo]);
    const mute = await upgrade(served.url, {});
    await served.server.stop();
    await mute.closed;
  });

  test("a port that is taken is said to be", async () => {
    served = await Served.open([echo]);
    const port = Number(new URL(served.url).port);
    const second = createNodeServer({ ...settings, port }, { environment: {} });
    await expect(second.start()).rejects.toMatchObject({ code: "config-invalid", message: expect.stringMatching(/is taken/) });
    await second.stop();
  });

  test("stop without start does nothing but call the handlers", async () => {
    const server = createNodeServer(settings, { environment: {} });
    let called = 0;
    server.onShutdown(() => {
      called++;
    });
    await server.stop();
    expect(called).toBe(1);
  });
});

describe("registered nodes", () => {
  const definition = (uid: string): Parameters<typeof registerNode>[0] => ({
    uid,
    name: uid,
    category: "",
    version: "1",
    inputs: [],
    outputs: [{ name: "b", type: "string" }],
    parameters: [],
  });

  test("are parked until there is a server, run what was assigned, and are added to a server that is there", async () => {
    const early = registerNode(definition("early"));
    early.execute = () => ({ b: "done" });
    served = await Served.open([]);
    registerNode(definition("later"));
    expect(served.server.getNodeDefinitions().map(({ uid }) => uid)).toEqual(["early", "later"]);
    const client = await served.client();
    client.request("i1", "early");
    expect(statusIn((await client.untilEnd("i1")).at(-1) as Message)).toEqual({ type: "complete", outputs: { b: ["done"] } });
    client.request("i2", "later");
    expect(statusIn((await client.untilEnd("i2")).at(-1) as Message)).toEqual({ type: "complete", outputs: {} });
    expect(() => registerNode(definition("early"))).toThrow(/two nodes have the uid "early"/);
  });

  test("with a definition that breaks the rules are refused, naming every fault", () => {
    const twice = { name: "b", type: "string" };
    expect(() => registerNode({ ...definition("x"), outputs: [twice, twice] })).toThrow(/outputs: two are named "b"/);
    expect(() => registerNode({ uid: "x", version: 1, outputs: [] } as never)).toThrow(
      /"x" is not valid: name: .*version: .*inputs: .*parameters: /,
    );
  });
});

test("without a configuration nanoserver.json is read, its port included, and the environment is stronger", async () => {
  const folder = await mkdtemp(join(tmpdir(), "heddle-node-server-"));
  const before = process.cwd();
  try {
    process.chdir(folder);
    expect(() => createNodeServer(undefined, { environment: {} })).toThrow(/start in a folder with a nanoserver.json/);
    await writeFile("package.json", JSON.stringify({ name: "@me/my-nodes" }));
    const file = { domain: "d", serverDisplayName: "Mine", language: "javascript", port: 1 };
    await writeFile("nanoserver.json", JSON.stringify(file));
    const server = createNodeServer(undefined, { environment: { SERVER_UID: "from-outside", PORT: "0" } });
    const { url } = await server.start();
    const page = await (await fetch(url.replace("ws:", "http:"))).json();
    await server.stop();
    expect(page).toMatchObject({ serverDisplayName: "Mine", serverUid: "from-outside", serverPackageId: "@me/my-nodes" });
  } finally {
    process.chdir(before);
    await rm(folder, { recursive: true });
  }
});
