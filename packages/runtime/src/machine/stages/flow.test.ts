import type { Edge, Expr, Node } from "@heddle/core";
import { expect, test } from "vitest";
import { body, handler, literal, result, workflowOf } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const isTrue = (name: string): Expr => ({ kind: "eq", left: { kind: "ref", scope: "result", name }, right: literal(true) });

test("a token goes from node to node, and its exit ends the run", () => {
  const ir = workflowOf("main", [handler("a", { writes: [{ name: "x", value: result }] }), handler("b")]);
  expect(new Trace(ir).start({ given: 1 }).ok(1, { n: 1 }).ok(2, "done")).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 x={"result":[]} by e0 opens #2 b] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"result":[]}; run-succeeded "done"] succeeded
  `);
});

test("the first open edge by priority is taken, then the order of the list, then the default", () => {
  const edges: Edge[] = [
    { id: "default", from: "a", to: "d", priority: 9 },
    { id: "second", from: "a", to: "c", guard: isTrue("c") },
    { id: "third", from: "a", to: "d", guard: isTrue("c") },
    { id: "first", from: "a", to: "b", guard: isTrue("b"), priority: -1 },
  ];
  const ir = {
    ...workflowOf("main", [handler("a")]),
    edges,
    nodes: [handler("a"), ...["b", "c", "d"].map((id) => handler(id, { exit: { output: result } }))],
  };
  const taken = (value: { b?: boolean; c?: boolean }): string => new Trace(ir).start().ok(1, value).lines[1] ?? "";
  expect([taken({ b: true, c: true }), taken({ c: true }), taken({}), taken({ b: false })].join("\n")).toMatchInlineSnapshot(`
    "settle #1.1 succeeded -> [activation-succeeded #1 by first opens #2 b] running due execute #2.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 by second opens #2 c] running due execute #2.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 by default opens #2 d] running due execute #2.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 by default opens #2 d] running due execute #2.1@0"
  `);
});

test("a run fails where no edge is open", () => {
  const ir = { ...workflowOf("main", [handler("a"), handler("b")]), edges: [{ id: "only", from: "a", to: "b", guard: literal(false) }] };
  expect(new Trace(ir).start().ok(1)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1; run-failed no-transition at a] failed
  `);
});

test("routers are passed in the turn that reaches them, and one that fails fails its frame", () => {
  const ir = workflowOf("main", [
    { kind: "router", id: "r", writes: [{ name: "x", value: literal(1) }] },
    { kind: "router", id: "thrown", raw: { fail: { code: "odd", message: "thrown" } } },
    handler("b"),
  ]);
  expect(new Trace(ir).start()).toMatchInlineSnapshot(
    `start -> [run-started; router-passed frame 0 r x=1 by e0; router-passed frame 0 thrown; run-failed odd at thrown] failed`,
  );
});

test("a failing router whose failure is computed fails with what its exit output says", () => {
  const said = (output: Expr): string => {
    const fail = { code: "thrown", message: "no text", computed: true };
    const nodes: Node[] = [{ kind: "router", id: "thrown", raw: { fail }, exit: { output } }];
    return new Trace({ ...workflowOf("main", nodes), nodes }).start().lines.join("\n");
  };
  expect(said(literal({ code: "own", message: "own text", class: "handler", retryable: true, node: "a" }))).toContain(
    "run-failed own at a",
  );
  expect(said(literal({ code: 1, message: null, class: "strange" }))).toContain("run-failed thrown at thrown");
  expect(said(literal(null))).toContain("run-failed thrown at thrown");
});

test("an attempt is repeated with growing delays, as often as the policy says", () => {
  const ir = workflowOf("main", [handler("a", { retry: { attemptsMax: 3, delayMs: 100, factor: 3, jitter: 0 } })]);
  expect(new Trace(ir).start().fail(1).at(100).fail(1, {}, 2).at(400).fail(1, {}, 3)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 failed -> [attempt-failed #1 flaky again at 100] running due execute #1.2@100
    settle #1.2 failed -> [attempt-failed #1 flaky again at 400] running due execute #1.3@400
    settle #1.3 failed -> [activation-failed #1 failure flaky; run-failed flaky at a] failed
  `);
});

test("a failure that is not retryable, or that the policy leaves out, is not repeated", () => {
  const retry = { attemptsMax: 3, on: ["handler" as const], exceptCodes: ["odd"] };
  const ir = workflowOf("main", [handler("a", { retry })]);
  const ends = (failure: Parameters<Trace["fail"]>[1]): string => new Trace(ir).start().fail(1, failure).lines[1] ?? "";
  expect([ends({ retryable: false }), ends({ class: "transient" }), ends({ code: "odd" })].join("\n")).toMatchInlineSnapshot(`
    "settle #1.1 failed -> [activation-failed #1 failure flaky; run-failed flaky at a] failed
    settle #1.1 failed -> [activation-failed #1 failure flaky; run-failed flaky at a] failed
    settle #1.1 failed -> [activation-failed #1 failure odd; run-failed odd at a] failed"
  `);
});

test("a lost process does not count against the policy, unless its pool says so", () => {
  const ir = workflowOf("main", [handler("a", { retry: { attemptsMax: 1 } })]);
  const lost = (counted: boolean) => ({ kind: "lost" as const, message: "it died", counted });
  const trace = new Trace(ir).start();
  trace.do({ kind: "settle-attempt", activation: 1, attempt: 1, outcome: lost(false) });
  trace.do({ kind: "settle-attempt", activation: 1, attempt: 2, outcome: lost(true) });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 lost -> [attempt-failed #1 executor-lost again at 0 uncounted] running due execute #1.2@0
    settle #1.2 lost -> [activation-failed #1 failure executor-lost; run-failed executor-lost at a] failed
  `);
});

test("a failure takes the failure edge, a timeout the timeout edge, and the failure edge where there is none", () => {
  const nodes = [handler("a"), ...["b", "c"].map((id) => handler(id, { exit: { output: result } }))];
  const onFailure: Edge = { id: "failed", from: "a", to: "b", on: "failure" };
  const onTimeout: Edge = { id: "late", from: "a", to: "c", on: "timeout" };
  const ends = (edges: Edge[], failure: Parameters<Trace["fail"]>[1]): string =>
    new Trace({ ...workflowOf("main", nodes), nodes, edges: [{ id: "on", from: "a", to: "b" }, ...edges] }).start().fail(1, failure)
      .lines[1] ?? "";
  const timeout = { class: "timeout" as const, code: "timeout" };
  expect(
    [ends([onFailure, onTimeout], {}), ends([onFailure, onTimeout], timeout), ends([onFailure], timeout), ends([onTimeout], {})].join("\n"),
  ).toMatchInlineSnapshot(`
    "settle #1.1 failed -> [activation-failed #1 failure flaky by failed opens #2 b] running due execute #2.1@0
    settle #1.1 failed -> [activation-failed #1 timeout timeout by late opens #2 c] running due execute #2.1@0
    settle #1.1 failed -> [activation-failed #1 timeout timeout by failed opens #2 b] running due execute #2.1@0
    settle #1.1 failed -> [activation-failed #1 failure flaky; run-failed flaky at a] failed"
  `);
});

test("a failure without an edge goes to the nearest try, then fails frame and region", () => {
  const guarded = workflowOf("main", [
    {
      kind: "try",
      id: "t",
      body: body(handler("a", { exit: { output: result } })),
      catch: body(handler("c", { exit: { output: result } })),
    },
  ]);
  expect(new Trace(guarded).start().fail(2).fail(3, { code: "worse" })).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 failed -> [activation-failed #2 failure flaky; frame-failed frame 1 flaky; frames-opened #1 catch[1] #3 c] running due execute #3.1@0
    settle #3.1 failed -> [activation-failed #3 failure worse; frame-failed frame 2 worse; activation-failed #1 failure worse; run-failed worse at c] failed
  `);
});

test("a result that does not fit what the node writes fails the attempt, and may be repeated", () => {
  const ir = workflowOf("main", [
    handler("a", {
      writes: [{ name: "x", value: result, type: { kind: "number" } }],
      retry: { attemptsMax: 2, on: ["invalid"], delayMs: 5, jitter: 0 },
    }),
  ]);
  expect(new Trace(ir).start().ok(1, "text").at(5).ok(1, 5, 2)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [attempt-failed #1 result-invalid again at 5] running due execute #1.2@5
    settle #1.2 succeeded -> [activation-succeeded #1 x=5 exits 5; run-succeeded 5] succeeded
  `);
});

test("late and repeated outcomes are dropped", () => {
  const ir = workflowOf("main", [handler("a", { retry: { attemptsMax: 2, delayMs: 0 } }), handler("b")]);
  expect(new Trace(ir).start().fail(1).ok(1, "late").ok(1, "now", 2).ok(1, "again", 2).fail(7).ok(2).ok(2)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 failed -> [attempt-failed #1 flaky again at 0] running due execute #1.2@0
    settle #1.1 succeeded -> [] running
    settle #1.2 succeeded -> [activation-succeeded #1 by e0 opens #2 b] running due execute #2.1@0
    settle #1.2 succeeded -> [] running
    settle #7.1 failed -> [] running
    settle #2.1 succeeded -> [activation-succeeded #2 exits null; run-succeeded null] succeeded
    settle #2.1 succeeded -> [] succeeded
  `);
});

test("time never runs backwards in a journal, and what is due is due by the journal's time", () => {
  const ir = workflowOf("main", [handler("a"), { kind: "wait", id: "w", wait: { kind: "duration", ms: literal(50) } }]);
  const trace = new Trace(ir).at(1_000).start().at(10).ok(1).at(20).timer(2).at(1_050).timer(2);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@1000
    settle #1.1 succeeded -> [activation-succeeded #1 by e0 opens #2 w:sleep@1050] waiting due timer #2@1050
    timer #2 -> [] waiting
    timer #2 -> [activation-succeeded #2 exits null; run-succeeded null] succeeded
  `);
  expect(trace.journal.map(({ atMs }) => atMs)).toEqual([1_000, 1_000, 1_050, 1_050]);
});

test("a cycle of routers that do nothing ends in a failure", () => {
  const ir = {
    ...workflowOf("main", [{ kind: "router", id: "r" }]),
    nodes: [{ kind: "router" as const, id: "r" }],
    edges: [{ id: "e", from: "r", to: "r" }],
  };
  const trace = new Trace(ir).start();
  expect(trace.live.head.failure?.code).toBe("cascade-exceeded");
});
