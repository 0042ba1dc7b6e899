// Parity: NA5.
import { afterEach, describe, expect, test } from "vitest";
import { echo, gate, type Message, Served, statusIn } from "../test/served.ts";
import { defineNode, type NodeContext, type ServedNode } from "./index.ts";

let served: Served;
afterEach(() => served[Symbol.asyncDispose]());

const server = { serverUid: "server-1", serverPackageId: "test/pack" };
const status = (instanceId: string, nodeId: number, of: object): object => ({
  type: "node_status",
  ...server,
  instanceId,
  payload: { nodeId, status: of },
});
const starting = { type: "running", message: "Starting execution..." };

const node = (uid: string, execute: (ctx: NodeContext) => unknown): ServedNode => ({
  definition: { ...echo.definition, uid },
  execute,
});

describe("what a client of others sees", () => {
  test("a handshake first, with every definition, once", async () => {
    served = await Served.open([echo]);
    const client = await served.client();
    expect(await client.settled()).toEqual([]);
    expect(client.all[0]).toEqual({
      type: "handshake",
      ...server,
      payload: {
        domain: "test.local",
        serverDisplayName: "Test",
        ...server,
        nanocoreHttpEndpoint: null,
        nodeDefinitions: [
          {
            uid: "echo",
            name: "Echo",
            category: "Test",
            version: "1.0.0",
            type: "server",
            inputs: [{ name: "a", type: "json" }],
            outputs: [{ name: "b", type: "json" }],
            parameters: [],
          },
        ],
        heddle: { incarnation: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      },
    });
  });

  test("running, then complete with lists", async () => {
    served = await Served.open([echo]);
    const client = await served.client();
    client.request("i1", "echo", { a: ["x", "y"] });
    expect(await client.take(2)).toEqual([status("i1", 1, starting), status("i1", 1, { type: "complete", outputs: { b: ["x", "y"] } })]);
  });

  test("inputs and outputs that stand alone are lists of one", async () => {
    let seen: unknown;
    served = await Served.open([
      node("one", ({ inputs, inputLists }) => {
        seen = { inputs, inputLists };
        return { b: "alone" };
      }),
    ]);
    const client = await served.client();
    client.request("i1", "one", { a: "x", c: ["y", "z"], d: [] });
    expect((await client.take(2))[1]).toEqual(status("i1", 1, { type: "complete", outputs: { b: ["alone"] } }));
    expect(seen).toEqual({ inputs: { a: "x", c: ["y", "z"], d: [] }, inputLists: { a: ["x"], c: ["y", "z"], d: [] } });
  });

  test("lists alone, where the server is told so", async () => {
    served = await Served.open([node("one", ({ inputs }) => ({ b: [inputs] }))], { listInputs: true });
    const client = await served.client();
    client.request("i1", "one", { a: ["x"] });
    expect((await client.take(2))[1]).toEqual(status("i1", 1, { type: "complete", outputs: { b: [{ a: ["x"] }] } }));
  });

  test("progress between them, in order, and nothing after the end", async () => {
    const after = gate();
    served = await Served.open([
      node("steps", async ({ sendStatus, context }) => {
        sendStatus({ type: "running", message: "half", progress: { step: 1, total: 2 } });
        context.send_status({ type: "running", outputs: { b: 1 } });
        queueMicrotask(() =>
          queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => sendStatus({ type: "running", message: "late" })))),
        );
        void after.passed.then(() => sendStatus({ type: "error", message: "later still" }));
        return { b: [2] };
      }),
    ]);
    const client = await served.client();
    client.request("i1", "steps");
    expect(await client.untilEnd("i1")).toEqual([
      status("i1", 1, starting),
      status("i1", 1, { type: "running", message: "half", progress: { step: 1, total: 2 } }),
      status("i1", 1, { type: "running", outputs: { b: [1] } }),
      status("i1", 1, { type: "complete", outputs: { b: [2] } }),
    ]);
    after.open();
    await after.passed;
    expect(await client.settled()).toEqual([]);
    client.request("i1", "steps");
    expect(await client.next()).toEqual(status("i1", 1, { type: "complete", outputs: { b: [2] } }));
  });

  test("what is thrown is an error, after an error of its own too it is one", async () => {
    served = await Served.open([
      node("throws", () => {
        throw Object.assign(new RangeError("no luck"), { cause: "hidden" });
      }),
      node("twice", ({ sendStatus }) => {
        sendStatus({ type: "error", message: "first" });
        throw new RangeError("second");
      }),
    ]);
    const client = await served.client();
    client.request("i1", "throws");
    expect((await client.untilEnd("i1")).at(-1)).toEqual(status("i1", 1, { type: "error", message: "no luck" }));
    client.request("i2", "twice");
    expect((await client.untilEnd("i2")).at(-1)).toEqual(status("i2", 1, { type: "error", message: "first" }));
    expect(await client.settled()).toEqual([]);
    client.request("i2", "twice");
    expect(await client.next()).toEqual(status("i2", 1, { type: "error", message: "first" }));
  });

  test("complete is sent once, though the node sends one too", async () => {
    served = await Served.open([
      node("own", ({ sendStatus }) => {
        sendStatus({ type: "complete", message: "well done", outputs: { b: "said" } });
      }),
    ]);
    const client = await served.client();
    client.request("i1", "own");
    const all = [...(await client.untilEnd("i1")), ...(await client.settled())];
    expect(all.slice(1)).toEqual([status("i1", 1, { type: "complete", message: "well done", outputs: { b: ["said"] } })]);
  });

  test("an unknown node is an error, at once", async () => {
    served = await Served.open([echo]);
    const client = await served.client();
    client.request("i1", "gone", {}, { nodeId: 7 });
    expect(await client.next()).toEqual(status("i1", 7, { type: "error", message: "definition not found: gone" }));
  });

  test.each([
    ["a port that it does not have", { c: 1 }, 'the node gave "c", and its outputs are: b'],
    ["a function", { b: [() => 1] }, "the output b is not JSON: the value is a function, which is not JSON"],
    ["no finite number", { b: Number.NaN }, "the output b is not JSON: a value is NaN, and only finite numbers are JSON"],
    ["a list in place of an object", [1], "the node gave an array, and an object with its outputs by name is expected"],
  ])("outputs with %s end it with an error", async (_, given, message) => {
    served = await Served.open([node("bad", () => given)]);
    const client = await served.client();
    client.request("i1", "bad");
    expect((await client.untilEnd("i1")).at(-1)).toEqual(status("i1", 1, { type: "error", message: expect.stringContaining(message) }));
  });

  test("outputs that refer to themselves end it with an error", async () => {
    const round: unknown[] = [];
    round.push(round);
    served = await Served.open([node("round", () => ({ b: round }))]);
    const client = await served.client();
    client.request("i1", "round");
    expect(statusIn((await client.untilEnd("i1")).at(-1) as Message)).toMatchObject({ type: "error", message: /nested more than/ });
  });

  test("two executions of one node run at once, each told of its own", async () => {
    const gates = { x: gate(), y: gate() };
    served = await Served.open([
      node("wait", async ({ inputs }) => {
        await gates[inputs["a"] as "x" | "y"].passed;
        return { b: inputs["a"] };
      }),
    ]);
    const [one, other] = [await served.client(), await served.client()];
    one.request("i1", "wait", { a: ["x"] }, { nodeId: 1 });
    one.request("i1", "wait", { a: ["y"] }, { nodeId: 2 });
    expect(await one.take(2)).toEqual([status("i1", 1, starting), status("i1", 2, starting)]);
    gates.y.open();
    expect(await one.next()).toEqual(status("i1", 2, { type: "complete", outputs: { b: ["y"] } }));
    gates.x.open();
    expect(await one.next()).toEqual(status("i1", 1, { type: "complete", outputs: { b: ["x"] } }));
    expect(await other.settled()).toEqual([]);
  });

  test("a new node is told to every client, with the full list", async () => {
    served = await Served.open([echo]);
    const clients = [await served.client(), await served.client()];
    served.server.add(node("second", () => ({})));
    for (const client of clients) {
      const update = await client.next();
      expect(Object.keys(update)).toEqual(["type", "serverUid", "serverPackageId", "payload"]);
      expect(update).toMatchObject({ type: "definitions_update", payload: { nodeDefinitions: [{ uid: "echo" }, { uid: "second" }] } });
    }
  });
});

describe("stop", () => {
  test("is acknowledged first, then the node is told, then it ends as cancelled", async () => {
    const seen: unknown[] = [];
    served = await Served.open([
      node("patient", async ({ signal, isAborted }) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        seen.push(isAborted());
        return { b: "all the same" };
      }),
    ]);
    const client = await served.client();
    client.request("i1", "patient", {}, { nodeId: 1 });
    client.request("i1", "patient", {}, { nodeId: 2 });
    client.request("i2", "patient", {}, { nodeId: 3 });
    await client.take(3);
    client.send({ type: "stop_workflow_instance", serverUid: "server-1", instanceId: "i1" });
    expect(await client.take(3)).toEqual([
      { type: "ack_stop_workflow", ...server, instanceId: "i1", payload: { success: true, message: "Stopping 2 nodes" } },
      status("i1", 1, { type: "error", message: "Execution cancelled" }),
      status("i1", 2, { type: "error", message: "Execution cancelled" }),
    ]);
    expect(seen).toEqual([true, true]);
    expect(await client.settled()).toEqual([]);
  });

  test("of a node that does not listen ends when the grace is over", async () => {
    const deaf = gate();
    served = await Served.open([node("deaf", () => deaf.passed)], { stopGraceMs: 20 });
    const client = await served.client();
    client.request("i1", "deaf");
    await client.next();
    client.send({ type: "stop_workflow_instance", instanceId: "i1" });
    expect((await client.untilEnd("i1")).at(-1)).toEqual(status("i1", 1, { type: "error", message: "Execution cancelled" }));
    deaf.open();
    await deaf.passed;
    expect(await client.settled()).toEqual([]);
  });

  test("of an instance that does not run is a success with none", async () => {
    served = await Served.open([echo]);
    const client = await served.client();
    client.send({ type: "stop_workflow_instance", instanceId: "nobody" });
    expect(await client.next()).toMatchObject({ type: "ack_stop_workflow", payload: { success: true, message: "Stopping 0 nodes" } });
  });
});

describe("a message that cannot be served", () => {
  test.each([
    ["no JSON", "{", {}, /not JSON/],
    ["no object", "[1]", {}, /expected object/],
    ["an unknown type", { type: "execute", instanceId: "i9" }, { instanceId: "i9" }, /type/],
    ["no payload", { type: "request_execution", instanceId: "i9" }, { instanceId: "i9" }, /payload/],
    ["no node", { type: "request_execution", instanceId: "i9", payload: { nodeId: 4 } }, { instanceId: "i9" }, /payload.nodeUid/],
    ["no instance", { type: "stop_workflow_instance" }, {}, /instanceId/],
  ])("is answered: %s", async (_, message, about, text) => {
    served = await Served.open([echo]);
    const client = await served.client();
    client.send(message);
    const answer = await client.next();
    expect(answer).toMatchObject({
      type: "error",
      ...server,
      ...about,
      payload: { code: "request-invalid", message: expect.stringMatching(text) },
    });
    client.request("i1", "echo", { a: [1] });
    expect(await client.untilEnd("i1")).toHaveLength(2);
  });

  test("so are binary frames, and text that is far too deep", async () => {
    served = await Served.open([echo]);
    const client = await served.client();
    client.socket.send(new Uint8Array([1, 2, 3]));
    expect(await client.next()).toMatchObject({ type: "error", payload: { message: /text/ } });
    client.send(
      `{"type":"request_execution","instanceId":"i1","payload":{"nodeId":1,"nodeUid":"echo","graphNode":{"id":1,"uid":"echo"},"inputs":{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}}}`,
    );
    expect(await client.next()).toMatchObject({ type: "error", instanceId: "i1", payload: { nodeId: 1, message: /inputs/ } });
  });

  test("one that is too large closes the socket with 1009, and the others go on", async () => {
    served = await Served.open([echo], { messageBytesMax: 2_048 });
    const [client, other] = [await served.client(), await served.client()];
    client.request("i1", "echo", { a: ["x".repeat(4_096)] });
    expect(await client.closed).toBe(1_009);
    other.request("i1", "echo", { a: ["x"] });
    expect(await other.untilEnd("i1")).toHaveLength(2);
  });
});

test("a message of 8 MiB goes both ways", async () => {
  served = await Served.open([echo]);
  const client = await served.client();
  const text = "x".repeat(8 * 1024 * 1024);
  client.request("i1", "echo", { a: [text] });
  const [, complete] = await client.take(2);
  expect(statusIn(complete as Message)?.outputs).toEqual({ b: [text] });
});

test("a graph's node without parameters has those of the definition", async () => {
  let seen: unknown;
  const set = defineNode({
    uid: "set",
    name: "Set",
    category: "Test",
    version: "1",
    inputs: [],
    outputs: [],
    parameters: [
      { name: "size", type: "number", value: 3, default: 3 },
      { name: "mode", type: "select", value: "a", default: "a", options: [{ value: "a", label: "A" }] },
    ],
    execute: ({ parameters, parameterValues, graphNode, instanceId }) => {
      seen = { parameters, parameterValues, graphNode, instanceId };
    },
  });
  served = await Served.open([set]);
  const client = await served.client();
  client.send({
    type: "request_execution",
    instanceId: "i1",
    payload: {
      nodeId: 1,
      nodeUid: "set",
      graphNode: { id: 1, uid: "set", x: 4, parameters: [{ name: "size", type: "number", value: 9 }] },
      inputs: {},
    },
  });
  await client.untilEnd("i1");
  expect(seen).toMatchObject({
    parameters: [
      { name: "size", value: 9 },
      { name: "mode", value: "a" },
    ],
    parameterValues: { size: 9, mode: "a" },
    graphNode: { id: 1, x: 4 },
    instanceId: "i1",
  });
});
