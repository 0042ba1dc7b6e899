import type { JsonValue, Node } from "@heddle/core";
import { expect, test } from "vitest";
import { graphOf, handler, literal } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const numbers = (count: number): JsonValue[] => Array.from({ length: count }, (_, i) => i + 1);
const bounds = (max: number, high: number, low: number) => ({ max_queue_depth: max, high_watermark: high, low_watermark: low });
const levels = (trace: Trace): readonly string[] =>
  trace.journal.flatMap(({ event }) => (event.kind === "pressure-changed" ? [`${event.node} ${event.level} ${event.depth}`] : []));
const depth = (trace: Trace, node: string): number => trace.live.record(node)?.queue.size ?? 0;

test("a queue is pressured from the high watermark down to the low one, and saturated where it is full", () => {
  const node = handler("a", { backpressure: bounds(5, 4, 2) });
  const trace = new Trace(graphOf([node], [], { seeds: [{ node: "a", bodies: numbers(6) }] })).start();
  for (let id = 1; id <= 6; id++) trace.ok(id);
  expect(levels(trace)).toEqual(["a saturated 5", "a pressured 4", "a normal 2"]);
});

test("the numbers are 75, 25 and 100, or those of the workflow, or of the node", () => {
  const filled = (count: number, common: object, own: object): readonly string[] => {
    const graph = graphOf([handler("a", own)], [], { ...common, seeds: [{ node: "a", bodies: numbers(count + 1) }] });
    const trace = new Trace(graph).start();
    for (let id = 1; id <= count + 1; id++) trace.ok(id);
    return levels(trace);
  };
  expect(filled(74, {}, {})).toEqual([]);
  expect(filled(75, {}, {})).toEqual(["a pressured 75", "a normal 25"]);
  expect(filled(100, {}, {})).toEqual(["a saturated 100", "a pressured 99", "a normal 25"]);
  expect(filled(8, { backpressure: { max_queue_depth: 8 } }, {})).toEqual(["a saturated 8", "a pressured 7", "a normal 2"]);
  expect(filled(4, { backpressure: { max_queue_depth: 8 } }, { backpressure: bounds(4, 4, 0) })).toEqual([
    "a saturated 4",
    "a pressured 3",
    "a normal 0",
  ]);
});

test("while a queue is full, nodes with an edge to it do not fire; they go on as soon as it has room", () => {
  const slow = handler("b", { backpressure: bounds(1, 1, 0) });
  const graph = graphOf([handler("a"), slow], ["a>b"], { seeds: [{ node: "a", bodies: numbers(4) }] });
  expect(new Trace(graph).start().ok(1).ok(3).ok(2)).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a m2:init>a m3:init>a m4:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 m5:result>b; node-fired takes 1 opens #2 b; node-fired takes 1 opens #3 a] running due execute #2.1@0, execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 m6:result>b; pressure-changed b saturated 1] running
    settle #2.1 succeeded -> [activation-succeeded #2 m7:result> sink; node-fired takes 1 opens #4 b; pressure-changed b normal 0; node-fired takes 1 opens #5 a] running due execute #4.1@0, execute #5.1@0
  `);
});

test("a router is held back as well: a full queue takes no more, however much comes at once", () => {
  const router: Node = { kind: "router", id: "r" };
  const graph = graphOf([router, handler("b", { backpressure: bounds(3, 3, 1) })], ["r>b"], { seeds: [{ node: "r", bodies: numbers(9) }] });
  const trace = new Trace(graph).start();
  expect([depth(trace, "r"), depth(trace, "b")]).toEqual([5, 3]);
  for (let id = 1; id <= 9; id++) trace.ok(id);
  expect(trace.live.head.phase).toBe("succeeded");
  expect(levels(trace)).not.toContain("b saturated 4");
});

test("what collects takes what comes, and holds nobody back", () => {
  const nodes = [handler("a"), { ...handler("b"), fires: { kind: "collect" }, backpressure: bounds(1, 1, 0) } as Node];
  const trace = new Trace(graphOf(nodes, ["a>b"], { seeds: [{ node: "a", bodies: numbers(3) }] })).start().ok(1).ok(2).ok(4);
  expect(levels(trace)).toEqual([]);
  expect(trace.input(3)).toMatchObject({ count: 3 });
});

test("a message from outside is refused while the queue is full", () => {
  const graph = graphOf([handler("a", { backpressure: { ...bounds(1, 1, 0), retry_after_ms: 40 } })], [], { type: "service", seeds: [] });
  const trace = new Trace(graph).start().send("a", 1).send("a", 2).send("a", 3).ok(1).send("a", 4);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started] waiting
    signal a 1 -> [messages-sent m1:command>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
    signal a 2 -> [messages-sent m2:command>a; pressure-changed a saturated 1] running
    signal a 3 refused retry-later -> [] running
    settle #1.1 succeeded -> [activation-succeeded #1 m3:result> sink; node-fired takes 1 opens #2 a; pressure-changed a normal 0] running due execute #2.1@0
    signal a 4 -> [messages-sent m4:command>a; pressure-changed a saturated 1] running
  `);
});

test("pressure never stops a run: where all are held back and nothing runs, the first node fires all the same", () => {
  const ring = ["a", "b"].map((id) => handler(id, { backpressure: bounds(1, 1, 0) }));
  const twice = { emit_messages: [{ type: "more", body: 0 }] };
  const graph = graphOf(ring, ["a>b", "b>a"], { seeds: [{ node: "a", bodies: [1] }] });
  const trace = new Trace(graph).start().ok(1, twice).ok(2, twice).ok(3, twice).ok(4, twice);
  expect(trace.live.head.phase).toBe("open");
  for (let rounds = 0; rounds < 20; rounds++) {
    expect(trace.live.head.graph.working).toBeGreaterThan(0);
    for (const { id } of [...trace.live.activations()]) trace.ok(id, { emit_messages: [{ type: "more", body: 0 }] });
  }
});

test("who waits for a person holds back, and is not passed over", () => {
  const may: Node = { kind: "human", id: "may", mode: "approve", prompt: literal("may it?"), backpressure: bounds(1, 1, 0) };
  const trace = new Trace(graphOf([handler("a"), may], ["a>may"], { seeds: [{ node: "a", bodies: numbers(3) }] })).start().ok(1).ok(3);
  expect([depth(trace, "a"), depth(trace, "may")]).toEqual([1, 1]);
  expect(trace.do({ kind: "answer", answer: true }).lines.at(-1)).toMatchInlineSnapshot(
    `"answer true -> [activation-succeeded #2 m6:result> sink; node-fired takes 1 opens #4 may:ask; pressure-changed may normal 0; node-fired takes 1 opens #5 a] running due ask-person #4, execute #5.1@0"`,
  );
});
