import type { JsonValue, Node } from "@heddle/core";
import { expect, test } from "vitest";
import { field, graphOf, handler, literal, result, variable } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const b = handler("b");
const bodies = (trace: Trace, node: string): readonly JsonValue[] =>
  [...trace.live.activations()].filter((each) => each.node === node).map((each) => trace.input(each.id));
const run = (node: Node, seeds: JsonValue[] = [{ n: 1 }], more: Node[] = []): Trace =>
  new Trace(graphOf([node, b, ...more], [`${node.id}>b`], { seeds: [{ node: node.id, bodies: seeds }] })).start();

test("routers, aggregates and sensors give what they give at once", () => {
  expect(run({ kind: "router", id: "r" }, [1, { body: 2, type: "two" }]).lines).toMatchInlineSnapshot(`
    [
      "start -> [run-started; messages-sent m1:init>r m2:two>r; node-passed r takes 1 m3:init>b; node-passed r takes 1 m4:two>b; node-fired takes 1 opens #1 b] running due execute #1.1@0",
    ]
  `);
  expect(run({ kind: "router", id: "r", emits: "mine" }).lines.at(-1)).toContain("node-passed r takes 1 m2:mine>b");
  const aggregate = run({ kind: "aggregate", id: "g", fires: { kind: "collect", count: 2 } }, [1, 2]);
  expect(aggregate.lines).toMatchInlineSnapshot(`
    [
      "start -> [run-started; messages-sent m1:init>g m2:init>g; node-fired takes 1 opens #1 g:gather; messages-gathered #1 takes 1; node-passed #1 g takes 0 m3:result>b; node-fired takes 1 opens #2 b] running due execute #2.1@0",
    ]
  `);
  expect(bodies(aggregate, "b")).toEqual([{ messages: [1, 2], count: 2, last_message: 2 }]);
  expect(run({ kind: "aggregate", id: "g" }).lines.at(-1)).toContain("node-passed g takes 1 m2:result>b");
  expect(run({ kind: "sensor", id: "s" }).lines.at(-1)).toContain("node-passed s takes 1 m2:sensor_ready>b");
});

test("a node that executes nothing may be an exit, and gives no activation", () => {
  const trace = run({ kind: "router", id: "r", exit: { output: field("payload", "n") } }, [{ n: 7 }]);
  expect(trace).toMatchInlineSnapshot(
    `start -> [run-started; messages-sent m1:init>r; node-passed r takes 1 m2:init>b; run-completing r 7; messages-dead-lettered b run-completed m2=letter 1; run-succeeded 7] succeeded`,
  );
});

test("an exit of a wait gives what it waited with", () => {
  const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(5) }, emits: null, exit: { output: result } };
  expect(run(nap).at(5).timer(1).live.head.output).toEqual({ n: 1 });
});

test("what is collected too large to be a value is not given: a batch fails, a service goes on", () => {
  const text = "x".repeat(5_000_000);
  const graph = (type: "batch" | "service"): Trace => {
    const nodes: Node[] = [{ kind: "aggregate", id: "g", fires: { kind: "collect", count: 2 } }, b];
    return new Trace(graphOf(nodes, ["g>b"], { type, seeds: [{ node: "g", bodies: [text, text, 1] }] })).start();
  };
  expect(graph("batch").lines.at(-1)).toMatchInlineSnapshot(
    `"start -> [run-started; messages-sent m1:init>g m2:init>g m3:init>g; node-fired takes 1 opens #1 g:gather; messages-gathered #1 takes 1; messages-dead-lettered #1 g value-too-large m1=letter 1 m2=letter 2; run-failing value-too-large; run-failed value-too-large at g] failed"`,
  );
  const service = graph("service").send("g", 2);
  expect(service.lines.at(-1)).toContain("opens #3 b");
  let deep: JsonValue = 1;
  for (let i = 0; i < 127; i++) deep = [deep];
  const trace = run({ kind: "aggregate", id: "g" }, [deep]);
  expect(trace.letters()[0]).toContain("1 value-too-large at g");
});

test("a person is asked, and the answer goes on; no goes along the rejected edge", () => {
  const may: Node = { kind: "human", id: "may", mode: "approve", prompt: literal("may it?") };
  const graph = graphOf([may, b, handler("c")], ["may>b", { from: "may", to: "c", on: "rejected" }]);
  expect(new Trace(graph).start().do({ kind: "answer", answer: true, by: "ada" })).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>may; node-fired takes 1 opens #1 may:ask] waiting due ask-person #1
    answer true -> [activation-succeeded #1 m2:result>b; node-fired takes 1 opens #2 b] running due execute #2.1@0
  `);
  expect(new Trace(graph).start().do({ kind: "answer", answer: false }).lines.at(-1)).toMatchInlineSnapshot(
    `"answer false -> [activation-failed #1 rejected rejected m2:failure>c; node-fired takes 1 opens #2 c] running due execute #2.1@0"`,
  );
});

test("a person who waits too long times out", () => {
  const may: Node = { kind: "human", id: "may", mode: "approve", prompt: literal("may it?"), timeoutMs: 10 };
  const graph = graphOf([may, b, handler("c")], ["may>b", { from: "may", to: "c", on: "timeout" }]);
  expect(new Trace(graph).start().at(10).timer(1)).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>may; node-fired takes 1 opens #1 may:ask@10] waiting due ask-person #1, timer #1@10
    timer #1 -> [activation-failed #1 timeout timeout m2:failure>c; node-fired takes 1 opens #2 c] running due execute #2.1@10
  `);
});

test("a wait hands on what it took after a time; resume now ends it", () => {
  const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: field("payload", "ms") } };
  const trace = run(nap, [{ ms: 10 }])
    .at(9)
    .timer(1)
    .at(10)
    .timer(1);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>nap; node-fired takes 1 opens #1 nap:sleep@10] waiting due timer #1@10
    timer #1 -> [] waiting
    timer #1 -> [activation-succeeded #1 m2:result>b; node-fired takes 1 opens #2 b] running due execute #2.1@10
  `);
  expect(bodies(trace, "b")).toEqual([{ ms: 10 }]);
  expect(
    run(nap, [{ ms: 10 }])
      .do({ kind: "resume", now: true })
      .lines.at(-1),
  ).toContain("opens #2 b");
  expect(run(nap, [{ ms: "soon" }]).lines.at(-1)).toContain("run-failed value-invalid at nap");
});

test("signals are for the oldest that waits, or kept; each for one, and of the type that it wants", () => {
  const gate: Node = { kind: "wait", id: "gate", wait: { kind: "signal", name: "go", type: { kind: "number" } }, concurrencyMax: 2 };
  const trace = run(gate, [1, 2, 3]).send("go", "text").send("go", 1).send("go", 2).send("go", 3).send("go", 4).send("gone");
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>gate m2:init>gate m3:init>gate; node-fired takes 1 opens #1 gate:signal; node-fired takes 1 opens #2 gate:signal] waiting
    signal go "text" refused value-invalid -> [] waiting
    signal go 1 -> [signal-received; activation-succeeded #1 m4:result>b; node-fired takes 1 opens #3 gate:signal; node-fired takes 1 opens #4 b] running due execute #4.1@0
    signal go 2 -> [signal-received; activation-succeeded #2 m5:result>b] running
    signal go 3 -> [signal-received; activation-succeeded #3 m6:result>b] running
    signal go 4 -> [signal-received] running
    signal gone null refused value-invalid -> [] running
  `);
  expect(bodies(trace, "b")).toEqual([{ value: 1 }]);
});

test("of waits for one signal each takes what is of its type", () => {
  const gate = (id: string, kind: "number" | "string"): Node => ({
    kind: "wait",
    id,
    wait: { kind: "signal", name: "go", type: { kind } },
  });
  const seeds = ["n", "s"].map((node) => ({ node }));
  const trace = new Trace(graphOf([gate("n", "number"), gate("s", "string")], [], { seeds })).start().send("go", "text").send("go", 7);
  expect(trace.live.head.output).toEqual({ n: 7, s: "text" });
});

test("a message from outside goes to the node of that name, once for each key", () => {
  const trace = new Trace(graphOf([handler("a")], [], { type: "service" })).start();
  const wish = { kind: "signal", name: "a", value: 5, key: "k" } as const;
  trace.do(wish).do(wish).ok(1).do(wish);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
    signal a 5 -> [messages-sent m2:command>a] running
    signal a 5 -> [] running
    settle #1.1 succeeded -> [activation-succeeded #1 m3:result> sink; node-fired takes 1 opens #2 a] running due execute #2.1@0
    signal a 5 -> [] running
  `);
});

test("an unsafe node is journalled before it starts, and its outcome may be unknown", () => {
  const start = { kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" } as const;
  const trace = run(handler("a", { safety: "unsafe" }))
    .do(start)
    .restart()
    .do({ kind: "forget-attempt", activation: 1, attempt: 1 });
  trace.do({ kind: "settle-call", activation: 1, as: "succeeded", result: 5 });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a:unsafe] running due journal #1.1
    start-attempt #1.1 -> [attempt-started #1] running due execute #1.1@0
    (restart) due forget #1
    forget-attempt #1.1 -> [outcome-unknown #1] parked
    settle-call #1 succeeded -> [outcome-settled #1 succeeded; activation-succeeded #1 m2:result>b; node-fired takes 1 opens #2 b] running due execute #2.1@0
  `);
});

test("a cancel closes a call of unknown outcome at once", () => {
  const start = { kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" } as const;
  const trace = run(handler("a", { safety: "unsafe" }))
    .do(start)
    .fail(1, { class: "timeout" })
    .do({ kind: "cancel" });
  expect(trace.lines.at(-1)).toContain("closes [1]; run-cancelled");
});

test("a call that a person allowed once is not started again by a window", () => {
  const window = { attempts: 3, delayMs: 1 };
  const tool: Node = { kind: "tool", id: "pay", capability: "pay", restart: window };
  const start = { kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" } as const;
  const trace = run(tool).do({ kind: "answer", answer: true }).do(start).fail(1, { class: "transient" });
  expect(trace.lines.at(-1)).toContain("run-failed flaky at pay");
});

test("a sub-workflow runs as a child, with the body for its input", () => {
  expect(run({ kind: "workflow", id: "sub", workflow: "other" }).ok(1, "done")).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>sub; node-fired takes 1 opens #1 sub:child] waiting due child #1.1 other
    settle #1.1 succeeded -> [activation-succeeded #1 m2:result>b; node-fired takes 1 opens #2 b] running due execute #2.1@0
  `);
});

test("a handler keeps a state, reports events and sends messages of its own before what it sends by default", () => {
  const keeps = { next_state: { n: 1 }, events: [{ type: "seen", payload: 4 }], emit_messages: [{ type: "own", body: 2 }], rest: true };
  const trace = run(handler("a"), [1, 2]).ok(1, keeps);
  expect(trace.lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 succeeded -> [activation-succeeded #1 m3:own>b m4:result>b state {"n":1}; node-fired takes 1 opens #2 a; node-fired takes 1 opens #3 b] running due execute #2.1@0, execute #3.1@0"`,
  );
  expect(trace.journal.find(({ event }) => event.kind === "activation-succeeded")?.event).toMatchObject({
    facts: [{ type: "seen", payload: 4 }],
  });
  expect(trace.ok(2, { next_state: null }).live.record("a")?.state).toBeNull();
});

test("a process sends its payload, and says the rest in its result", () => {
  const said = { agent_id: "p", sandbox: { exit_code: 0, stdout: "", stderr: "" }, input: 1, output: null };
  const trace = run({ kind: "process", id: "p", config: {}, safety: "safe" }, [1]).ok(1, {
    ...said,
    state: { n: 1 },
    messages: [{ type: "own", payload: 2 }],
    events: [{ type: "seen", payload: 3 }],
  });
  expect(trace.lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 succeeded -> [activation-succeeded #1 m2:own>b m3:executor_result>b state {"n":1}; node-fired takes 1 opens #2 b] running due execute #2.1@0"`,
  );
  const done = run({ kind: "process", id: "p", config: {}, safety: "safe" }, [1]).ok(1, { ...said, complete: { kind: "job", result: 9 } });
  expect(done.live.head.output).toBe(9);
});

test("what a node emits: a type of its own, or nothing but what its result asks for", () => {
  const graph = graphOf([handler("a", { emits: "mine" }), b], ["a>b:mine"]);
  expect(new Trace(graph).start().ok(1).lines.at(-1)).toContain("m2:mine>b");
  const silent = graphOf([handler("a", { emits: null }), b], ["a>b"]);
  expect(new Trace(silent).start().ok(1, 5).lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 succeeded -> [activation-succeeded #1; run-succeeded null] succeeded"`,
  );
});

test("an exit reads what the node handled and what it gave", () => {
  const exit = {
    output: {
      kind: "object" as const,
      fields: [
        { name: "payload", value: variable("payload") },
        { name: "given", value: result },
      ],
    },
  };
  const trace = new Trace(graphOf([handler("a", { exit })], [])).start({ n: 1 }).ok(1, 5);
  expect(trace.live.head.output).toEqual({ payload: { n: 1 }, given: 5 });
});
