import type { JsonValue, Node } from "@heddle/core";
import { expect, test } from "vitest";
import { equals, field, graphOf, handler, literal, result } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const abc = ["a", "b", "c"].map((id) => handler(id));
const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(50) } };

test("a batch ends when nothing runs and nothing waits, with what its last nodes gave last", () => {
  const fan = new Trace(graphOf(abc, ["a>b", "a>c"])).start().ok(1).ok(2, "b1").ok(3, "c1");
  expect(fan.lines.at(-1)).toContain('run-succeeded {"b":"b1","c":"c1"}');
  const one = new Trace(graphOf(abc.slice(0, 2), ["a>b"], { seeds: [{ node: "a", bodies: [1, 2] }] }))
    .start()
    .ok(1)
    .ok(2, 1)
    .ok(3)
    .ok(4, 2);
  expect(one.lines.at(-1)).toContain("run-succeeded 2");
  expect(new Trace(graphOf(abc, ["a>b", "b>c"], { seeds: [] })).start().lines.at(-1)).toContain("run-succeeded null");
});

test("a service goes on until it is cancelled", () => {
  const trace = new Trace(graphOf([handler("a")], [], { type: "service" })).start().ok(1).send("a").do({ kind: "cancel" }).aborted(2);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
    settle #1.1 succeeded -> [activation-succeeded #1 m2:result> sink] waiting
    signal a null -> [messages-sent m3:command>a; node-fired takes 1 opens #2 a] running due execute #2.1@0
    cancel -> [run-cancelling; activations-aborting cancel aborts [2] closes []] cancelling due abort #2, timer #0@30000
    settle #2.1 aborted -> [activation-cancelled #2 aborted; run-cancelled] cancelled
  `);
});

test("a run completes when a node succeeds, or succeeds for the n-th time", () => {
  const seeds = [{ node: "a", bodies: [1, 2, 3] as JsonValue[] }];
  expect(new Trace(graphOf([handler("a", { completes: true })], [], { seeds })).start().ok(1, "first").lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 succeeded -> [activation-succeeded #1 m4:result> sink; run-completing a "first"; messages-dead-lettered a run-completed m2=letter 1 m3=letter 2; run-succeeded "first"] succeeded"`,
  );
  const second = new Trace(graphOf([handler("a", { completes: 2 })], [], { seeds })).start().ok(1, "first").ok(2, "second");
  expect(second.lines.at(-1)).toContain('run-succeeded "second"');
  const sensor = new Trace(graphOf([{ kind: "sensor", id: "a", completes: 2 }], [], { seeds })).start();
  expect(sensor.lines.at(-1)).toContain('run-succeeded {"count":2,"last_message":2}');
});

test("a run completes with its exit, or with what a worker says", () => {
  expect(
    new Trace(graphOf([handler("a", { exit: { output: result } }), ...abc.slice(1)], ["a>b"])).start().ok(1, "out").lines.at(-1),
  ).toMatchInlineSnapshot(
    `"settle #1.1 succeeded -> [activation-succeeded #1 m2:result>b; run-completing a "out"; messages-dead-lettered b run-completed m2=letter 1; run-succeeded "out"] succeeded"`,
  );
  expect(
    new Trace(graphOf(abc, ["a>b"]))
      .start()
      .ok(1, { complete_job: { n: 1 } })
      .lines.at(-1),
  ).toContain('run-succeeded {"n":1}');
  expect(new Trace(graphOf(abc, ["a>b"])).start().ok(1, { "complete_job?": true, n: 2 }).lines.at(-1)).toContain('run-succeeded {"n":2}');
});

test("once it is complete, nothing new fires, what runs ends, and the first completion counts", () => {
  const nodes = [...abc.slice(0, 2), handler("c", { concurrencyMax: 2, fires: { kind: "collect", count: 9 } }), nap];
  const seeds = [{ node: "a", bodies: [1, 2] }, { node: "b", bodies: [3, 4] }, { node: "c", bodies: [5] }, { node: "nap" }];
  const trace = new Trace(graphOf(nodes, ["a>b", "b>c"], { seeds })).start().ok(1, { complete_job: 1 });
  trace.send("b", 9).replay(1).fail(2).ok(2, { complete_job: 2 }, 1);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a m2:init>a m3:init>b m4:init>b m5:init>c m6:init>nap; node-fired takes 1 opens #1 a; node-fired takes 1 opens #2 b; node-fired takes 1 opens #3 c:gather; node-fired takes 1 opens #4 nap:sleep@50] running due execute #1.1@0, execute #2.1@0, timer #4@50
    settle #1.1 succeeded -> [activation-succeeded #1 m7:result>b; run-completing a 1; messages-dead-lettered a run-completed m2=letter 1; messages-dead-lettered b run-completed m4=letter 2 m7=letter 3; messages-dead-lettered #3 c run-completed m5=letter 4; activations-aborting completed aborts [] closes [4]] running
    signal b 9 refused run-ended -> [] running
    replay 1 refused run-ended -> [] running
    settle #2.1 failed -> [activation-failed #2 failure flaky m3=letter 5; run-succeeded 1] succeeded
    settle #2.1 succeeded -> [] succeeded
  `);
  expect(trace.letters()).toMatchInlineSnapshot(`
    [
      "1 run-completed at a: init 2",
      "2 run-completed at b: init 4",
      "3 run-completed at b: result {}",
      "4 run-completed at c: init 5",
      "5 flaky at b: init 3",
    ]
  `);
});

test("an attempt that fails while the run completes is retried, and not restarted", () => {
  const nodes = [handler("a"), handler("b", { retry: { attemptsMax: 2, delayMs: 10, jitter: 0 }, restart: { attempts: 5 } })];
  const trace = new Trace(graphOf(nodes, [], { seeds: [{ node: "a" }, { node: "b" }] }))
    .start()
    .ok(1, { complete_job: 1 })
    .fail(2)
    .at(10)
    .fail(2, {}, 2);
  expect(trace.lines.slice(1)).toMatchInlineSnapshot(`
    [
      "settle #1.1 succeeded -> [activation-succeeded #1 m3:result> sink; run-completing a 1] running",
      "settle #2.1 failed -> [attempt-failed #2 flaky again at 10] running due execute #2.2@10",
      "settle #2.2 failed -> [activation-failed #2 failure flaky m2=letter 1; run-succeeded 1] succeeded",
    ]
  `);
});

test("cycles are legal, and end by their guards", () => {
  const again = {
    from: "a",
    to: "a",
    guard: { kind: "compare" as const, op: "lt" as const, left: field("payload", "n"), right: literal(3) },
  };
  const done = { from: "a", to: "b", guard: equals(field("payload", "n"), 3) };
  const trace = new Trace(graphOf(abc.slice(0, 2), [again, done])).start();
  for (let n = 1; n <= 3; n++) trace.ok(n, { n });
  expect(trace.ok(4, "out").lines.at(-1)).toContain('run-succeeded "out"');
});

test("a cycle of nodes that execute nothing fails the run", () => {
  const routers: Node[] = ["a", "b"].map((id) => ({ kind: "router", id }));
  const trace = new Trace(graphOf(routers, ["a>b", "b>a"])).start();
  expect(trace.live.head).toMatchObject({ phase: "failed", failure: { code: "cascade-exceeded", node: expect.stringMatching(/a|b/) } });
});

test("paused: what runs may end, timers fire into the state, and nothing new starts", () => {
  const trace = new Trace(graphOf([...abc.slice(0, 2), nap], ["a>b", "nap>b"], { seeds: [{ node: "a" }, { node: "nap" }] })).start();
  trace.do({ kind: "pause" }).ok(1).at(50).timer(2).do({ kind: "resume", now: false });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a m2:init>nap; node-fired takes 1 opens #1 a; node-fired takes 1 opens #2 nap:sleep@50] running due execute #1.1@0, timer #2@50
    pause -> [run-paused] paused
    settle #1.1 succeeded -> [activation-succeeded #1 m3:result>b; node-fired takes 1 opens #3 b] paused
    timer #2 -> [activation-succeeded #2 m4:result>b] paused
    resume -> [run-resumed] running due execute #3.1@0
  `);
});

test("a cancel aborts what executes, closes what waits, and ends the run when that is gone, or its time is over", () => {
  const seeds = [{ node: "a" }, { node: "nap" }];
  const graph = graphOf([handler("a"), nap], [], { seeds, limits: { cleanupTimeoutMs: 5 } });
  expect(new Trace(graph).start().do({ kind: "cancel", reason: "enough" }).do({ kind: "cancel" }).aborted(1)).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a m2:init>nap; node-fired takes 1 opens #1 a; node-fired takes 1 opens #2 nap:sleep@50] running due execute #1.1@0, timer #2@50
    cancel -> [run-cancelling; activations-aborting cancel aborts [1] closes [2]] cancelling due abort #1, timer #0@5
    cancel -> [] cancelling
    settle #1.1 aborted -> [activation-cancelled #1 aborted; run-cancelled] cancelled
  `);
  expect(new Trace(graph).start().do({ kind: "cancel" }).at(5).timer(0).ok(1).lines.slice(-2)).toMatchInlineSnapshot(`
    [
      "timer #0 -> [run-cancelled forced] cancelled",
      "settle #1.1 succeeded -> [] cancelled",
    ]
  `);
});

test("a cancel of a run that completes wins", () => {
  const graph = graphOf(abc, [], { seeds: abc.map(({ id }) => ({ node: id })) });
  const trace = new Trace(graph).start().ok(1, { complete_job: 1 }).do({ kind: "cancel" }).aborted(2).aborted(3);
  expect(trace.lines.at(-1)).toContain("run-cancelled");
});

test("limits: steps, groups among them, and time", () => {
  const seeds = [{ node: "a", bodies: [1, 2] }];
  const steps = new Trace(graphOf([handler("a", { concurrencyMax: 2 })], [], { seeds, limits: { stepsMax: 1 } })).start().aborted(1);
  expect(steps).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a m2:init>a; node-fired takes 1 opens #1 a; run-limited limit-exceeded at a; activations-aborting limit aborts [1] closes []] cancelling due timer #0@30000, abort #1
    settle #1.1 aborted -> [activation-cancelled #1 aborted; run-failed limit-exceeded at a] failed
  `);
  const collect = handler("a", { fires: { kind: "collect", count: 1 } });
  expect(new Trace(graphOf([collect], [], { seeds, limits: { stepsMax: 1 } })).start().lines.at(-1)).toContain(
    "run-limited limit-exceeded at a",
  );
  const time = new Trace(graphOf([handler("a")], [], { limits: { timeMs: 20 } })).start().at(20).timer(0).aborted(1);
  expect(time).toMatchInlineSnapshot(`
    start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due timer #0@20, execute #1.1@0
    timer #0 -> [run-limited limit-exceeded; activations-aborting limit aborts [1] closes []] cancelling due abort #1, timer #0@30020
    settle #1.1 aborted -> [activation-cancelled #1 aborted; run-failed limit-exceeded] failed
  `);
});

test("a run that has ended refuses wishes, and drops what is late", () => {
  const trace = new Trace(graphOf([handler("a")])).start().ok(1).ok(1).send("a").do({ kind: "cancel" }).replay(1).timer(1);
  expect(trace.lines.slice(2)).toMatchInlineSnapshot(`
    [
      "settle #1.1 succeeded -> [] succeeded",
      "signal a null refused run-ended -> [] succeeded",
      "cancel refused run-ended -> [] succeeded",
      "replay 1 refused run-ended -> [] succeeded",
      "timer #1 -> [] succeeded",
    ]
  `);
});

test("a graph is not retried from an activation", () => {
  const trace = new Trace(graphOf([handler("a")])).start().do({ kind: "retry", from: 1, node: "a", state: {} });
  expect(trace.lines.at(-1)).toContain("refused unimplemented -> []");
});
