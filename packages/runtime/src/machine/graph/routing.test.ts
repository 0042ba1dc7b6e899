import type { Expr } from "@heddle/core";
import { expect, test } from "vitest";
import { equals, field, graphOf, handler, literal, variable } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const four = ["a", "b", "c", "d"].map((id) => handler(id));

test("a message goes along every edge whose type is its type, in the order of priority", () => {
  const trace = new Trace(
    graphOf(four, [{ from: "a", to: "b", priority: 2 }, "a>c:result", "a>d:other", { from: "a", to: "d", messageType: "*", priority: 1 }]),
  );
  expect(trace.start({ n: 1 }).ok(1, "given")).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 m2:result>c+d+b; node-fired takes 1 opens #2 c; node-fired takes 1 opens #3 d; node-fired takes 1 opens #4 b] running due execute #2.1@0, execute #3.1@0, execute #4.1@0
  `);
});

test("guards read the body, the envelope, the state after the step, and the input of the run", () => {
  const envelope = (name: string): Expr => ({ kind: "field", of: field("message", "envelope"), name });
  const edges = [
    { from: "a", to: "b", guard: equals(field("payload", "n"), 7) },
    { from: "a", to: "c", guard: equals(field("state", "seen"), 1) },
    { from: "a", to: "d", guard: equals(field("agent_state", "seen"), 0) },
    { from: "a", to: "b", guard: equals(field("input", "way"), "b") },
    { from: "a", to: "c", guard: equals(envelope("type"), "result") },
    { from: "a", to: "d", guard: equals(envelope("to"), "d") },
    { from: "a", to: "b", guard: literal("true") },
  ];
  const trace = new Trace(graphOf(four, edges)).start({ way: "b" }).ok(1, { n: 7, next_state: { seen: 1 } });
  expect(trace.journal.at(3)?.event).toMatchObject({
    kind: "activation-succeeded",
    nodeState: { seen: 1 },
    sent: [{ body: { n: 7 }, to: [{ edge: "e0" }, { edge: "e1" }, { edge: "e3" }, { edge: "e4" }, { edge: "e5" }] }],
  });
});

test("of first-match edges the first that matches takes it alone, and the others are not affected", () => {
  const first = { from: "a", routing: "first-match" as const };
  const edges = [{ ...first, to: "b", guard: literal(false) }, "a>d", { ...first, to: "c" }, { ...first, to: "b" }];
  expect(new Trace(graphOf(four, edges)).start().ok(1).lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 succeeded -> [activation-succeeded #1 m2:result>d+c; node-fired takes 1 opens #2 d; node-fired takes 1 opens #3 c] running due execute #2.1@0, execute #3.1@0"`,
  );
});

test("a worker may name a node, and then no edge is asked; what goes to nobody is a dead letter", () => {
  const messages = [
    { type: "x", to: "d", body: 1 },
    { type: "x", to: "nobody", body: 2 },
    { type: "x", body: 3 },
    { type: "y", body: 4 },
  ];
  const trace = new Trace(graphOf(four, ["a>b:y"])).start().ok(1, { emit_messages: messages });
  expect(trace.lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 succeeded -> [activation-succeeded #1 m2:x>d m3:x>letter 1 m4:x>letter 2 m5:y>b m6:result>letter 3; node-fired takes 1 opens #2 d; node-fired takes 1 opens #3 b] running due execute #2.1@0, execute #3.1@0"`,
  );
  expect(trace.letters()).toMatchInlineSnapshot(`
    [
      "1 unroutable: x 2",
      "2 unroutable: x 3",
      "3 unroutable: result {}",
    ]
  `);
});

test("what a node that nothing follows sends by default is output; what it wants to send besides is lost", () => {
  const trace = new Trace(graphOf(four.slice(0, 2), ["a>b"]))
    .start()
    .ok(1)
    .ok(2, { n: 1, emit_messages: [{ type: "x", body: 2 }] });
  expect(trace.lines.at(-1)).toMatchInlineSnapshot(
    `"settle #2.1 succeeded -> [activation-succeeded #2 m3:x>letter 1 m4:result> sink; run-succeeded {"n":1}] succeeded"`,
  );
});

test("seeds: the input for the entry, for a node, bodies in order, and envelopes", () => {
  expect(new Trace(graphOf(four)).start({ n: 1 }).lines).toMatchInlineSnapshot(`
    [
      "start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0",
    ]
  `);
  const bodies = [5, { body: 6, type: "six", headers: { h: 1 } }, { body: 7, mine: true }, { payload: 8 }, { type: "no body" }];
  const trace = new Trace(graphOf(four, [], { seeds: [{ node: "b", bodies }, { node: "c" }, { node: "d", bodies: [] }] })).start({ n: 1 });
  expect(trace.lines).toMatchInlineSnapshot(`
    [
      "start -> [run-started; messages-sent m1:init>b m2:six>b m3:init>b m4:init>b m5:init>b m6:init>c; node-fired takes 1 opens #1 b; node-fired takes 1 opens #2 c] running due execute #1.1@0, execute #2.1@0",
    ]
  `);
  expect(
    trace.live
      .record("b")
      ?.queue.items()
      .map(({ body }) => body),
  ).toEqual([6, { body: 7, mine: true }, 8, { type: "no body" }]);
  expect(trace.live.record("b")?.queue.first).toMatchObject({ type: "six", headers: { h: 1 }, correlation: 2 });
});

test("headers, artifacts and the stream part go on, unless a worker says otherwise; a lineage and its cause as well", () => {
  const seed = {
    body: 1,
    headers: { trace: "t", from: "seed" },
    artifacts: ["x"],
    stream: { stream_id: "s", seq: 3 },
    content_type: "text/plain",
  };
  const trace = new Trace(graphOf(four, ["a>b"], { seeds: [{ node: "a", bodies: [0, seed] }] })).start().ok(1);
  trace.ok(2, { emit_messages: [{ type: "own", body: 2, headers: { from: "a" }, stream: { stream_id: "mine" } }] });
  const event = trace.journal.findLast((record) => record.event.kind === "activation-succeeded")?.event;
  expect(event).toMatchObject({
    sent: [
      { type: "own", headers: { trace: "t", from: "a" }, artifacts: ["x"], stream: { stream_id: "mine" }, contentType: "text/plain" },
      {
        type: "result",
        headers: { trace: "t", from: "seed" },
        artifacts: ["x"],
        stream: { stream_id: "s", seq: 3 },
        correlation: 2,
        causation: 2,
      },
    ],
  });
  expect(event).not.toHaveProperty("sent.1.contentType");
});

test("the messages of a failure have the headers of what failed", () => {
  const seeds = [{ node: "a", bodies: [{ body: 1, headers: { trace: "t" } }] }];
  const trace = new Trace(graphOf(four, [{ from: "a", to: "b", on: "failure" }], { seeds })).start().fail(1);
  expect(trace.live.activation(2)?.held?.item).toMatchObject({ type: "failure", headers: { trace: "t" } });
});

test("a graph whose edges or seeds lead nowhere is refused", () => {
  expect(() => new Trace(graphOf(four, ["a>x"]))).toThrow(expect.objectContaining({ code: "ir-invalid" }));
  expect(() => new Trace(graphOf(four, [], { seeds: [{ node: "x" }] }))).toThrow(expect.objectContaining({ code: "ir-invalid" }));
  expect(() => new Trace({ ...graphOf(four), entry: "x" })).toThrow(expect.objectContaining({ code: "ir-invalid" }));
});

test("what a handler reads: its reads over body, state and input; without them the members of the body", () => {
  const reads = [
    { name: "p", value: variable("payload") },
    { name: "s", value: field("state", "n") },
    { name: "i", value: field("input", "n") },
  ];
  const inputs = (node: object, body: unknown): unknown => {
    const trace = new Trace(graphOf([{ ...handler("a"), ...node }], [], { seeds: [{ node: "a", bodies: [body, body] as never }] }));
    trace.start({ n: 1 }).ok(1, { next_state: { n: 5 } });
    return trace.input(2);
  };
  expect(inputs({ reads }, { x: 1 })).toEqual({ p: { x: 1 }, s: 5, i: 1 });
  expect(inputs({}, { x: 1 })).toEqual({ x: 1 });
  expect(inputs({}, "text")).toEqual({ value: "text" });
  expect(inputs({ kind: "process", config: {} }, { x: 1 })).toMatchObject({ $body: { x: 1 }, $state: {}, $message: { body: { x: 1 } } });
});
