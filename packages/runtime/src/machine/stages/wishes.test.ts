import type { Node } from "@heddle/core";
import { expect, test } from "vitest";
import { body, handler, literal, result, workflowOf } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";
import { signalsMax } from "./index.ts";

const leaf = (id: string): Node => handler(id, { exit: { output: result } });
const ask = (id: string, extra: Partial<Extract<Node, { kind: "human" }>> = {}): Node => ({
  kind: "human",
  id,
  mode: "approve",
  prompt: literal("may it?"),
  ...extra,
});
const gate = (id: string, type?: "number" | "string"): Node => ({
  kind: "wait",
  id,
  wait: { kind: "signal", name: "go", ...(type === undefined ? {} : { type: { kind: type } }) },
  exit: { output: result },
});

test("paused: what runs may end, timers fire into the state, and nothing new starts", () => {
  const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(10) } };
  const trace = new Trace(workflowOf("main", [handler("a"), nap, handler("b")])).start();
  trace
    .do({ kind: "pause" })
    .do({ kind: "pause" })
    .ok(1)
    .at(10)
    .timer(2)
    .do({ kind: "resume", now: false })
    .do({ kind: "resume", now: false })
    .ok(3);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    pause -> [run-paused] paused
    pause -> [] paused
    settle #1.1 succeeded -> [activation-succeeded #1 by e0 opens #2 nap:sleep@10] paused due timer #2@10
    timer #2 -> [activation-succeeded #2 by e1 opens #3 b] paused
    resume -> [run-resumed] running due execute #3.1@10
    resume refused run-not-paused -> [] running
    settle #3.1 succeeded -> [activation-succeeded #3 exits null; run-succeeded null] succeeded
  `);
});

test("a pause is refused once the run is ending or has ended", () => {
  const trace = new Trace(workflowOf("main", [handler("a")])).start().do({ kind: "cancel" }).do({ kind: "pause" }).aborted(1);
  trace.do({ kind: "pause" }).do({ kind: "cancel" }).do({ kind: "signal", name: "go", value: 1 });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    cancel -> [run-cancelling; unwinding-started cancel frames 0] cancelling due abort #1, timer #0@30000
    pause refused run-ended -> [] cancelling
    settle #1.1 aborted -> [activation-cancelled #1 aborted; run-cancelled] cancelled
    pause refused run-ended -> [] cancelled
    cancel refused run-ended -> [] cancelled
    signal go 1 refused run-ended -> [] cancelled
  `);
});

test("resume now ends sleeps and retry delays", () => {
  const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(9_000) }, exit: { output: literal("slept") } };
  const again = handler("a", { retry: { attemptsMax: 2, delayMs: 5_000, jitter: 0 }, exit: { output: result } });
  const both: Node = {
    kind: "parallel",
    id: "p",
    branches: [
      { name: "one", body: body(nap) },
      { name: "two", body: body(again) },
    ],
  };
  const trace = new Trace(workflowOf("main", [both])).start().fail(3).at(1).do({ kind: "resume", now: true }).ok(3, "again", 2);
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 p:parallel; frames-opened #1 one[0] #2 nap:sleep@9000 two[1] #3 a] running due timer #2@9000, execute #3.1@0
    settle #3.1 failed -> [attempt-failed #3 flaky again at 5000] running due execute #3.2@5000
    resume now -> [waits-hastened #3; activation-succeeded #2 exits "slept"] running due execute #3.2@1
    settle #3.2 succeeded -> [activation-succeeded #3 exits {"result":[]}; activation-succeeded #1 exits {"result":[]}; run-succeeded {"one":"slept","two":"again"}] succeeded
  `);
});

test("answers: yes, no, a value, what does not fit, and nobody asking", () => {
  const trace = new Trace(
    workflowOf("main", [ask("may"), ask("what", { mode: "answer", answer: { kind: "number" } }), ask("last")]),
  ).start();
  trace
    .do({ kind: "answer", answer: "maybe" })
    .do({ kind: "answer", answer: true, by: "ada" })
    .do({ kind: "answer", node: "may", answer: true });
  trace
    .do({ kind: "answer", answer: "text" })
    .do({ kind: "answer", answer: 4 })
    .do({ kind: "answer", answer: false, comment: "not today" });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 may:ask] waiting due ask-person #1
    answer "maybe" refused answer-invalid -> [] waiting
    answer true -> [activation-succeeded #1 by e0 opens #2 what:ask] waiting due ask-person #2
    answer true refused not-waiting -> [] waiting
    answer "text" refused answer-invalid -> [] waiting
    answer 4 -> [activation-succeeded #2 by e1 opens #3 last:ask] waiting due ask-person #3
    answer false -> [activation-failed #3 rejected rejected; run-failed rejected at last] failed
  `);
});

test("an answer names its question where several are open", () => {
  const one: Node = { ...ask("one"), exit: { output: result } } as Node;
  const two: Node = { ...ask("two"), exit: { output: result } } as Node;
  const trace = new Trace(
    workflowOf("main", [{ kind: "parallel", id: "p", branches: [one, two].map((node) => ({ name: node.id, body: body(node) })) }]),
  );
  trace.start().do({ kind: "answer", answer: true }).do({ kind: "answer", answer: true, node: "two" }).do({ kind: "answer", answer: true });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 p:parallel; frames-opened #1 one[0] #2 one:ask two[1] #3 two:ask] waiting due ask-person #2, ask-person #3
    answer true refused request-invalid -> [] waiting
    answer true -> [activation-succeeded #3 exits {"result":[]}] waiting
    answer true -> [activation-succeeded #2 exits {"result":[]}; activation-succeeded #1 exits {"result":[]}; run-succeeded {"one":{"approved":true},"two":{"approved":true}}] succeeded
  `);
});

test("declining takes the rejected edge; a question that waited too long times out", () => {
  const timed = ask("may", { timeoutMs: 10 });
  const ir = { ...workflowOf("main", [timed, leaf("b")]), nodes: [timed, leaf("b"), leaf("c")] };
  const edges = [...ir.edges, { id: "no", from: "may", to: "c", on: "rejected" as const }];
  expect(new Trace({ ...ir, edges }).start().do({ kind: "answer" })).toMatchInlineSnapshot(`
    start -> [run-started opens #1 may:ask@10] waiting due ask-person #1, timer #1@10
    answer nothing -> [activation-failed #1 rejected rejected by no opens #2 c] running due execute #2.1@0
  `);
  expect(new Trace({ ...ir, edges }).start().at(10).timer(1)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 may:ask@10] waiting due ask-person #1, timer #1@10
    timer #1 -> [activation-failed #1 timeout timeout; run-failed timeout at may] failed
  `);
});

test("signals are kept for waits that come later, in order, each for one", () => {
  const trace = new Trace(
    workflowOf("main", [handler("a"), { ...gate("g1"), exit: undefined } as never, gate("g2")].map(withoutUndefined)),
  ).start();
  trace.do({ kind: "signal", name: "go", value: 1, key: "k" }).do({ kind: "signal", name: "go", value: 1, key: "k" }).ok(1);
  trace.do({ kind: "signal", name: "other", value: 0 }).do({ kind: "signal", name: "go", value: 2 });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    signal go 1 -> [signal-received] running
    signal go 1 -> [] running
    settle #1.1 succeeded -> [activation-succeeded #1 by e0 opens #2 g1:signal; activation-succeeded #2 by e1 opens #3 g2:signal] waiting
    signal other 0 -> [signal-received] waiting
    signal go 2 -> [signal-received; activation-succeeded #3 exits 2; run-succeeded 2] succeeded
  `);
});

function withoutUndefined(node: Node): Node {
  return Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined)) as unknown as Node;
}

test("a typed wait takes the first signal that fits, whoever waits beside it", () => {
  const both: Node = {
    kind: "parallel",
    id: "p",
    branches: [gate("n", "number"), gate("s", "string")].map((node) => ({ name: node.id, body: body(node) })),
  };
  const trace = new Trace(workflowOf("main", [both])).start();
  trace
    .do({ kind: "signal", name: "go", value: true })
    .do({ kind: "signal", name: "go", value: "text" })
    .do({ kind: "signal", name: "go", value: 5 });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 p:parallel; frames-opened #1 n[0] #2 n:signal s[1] #3 s:signal] waiting
    signal go true refused value-invalid -> [] waiting
    signal go "text" -> [signal-received; activation-succeeded #3 exits {"result":[]}] waiting
    signal go 5 -> [signal-received; activation-succeeded #2 exits 5; activation-succeeded #1 exits {"result":[]}; run-succeeded {"n":5,"s":"text"}] succeeded
  `);
});

test("a run holds so many signals that nothing waits for, and no more", () => {
  const trace = new Trace(workflowOf("main", [handler("a")])).start();
  for (let i = 0; i <= signalsMax; i++) trace.do({ kind: "signal", name: "go", value: i });
  expect(trace.lines.at(-2)).toContain("-> [signal-received]");
  expect(trace.lines.at(-1)).toContain("refused signals-full -> []");
});

const pay = (): Trace =>
  new Trace(
    workflowOf("main", [
      handler("pay", { safety: "unsafe", writes: [{ name: "n", value: result, type: { kind: "number" } }] }),
      handler("b"),
    ]),
  ).start();

test("an unsafe attempt is journalled before it starts, and not when the run is paused", () => {
  const trace = pay().do({ kind: "pause" }).do({ kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" });
  trace.do({ kind: "resume", now: false }).do({ kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" });
  expect(trace.do({ kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" }).ok(1, 5)).toMatchInlineSnapshot(`
    start -> [run-started opens #1 pay:unsafe] running due journal #1.1
    pause -> [run-paused] paused
    start-attempt #1.1 -> [] paused
    resume -> [run-resumed] running due journal #1.1
    start-attempt #1.1 -> [attempt-started #1] running due execute #1.1@0
    start-attempt #1.1 -> [] running
    settle #1.1 succeeded -> [activation-succeeded #1 n=5 by e0 opens #2 b] running due execute #2.1@0
  `);
});

test("after a restart nobody knows how an unsafe attempt ended, until somebody says", () => {
  const started = (): Trace =>
    pay()
      .do({ kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" })
      .restart()
      .do({ kind: "forget-attempt", activation: 1, attempt: 1 });
  const trace = started().ok(1, 5).do({ kind: "settle-call", activation: 1, as: "succeeded", result: "no number" });
  expect(
    trace.do({ kind: "settle-call", activation: 1, as: "succeeded", result: 5 }).do({ kind: "settle-call", activation: 1, as: "failed" }),
  ).toMatchInlineSnapshot(`
    start -> [run-started opens #1 pay:unsafe] running due journal #1.1
    start-attempt #1.1 -> [attempt-started #1] running due execute #1.1@0
    (restart) due forget #1
    forget-attempt #1.1 -> [outcome-unknown #1] parked
    settle #1.1 succeeded -> [] parked
    settle-call #1 succeeded refused result-invalid -> [] parked
    settle-call #1 succeeded -> [outcome-settled #1 succeeded; activation-succeeded #1 n=5 by e0 opens #2 b] running due execute #2.1@0
    settle-call #1 failed refused call-not-unknown -> [] running
  `);
  expect(started().do({ kind: "settle-call", activation: 1, as: "failed" }).lines.at(-1)).toMatchInlineSnapshot(
    `"settle-call #1 failed -> [outcome-settled #1 failed; activation-failed #1 failure outcome-unknown; run-failed outcome-unknown at pay] failed"`,
  );
  expect(started().do({ kind: "settle-call", activation: 1, as: "retry" }).lines.at(-1)).toMatchInlineSnapshot(
    `"settle-call #1 retry -> [outcome-settled #1 retry] running due journal #1.2"`,
  );
});

test("an answer that is given twice does not settle the next attempt", () => {
  const lost = (trace: Trace, attempt: number): Trace =>
    trace
      .do({ kind: "start-attempt", activation: 1, attempt, incarnation: "inc" })
      .restart()
      .do({ kind: "forget-attempt", activation: 1, attempt });
  const again = { kind: "settle-call", activation: 1, as: "retry", attempt: 1 } as const;
  const trace = lost(lost(pay(), 1).do(again), 2);
  expect(trace.do(again).lines.at(-1)).toContain("refused call-not-unknown");
  expect(trace.do({ ...again, attempt: 2 }).lines.at(-1)).toContain("outcome-settled #1 retry");
});

test("a cancel closes a call of unknown outcome at once, and waits for one that is in flight", () => {
  const start = { kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" } as const;
  const unknown = pay().do(start).fail(1, { class: "timeout", code: "timeout" }).do({ kind: "cancel" });
  expect(unknown.lines.at(-1)).toMatchInlineSnapshot(
    `"cancel -> [run-cancelling; unwinding-started cancel frames 0 closes #1; run-cancelled] cancelled"`,
  );
  const inFlight = pay().do(start).do({ kind: "cancel" }).do({ kind: "settle-call", activation: 1, as: "retry" }).ok(1, 5);
  expect(inFlight).toMatchInlineSnapshot(`
    start -> [run-started opens #1 pay:unsafe] running due journal #1.1
    start-attempt #1.1 -> [attempt-started #1] running due execute #1.1@0
    cancel -> [run-cancelling; unwinding-started cancel frames 0] cancelling due abort #1, timer #0@30000
    settle-call #1 retry refused call-not-unknown -> [] cancelling
    settle #1.1 succeeded -> [activation-cancelled #1 succeeded; run-cancelled] cancelled
  `);
});

test("a timeout or a lost process leaves an unsafe attempt unknown; its own failure does not", () => {
  const start = { kind: "start-attempt", activation: 1, attempt: 1, incarnation: "inc" } as const;
  expect(pay().do(start).fail(1, { class: "timeout", code: "timeout" }).lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 failed -> [outcome-unknown #1] parked"`,
  );
  const lost = { kind: "settle-attempt", activation: 1, attempt: 1, outcome: { kind: "lost", message: "it died", counted: true } } as const;
  expect(pay().do(start).do(lost).lines.at(-1)).toMatchInlineSnapshot(`"settle #1.1 lost -> [outcome-unknown #1] parked"`);
  expect(pay().do(start).fail(1).lines.at(-1)).toMatchInlineSnapshot(
    `"settle #1.1 failed -> [activation-failed #1 failure flaky; run-failed flaky at pay] failed"`,
  );
});

test("a value recorded once is there for later attempts, and is refused when nobody wants it", () => {
  const trace = new Trace(workflowOf("main", [handler("a", { retry: { attemptsMax: 2, delayMs: 0 } })])).start();
  const once = (attempt: number) => ({ kind: "record-once", activation: 1, attempt, name: "n", value: 7 }) as const;
  trace.do(once(1)).fail(1).do(once(1));
  expect(trace.live.activation(1)?.once).toEqual({ n: 7 });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started opens #1 a] running due execute #1.1@0
    record-once #1.1 -> [once-recorded #1] running due execute #1.1@0
    settle #1.1 failed -> [attempt-failed #1 flaky again at 0] running due execute #1.2@0
    record-once #1.1 refused cancelled -> [] running
  `);
});

test("what a refused wish leaves behind is nothing", () => {
  const trace = new Trace(workflowOf("main", [handler("a")])).start();
  const known = trace.journal.length;
  trace.do({ kind: "resume", now: false }).do({ kind: "answer", answer: true }).do({ kind: "settle-call", activation: 1, as: "retry" });
  trace.do({ kind: "retry", from: 1, node: "a", state: {} });
  expect(trace.journal.length).toBe(known);
});
