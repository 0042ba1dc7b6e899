// Parity: NA6.
import { afterEach, expect, test } from "vitest";
import { gate, type Message, Served, statusIn } from "../test/served.ts";
import { defineNode, type ServedNode } from "./index.ts";

let served: Served;
afterEach(() => served[Symbol.asyncDispose]());

/** Counts its calls, waits for its gate, and gives its input or throws. */
function counting(): {
  node: ServedNode;
  calls: () => number;
  gate: ReturnType<typeof gate>;
  fails: (does: boolean) => void;
} {
  let calls = 0;
  let fails = false;
  const held = gate();
  const node = defineNode({
    uid: "count",
    name: "Count",
    category: "Test",
    version: "1",
    inputs: [{ name: "a", type: "json" }],
    outputs: [{ name: "b", type: "number" }],
    parameters: [],
    async execute({ sendStatus, signal }) {
      calls++;
      const mine = calls;
      sendStatus({ type: "running", message: `call ${calls}` });
      await Promise.race([held.passed, new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))]);
      if (fails) throw new RangeError("no luck");
      return { b: mine };
    },
  });
  return {
    node,
    calls: () => calls,
    gate: held,
    fails: (does) => {
      fails = does;
    },
  };
}

const endIn = (messages: readonly Message[]): unknown => statusIn(messages.at(-1) as Message);

test("an execution goes on without its client, which asks again and is told where it stands and how it ends", async () => {
  const { node, calls, gate } = counting();
  served = await Served.open([node]);
  const first = await served.client();
  first.request("i1", "count", { a: [1] });
  await first.take(2);
  first.socket.close();
  await first.closed;
  const second = await served.client();
  second.request("i1", "count", { a: [1] });
  expect(statusIn(await second.next())).toEqual({ type: "running", message: "call 1" });
  gate.open();
  expect(statusIn(await second.next())).toEqual({ type: "complete", outputs: { b: [1] } });
  const third = await served.client();
  third.request("i1", "count", { a: [1] });
  expect(statusIn(await third.next())).toEqual({ type: "complete", outputs: { b: [1] } });
  expect(calls()).toBe(1);
});

test("what ended with an error is run again by a higher attempt alone", async () => {
  const { node, calls, gate, fails } = counting();
  gate.open();
  fails(true);
  served = await Served.open([node]);
  const client = await served.client();
  client.request("i1", "count", {}, { attempt: 1 });
  expect(endIn(await client.untilEnd("i1"))).toEqual({ type: "error", message: "no luck" });
  client.request("i1", "count", {}, { attempt: 1 });
  expect(await client.untilEnd("i1")).toHaveLength(1);
  fails(false);
  client.request("i1", "count", {}, { attempt: 2, resume: true });
  expect(endIn(await client.untilEnd("i1"))).toMatchObject({ type: "error" });
  client.request("i1", "count", {}, { attempt: 2 });
  expect(endIn(await client.untilEnd("i1"))).toEqual({ type: "complete", outputs: { b: [2] } });
  client.request("i1", "count", {}, { attempt: 3 });
  expect(await client.untilEnd("i1")).toHaveLength(1);
  expect(calls()).toBe(2);
});

test("what was stopped may be asked for again, and is not when a client only resumes", async () => {
  const { node, calls, gate } = counting();
  served = await Served.open([node]);
  const client = await served.client();
  client.request("i1", "count");
  await client.take(2);
  client.send({ type: "stop_workflow_instance", instanceId: "i1" });
  expect(endIn(await client.untilEnd("i1"))).toEqual({ type: "error", message: "Execution cancelled" });
  client.request("i1", "count", {}, { resume: true });
  expect(endIn(await client.untilEnd("i1"))).toEqual({ type: "error", message: "Execution cancelled" });
  gate.open();
  client.request("i1", "count");
  expect(endIn(await client.untilEnd("i1"))).toEqual({ type: "complete", outputs: { b: [2] } });
  expect(calls()).toBe(2);
});

test("other inputs under the same ids are another execution, and refused while the first one runs", async () => {
  const { node, calls, gate } = counting();
  served = await Served.open([node]);
  const client = await served.client();
  client.request("i1", "count", { a: [1] });
  await client.take(2);
  client.request("i1", "count", { a: [2] });
  expect(await client.next()).toMatchObject({ type: "error", instanceId: "i1", payload: { nodeId: 1, code: "idempotency-conflict" } });
  gate.open();
  await client.untilEnd("i1");
  client.request("i1", "count", { a: [2] });
  expect(endIn(await client.untilEnd("i1"))).toEqual({ type: "complete", outputs: { b: [2] } });
  expect(calls()).toBe(2);
});

test("a later attempt is run beside one that will not stop, and hears nothing of that one's end", async () => {
  const deaf = gate();
  let calls = 0;
  const node = defineNode({
    uid: "deaf",
    name: "Deaf",
    category: "Test",
    version: "1",
    inputs: [],
    outputs: [{ name: "b", type: "number" }],
    parameters: [],
    async execute() {
      const mine = ++calls;
      if (mine === 1) await deaf.passed;
      return { b: mine };
    },
  });
  served = await Served.open([node]);
  const [client, other] = [await served.client(), await served.client()];
  client.request("i1", "deaf", {}, { attempt: 1 });
  await client.next();
  client.send({ type: "stop_workflow_instance", instanceId: "i1" });
  await client.next();
  other.request("i1", "deaf", {}, { attempt: 2 });
  expect(endIn(await other.untilEnd("i1"))).toEqual({ type: "complete", outputs: { b: [2] } });
  deaf.open();
  expect(endIn(await client.untilEnd("i1"))).toEqual({ type: "error", message: "Execution cancelled" });
  expect(await other.settled()).toEqual([]);
  other.request("i1", "deaf", {}, { attempt: 2 });
  expect(endIn(await other.untilEnd("i1"))).toEqual({ type: "complete", outputs: { b: [2] } });
});

test("what was never seen is run by a client that resumes; what may have been forgotten is not", async () => {
  const { node, calls, gate } = counting();
  gate.open();
  served = await Served.open([node], { keepMs: 0 });
  const client = await served.client();
  client.request("i1", "count", {}, { resume: true });
  expect(endIn(await client.untilEnd("i1"))).toMatchObject({ type: "complete" });
  client.request("i1", "count", {}, { resume: true });
  expect(await client.next()).toMatchObject({ type: "error", instanceId: "i1", payload: { nodeId: 1, code: "outcome-unknown" } });
  expect(calls()).toBe(1);
});
