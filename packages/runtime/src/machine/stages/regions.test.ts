import type { Node } from "@heddle/core";
import { expect, test } from "vitest";
import { body, handler, literal, result, row, variable, workflowOf } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const leaf = (id: string): Node => handler(id, { exit: { output: result } });
const sleeper = (id: string): Node => ({
  kind: "wait",
  id,
  wait: { kind: "duration", ms: literal(1_000) },
  exit: { output: literal(null) },
});
const branches = (...nodes: readonly Node[]): Node => ({
  kind: "parallel",
  id: "p",
  branches: nodes.map((node) => ({ name: node.id, body: body(node) })),
});

test("a parallel gives the results of its branches by name", () => {
  expect(new Trace(workflowOf("main", [branches(leaf("a"), leaf("b"))])).start().ok(3, 2).ok(2, 1)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 p:parallel; frames-opened #1 a[0] #2 a b[1] #3 b] running due execute #2.1@0, execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 exits 2] running
    settle #2.1 succeeded -> [activation-succeeded #2 exits 1; activation-succeeded #1 exits {"result":[]}; run-succeeded {"a":1,"b":2}] succeeded
  `);
});

test("the first failure cancels the siblings: waits at once, what executes once it has answered", () => {
  const trace = new Trace(workflowOf("main", [branches(leaf("a"), sleeper("b"), leaf("c"))])).start();
  expect(trace.fail(2).ok(4, "too late")).toMatchInlineSnapshot(`
    start -> [run-started opens #1 p:parallel; frames-opened #1 a[0] #2 a b[1] #3 b:sleep@1000 c[2] #4 c] running due execute #2.1@0, timer #3@1000, execute #4.1@0
    settle #2.1 failed -> [activation-failed #2 failure flaky; frame-failed frame 1 flaky; unwinding-started #1 sibling-failed frames 3 2 closes #3; frame-closed frame 2] running due abort #4
    settle #4.1 succeeded -> [activation-cancelled #4 succeeded; frame-closed frame 3; activation-failed #1 failure flaky; run-failed flaky at a] failed
  `);
});

test("a map runs as many items at once as it may, and gives results in the order of the items", () => {
  const map: Node = { kind: "map", id: "m", over: variable("list"), item: "item", concurrencyMax: 2, body: body(leaf("a")) };
  const trace = new Trace(workflowOf("main", [map])).start({ list: ["x", "y", "z"] });
  expect(trace.ok(3, "second").ok(4, "third").ok(2, "first")).toMatchInlineSnapshot(`
    start -> [run-started opens #1 m:map; frames-opened #1 body[0] #2 a body[1] #3 a] running due execute #2.1@0, execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 exits {"result":[]}; frames-opened #1 body[2] #4 a] running due execute #4.1@0
    settle #4.1 succeeded -> [activation-succeeded #4 exits {"result":[]}] running
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"result":[]}; activation-succeeded #1 exits {"result":[]}; run-succeeded ["first","second","third"]] succeeded
  `);
});

test("a collecting map turns failures into results; an empty one succeeds at once", () => {
  const map: Node = { kind: "map", id: "m", over: variable("list"), item: "item", collect: "collect", body: body(leaf("a")) };
  expect(
    new Trace(workflowOf("main", [map]))
      .start({ list: [1, 2] })
      .fail(2)
      .ok(3, "fine"),
  ).toMatchInlineSnapshot(`
    start -> [run-started opens #1 m:map; frames-opened #1 body[0] #2 a body[1] #3 a] running due execute #2.1@0, execute #3.1@0
    settle #2.1 failed -> [activation-failed #2 failure flaky; frame-failed frame 1 flaky] running
    settle #3.1 succeeded -> [activation-succeeded #3 exits {"result":[]}; activation-succeeded #1 exits {"result":[]}; run-succeeded [{"ok":false,"failure":{"code":"flaky","message":"it failed","class":"handler","retryable":true,"node":"a"}},{"ok":true,"value":"fine"}]] succeeded
  `);
  expect(new Trace(workflowOf("main", [map])).start({ list: [] })).toMatchInlineSnapshot(
    `start -> [run-started opens #1 m:map; activation-succeeded #1 exits {"result":[]}; run-succeeded []] succeeded`,
  );
});

test("a map over something else than a list fails", () => {
  const map: Node = { kind: "map", id: "m", over: variable("list"), item: "item", body: body(leaf("a")) };
  expect(new Trace(workflowOf("main", [map])).start({ list: "text" })).toMatchInlineSnapshot(
    `start -> [run-started opens #1 m:map; activation-failed #1 failure map-input-invalid; run-failed map-input-invalid at m] failed`,
  );
});

const loop = (extra: Partial<Extract<Node, { kind: "loop" }>>): Node => ({
  kind: "loop",
  id: "l",
  carried: [{ name: "i", initial: literal(0) }],
  while: { kind: "compare", op: "lt", left: variable("i"), right: literal(2) },
  body: body(handler("a", { exit: { output: { kind: "object", fields: [{ name: "i", value: result }] } } })),
  ...extra,
});

test("a loop carries its variables from round to round", () => {
  expect(new Trace(workflowOf("main", [loop({})])).start().ok(2, 1).ok(3, 2)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 l:loop; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"i":1}; frames-opened #1 body[1] #3 a] running due execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 exits {"i":2}; activation-succeeded #1 exits {"result":[]}; run-succeeded {"i":2}] succeeded
  `);
});

test("a loop that tests after runs once at least; one that may not go on fails", () => {
  expect(new Trace(workflowOf("main", [loop({ test: "after", while: literal(false) })])).start().ok(2, 1)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 l:loop; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"i":1}; activation-succeeded #1 exits {"result":[]}; run-succeeded {"i":1}] succeeded
  `);
  expect(new Trace(workflowOf("main", [loop({ iterationsMax: 1 })])).start().ok(2, 1)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 l:loop; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"i":1}; activation-failed #1 failure iterations-exceeded; run-failed iterations-exceeded at l] failed
  `);
});

const guarded = (id: string, inner: Node): Node => ({
  kind: "try",
  id,
  body: body(inner),
  finally: body(leaf(`${id}-finally`)),
  exit: { output: result },
});

test("a finally body runs after success, after failure and after a catch, and its own failure counts", () => {
  const ir = workflowOf("main", [{ kind: "try", id: "t", body: body(leaf("a")), catch: body(leaf("c")), finally: body(leaf("f")) }]);
  expect(new Trace(ir).start().ok(2, "fine").ok(3)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"result":[]}; frames-opened #1 finally[1] #3 f] running due execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 exits null; activation-succeeded #1 exits {"result":[]}; run-succeeded "fine"] succeeded
  `);
  expect(new Trace(ir).start().fail(2).ok(3, "healed").ok(4)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 failed -> [activation-failed #2 failure flaky; frame-failed frame 1 flaky; frames-opened #1 catch[1] #3 c] running due execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 exits {"result":[]}; frames-opened #1 finally[2] #4 f] running due execute #4.1@0
    settle #4.1 succeeded -> [activation-succeeded #4 exits null; activation-succeeded #1 exits {"result":[]}; run-succeeded "healed"] succeeded
  `);
  expect(new Trace(ir).start().ok(2, "fine").fail(3, { code: "unclean" })).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"result":[]}; frames-opened #1 finally[1] #3 f] running due execute #3.1@0
    settle #3.1 failed -> [activation-failed #3 failure unclean; frame-failed frame 2 unclean; activation-failed #1 failure unclean; run-failed unclean at f] failed
  `);
});

test("a cancel runs finally bodies inside out, then ends the run", () => {
  const trace = new Trace(workflowOf("main", [guarded("outer", guarded("inner", leaf("a")))])).start();
  trace.do({ kind: "cancel", reason: "enough" }).aborted(3).ok(4).ok(5);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 outer:try; frames-opened #1 body[0] #2 inner:try; frames-opened #2 body[0] #3 a] running due execute #3.1@0
    cancel -> [run-cancelling; unwinding-started cancel frames 0 1 2] cancelling due abort #3, timer #0@30000
    settle #3.1 aborted -> [activation-cancelled #3 aborted; frame-closed frame 2; frames-opened #2 finally[1] #4 inner-finally] cancelling due execute #4.1@0
    settle #4.1 succeeded -> [activation-succeeded #4 exits null; activation-cancelled #2 region; frame-closed frame 1; frames-opened #1 finally[1] #5 outer-finally] cancelling due execute #5.1@0
    settle #5.1 succeeded -> [activation-succeeded #5 exits null; activation-cancelled #1 region; run-cancelled] cancelled
  `);
});

test("a cancel during a finally body lets it end", () => {
  const trace = new Trace(workflowOf("main", [guarded("t", leaf("a")), handler("never")])).start().ok(2, "fine");
  expect(trace.do({ kind: "cancel" }).ok(3)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"result":[]}; frames-opened #1 finally[1] #3 t-finally] running due execute #3.1@0
    cancel -> [run-cancelling; unwinding-started cancel frames 0] cancelling due execute #3.1@0, timer #0@30000
    settle #3.1 succeeded -> [activation-succeeded #3 exits null; activation-cancelled #1 region; run-cancelled] cancelled
  `);
});

test("cleanup that takes too long is cut short", () => {
  const ir = workflowOf("main", [guarded("t", leaf("a"))], { limits: { cleanupTimeoutMs: 100 } });
  const trace = new Trace(ir).start().do({ kind: "cancel" }).aborted(2).at(99).timer(0).at(100).timer(0);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    cancel -> [run-cancelling; unwinding-started cancel frames 0 1] cancelling due abort #2, timer #0@100
    settle #2.1 aborted -> [activation-cancelled #2 aborted; frame-closed frame 1; frames-opened #1 finally[1] #3 t-finally] cancelling due execute #3.1@0
    timer #0 -> [] cancelling
    timer #0 -> [run-cancelled forced] cancelled
  `);
});

test("a limit of steps cannot be caught, and finally bodies still run", () => {
  const steps: Node = {
    kind: "try",
    id: "t",
    body: { ...row([handler("a"), handler("b")], result) },
    catch: body(leaf("c")),
    finally: body(leaf("f")),
  };
  const trace = new Trace(workflowOf("main", [steps], { limits: { stepsMax: 2 } })).start();
  expect(trace.ok(2).ok(3)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 by e0; run-limited limit-exceeded at b; unwinding-started limit frames 0 1; frame-closed frame 1; frames-opened #1 finally[1] #3 f] cancelling due timer #0@30000, execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 exits null; activation-cancelled #1 region; run-failed limit-exceeded at b] failed
  `);
});

test("a limit of steps that is reached in a finally body lets that body end", () => {
  const last: Node = { kind: "try", id: "t", body: body(leaf("a")), finally: row([handler("f"), handler("g")], result) };
  const trace = new Trace(workflowOf("main", [last, handler("never")], { limits: { stepsMax: 3 } })).start();
  expect(trace.ok(2).ok(3).ok(4)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 t:try; frames-opened #1 body[0] #2 a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits null; frames-opened #1 finally[1] #3 f] running due execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 by e0 opens #4 g; run-limited limit-exceeded at g; unwinding-started limit frames 0] cancelling due execute #4.1@0, timer #0@30000
    settle #4.1 succeeded -> [activation-succeeded #4 exits null; activation-cancelled #1 region; run-failed limit-exceeded at g] failed
  `);
});

test("a limit of steps counts the frames that one event opens", () => {
  const map: Node = { kind: "map", id: "m", over: variable("list"), item: "item", body: body(leaf("a")) };
  const trace = new Trace(workflowOf("main", [map], { limits: { stepsMax: 3 } })).start({ list: [1, 2, 3, 4] });
  expect(trace.live.head.steps).toBe(3);
});

test("a limit of time ends the run; the deadline of a region ends the region", () => {
  const slow = workflowOf("main", [leaf("a")], { limits: { timeMs: 100 } });
  expect(new Trace(slow).start().at(100).timer(0).aborted(1)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due timer #0@100, execute #1.1@0
    timer #0 -> [run-limited limit-exceeded; unwinding-started limit frames 0] cancelling due abort #1, timer #0@30100
    settle #1.1 aborted -> [activation-cancelled #1 aborted; run-failed limit-exceeded] failed
  `);
  const timed = workflowOf("main", [{ ...branches(sleeper("a")), timeoutMs: 10 }]);
  expect(new Trace(timed).start().at(10).timer(1)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 p:parallel@10; frames-opened #1 a[0] #2 a:sleep@1000] waiting due timer #1@10, timer #2@1000
    timer #1 -> [unwinding-started #1 timeout frames 1 closes #2; frame-closed frame 1; activation-failed #1 timeout timeout; run-failed timeout at p] failed
  `);
});

test("a region that a failing sibling meets before its first frame is cancelled with it", () => {
  const thrown: Node = { kind: "router", id: "thrown", raw: { fail: { code: "odd", message: "thrown" } } };
  const inner: Node = { kind: "map", id: "m2", over: literal([1]), item: "item", body: body(leaf("b")), exit: { output: result } };
  const chain = row([{ kind: "map", id: "m1", over: literal([]), item: "item", body: body(leaf("x")) }, inner], result);
  const ir = workflowOf("main", [
    {
      kind: "parallel",
      id: "p",
      branches: [
        { name: "one", body: { entry: "thrown", nodes: [thrown, leaf("never")], edges: [{ id: "n", from: "thrown", to: "never" }] } },
        { name: "two", body: body({ kind: "parallel", id: "q", branches: [{ name: "deep", body: chain }], exit: { output: result } }) },
      ],
    },
  ]);
  const trace = new Trace(ir).start();
  expect(trace).toMatchInlineSnapshot(
    `start -> [run-started opens #1 p:parallel; frames-opened #1 one[0] two[1] #2 q:parallel; router-passed frame 1 thrown; frames-opened #2 deep[0] #3 m1:map; frame-failed frame 1 odd; activation-succeeded #3 by e0 opens #4 m2:map; unwinding-started #1 sibling-failed frames 2 3; activation-cancelled #4 region; frame-closed frame 3; activation-cancelled #2 region; frame-closed frame 2; activation-failed #1 failure odd; run-failed odd at thrown] failed`,
  );
  expect(trace.live.head.phase).toBe("failed");
});
