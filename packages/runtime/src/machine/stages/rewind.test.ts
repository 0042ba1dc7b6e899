import type { JsonValue, Node, WorkflowIr } from "@heddle/core";
import { expect, test } from "vitest";
import { body, handler, literal, result, row, workflowOf } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";
import { liveRunFrom, rewindTarget, rewoundSnapshot, snapshotOf } from "./index.ts";

const leaf = (id: string): Node => handler(id, { exit: { output: result } });

/** Takes an ended run up again. */
function again(trace: Trace, from?: string | number): Trace {
  const target = rewindTarget(trace.journal, from);
  if (target === undefined) {
    trace.lines.push(`(no way back to ${from ?? "what failed"})`);
    return trace;
  }
  const { nextActivation, nextFrame, nextSignal, signalKeys } = trace.live.head;
  const rewound = rewoundSnapshot({
    fold: target.fold,
    from: target.activation,
    nextActivation,
    nextFrame,
    nextSignal,
    deadlineMs: undefined,
    signalKeys,
  });
  return trace.do({ kind: "retry", from: rewound.from, node: target.node, state: rewound.state });
}

test("a failed run goes on from what failed it, under new numbers", () => {
  const trace = new Trace(workflowOf("main", [handler("a", { writes: [{ name: "x", value: result }] }), handler("b")]))
    .start()
    .ok(1, 1)
    .fail(2);
  expect(again(trace).ok(2, "late").ok(3, "done")).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 x=1 by e0 opens #2 b] running due execute #2.1@0
    settle #2.1 failed -> [activation-failed #2 failure flaky; run-failed flaky at b] failed
    retry from #3 b -> [run-retried b] running due execute #3.1@0
    settle #2.1 succeeded -> [] running
    settle #3.1 succeeded -> [activation-succeeded #3 exits {"result":[]}; run-succeeded "done"] succeeded
  `);
});

test("a run goes on from a node or an activation that is named, with the variables that stood there", () => {
  const trace = new Trace(workflowOf("main", [handler("a", { writes: [{ name: "x", value: result }] }), handler("b")]))
    .start({ x: 0 })
    .ok(1, 1)
    .ok(2, 2);
  again(trace, "a");
  expect(trace.live.frame(0)?.vars).toEqual({ x: 0 });
  expect(again(trace.ok(3, 5).ok(4, 6), 2)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 x=1 by e0 opens #2 b] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits 2; run-succeeded 2] succeeded
    retry from #3 a -> [run-retried a] running due execute #3.1@0
    settle #3.1 succeeded -> [activation-succeeded #3 x=5 by e0 opens #4 b] running due execute #4.1@0
    settle #4.1 succeeded -> [activation-succeeded #4 exits 6; run-succeeded 6] succeeded
    retry from #5 b -> [run-retried b] running due execute #5.1@0
  `);
  expect(trace.live.frame(0)?.vars).toEqual({ x: 1 });
});

test("siblings that were open are done again too, and what had ended is kept", () => {
  const both: Node = { kind: "parallel", id: "p", branches: ["a", "b", "c"].map((id) => ({ name: id, body: body(leaf(id)) })) };
  const trace = new Trace(workflowOf("main", [both])).start().ok(2, "kept").fail(3).aborted(4);
  expect(again(trace)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 p:parallel; frames-opened #1 a[0] #2 a b[1] #3 b c[2] #4 c] running due execute #2.1@0, execute #3.1@0, execute #4.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits {"result":[]}] running
    settle #3.1 failed -> [activation-failed #3 failure flaky; frame-failed frame 2 flaky; unwinding-started #1 sibling-failed frames 3] running due abort #4
    settle #4.1 aborted -> [activation-cancelled #4 aborted; frame-closed frame 3; activation-failed #1 failure flaky; run-failed flaky at b] failed
    retry from #7 b -> [run-retried b] running due execute #6.1@0, execute #7.1@0, execute #8.1@0
  `);
});

test("a cancelled run goes on from where it stood", () => {
  const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(10) } };
  const trace = new Trace(workflowOf("main", [handler("a"), nap])).start().ok(1).do({ kind: "cancel" });
  expect(again(trace)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 by e0 opens #2 nap:sleep@10] waiting due timer #2@10
    cancel -> [run-cancelling; unwinding-started cancel frames 0 closes #2; run-cancelled] cancelled
    retry from #3 nap -> [run-retried nap] waiting due timer #3@10
  `);
});

test("a run over its limit goes on from the last state between two turns", () => {
  const trace = new Trace(workflowOf("main", [handler("a"), handler("b"), handler("c")], { limits: { stepsMax: 2 } })).start().ok(1).ok(2);
  expect(again(trace)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 by e0 opens #2 b] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 by e1; run-limited limit-exceeded at c; unwinding-started limit frames 0; run-failed limit-exceeded at c] failed
    retry from #3 b -> [run-retried b] running due execute #3.1@0
  `);
});

test("what stopped an earlier life does not say where this one goes on", () => {
  const trace = new Trace(workflowOf("main", [handler("a"), handler("b")])).start().do({ kind: "cancel" }).aborted(1);
  again(trace).ok(2).fail(3);
  expect(again(trace)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    cancel -> [run-cancelling; unwinding-started cancel frames 0] cancelling due abort #1, timer #0@30000
    settle #1.1 aborted -> [activation-cancelled #1 aborted; run-cancelled] cancelled
    retry from #2 a -> [run-retried a] running due execute #2.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 by e0 opens #3 b] running due execute #3.1@0
    settle #3.1 failed -> [activation-failed #3 failure flaky; run-failed flaky at b] failed
    retry from #4 b -> [run-retried b] running due execute #4.1@0
  `);
});

test("a region that is named starts over; one that ended as it began cannot be gone back to", () => {
  const map: Node = { kind: "map", id: "m", over: literal([1, 2]), item: "item", body: body(leaf("a")) };
  const empty: Node = { kind: "map", id: "empty", over: literal([]), item: "item", body: body(leaf("x")) };
  const trace = new Trace(workflowOf("main", [map, empty])).start().ok(2).ok(3);
  expect(again(again(trace, "empty"), "m")).toMatchInlineSnapshot(`
    start -> [run-started opens #1 m:map; frames-opened #1 body[0] #2 a body[1] #3 a] running due execute #2.1@0, execute #3.1@0
    settle #2.1 succeeded -> [activation-succeeded #2 exits null] running
    settle #3.1 succeeded -> [activation-succeeded #3 exits null; activation-succeeded #1 by e0 opens #4 empty:map; activation-succeeded #4 exits {"result":[]}; run-succeeded []] succeeded
    (no way back to empty)
    retry from #5 m -> [run-retried m] running due execute #6.1@0, execute #7.1@0
  `);
});

test("a run that succeeded has no default to go back to", () => {
  expect(again(new Trace(workflowOf("main", [handler("a")])).start().ok(1)).lines.at(-1)).toBe("(no way back to what failed)");
});

const everything: WorkflowIr = workflowOf("main", [
  {
    kind: "try",
    id: "t",
    body: row(
      [{ kind: "map", id: "m", over: literal([{ ["__proto__"]: 1 }, null]), item: "item", concurrencyMax: 1, body: body(leaf("a")) }],
      result,
    ),
    finally: body(leaf("f")),
  },
]);

test("a snapshot restores the state, at every step", () => {
  const trace = new Trace(everything);
  const steps = [
    () => trace.start({ x: JSON.parse('{"__proto__":{"deep":[1]}}') as JsonValue }),
    () => trace.ok(3, "one"),
    () => trace.fail(4),
    () => trace.ok(5),
  ];
  for (const step of steps) {
    step();
    const text = JSON.stringify(snapshotOf(trace.live));
    expect(JSON.stringify(snapshotOf(liveRunFrom(JSON.parse(text) as JsonValue)))).toBe(text);
  }
  expect(trace.live.head.phase).toBe("failed");
});

test("a snapshot does not change with the state that it was taken of", () => {
  const trace = new Trace(everything).start();
  const snapshot = snapshotOf(trace.live);
  const text = JSON.stringify(snapshot);
  trace.ok(3, "one");
  expect(JSON.stringify(snapshot)).toBe(text);
});
