import type { JsonObject, Node } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { graphOf, handler, literal } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const nodes = (a: Partial<Node> = {}): Node[] => [{ ...handler("a"), ...a } as Node, handler("b"), handler("c")];
const transient = { class: "transient", code: "busy" } as const;

describe("where a failure goes", () => {
  test("along the failure edges, whatever their type; the rest of the run goes on", () => {
    const edges = ["a>b", { from: "a", to: "c", on: "failure" as const, messageType: "other" }];
    const trace = new Trace(graphOf(nodes({ emitsOnFailure: "unused" }), edges)).start({ n: 1 }).fail(1).ok(2, "healed");
    expect(trace).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
      settle #1.1 failed -> [activation-failed #1 failure flaky m2:failure>c; node-fired takes 1 opens #2 c] running due execute #2.1@0
      settle #2.1 succeeded -> [activation-succeeded #2 m3:result> sink; run-succeeded {"b":null,"c":"healed"}] succeeded
    `);
    expect(trace.journal.find(({ event }) => event.kind === "activation-failed")?.event).toMatchObject({
      sent: [{ body: { failure: { code: "flaky", node: "a" }, input: { n: 1 } } }],
    });
  });

  test("of a timeout along its own edges, where it has such, and the failure edges otherwise", () => {
    const edges = [
      { from: "a", to: "b", on: "timeout" as const },
      { from: "a", to: "c", on: "failure" as const },
    ];
    const graph = graphOf(nodes(), edges);
    expect(new Trace(graph).start().fail(1, { class: "timeout" }).lines.at(-1)).toContain("m2:failure>b");
    expect(new Trace(graph).start().fail(1).lines.at(-1)).toContain("m2:failure>c");
    const other = new Trace(graphOf(nodes(), edges.slice(1))).start().fail(1, { class: "timeout" });
    expect(other.lines.at(-1)).toContain("activation-failed #1 timeout flaky m2:failure>c");
  });

  test("a failure that no edge takes is a dead letter, and fails nothing", () => {
    const trace = new Trace(graphOf(nodes(), ["a>b", { from: "a", to: "c", on: "failure", guard: literal(false) }])).start().fail(1);
    expect(trace.lines.at(-1)).toMatchInlineSnapshot(
      `"settle #1.1 failed -> [activation-failed #1 failure flaky m2:failure>letter 1; run-succeeded {"b":null,"c":null}] succeeded"`,
    );
  });

  test("as a message of the type that the node names", () => {
    const trace = new Trace(graphOf(nodes({ emitsOnFailure: "sorry" }), ["a>b:result", "a>c:sorry"])).start({ n: 1 }).fail(1);
    expect(trace.lines.at(-1)).toMatchInlineSnapshot(
      `"settle #1.1 failed -> [activation-failed #1 failure flaky m2:sorry>c; node-fired takes 1 opens #2 c] running due execute #2.1@0"`,
    );
  });

  test("in a service what it handled becomes dead letters, and the node goes on", () => {
    const seeds = [{ node: "a", bodies: [1, 2, 3] }];
    const collect: Partial<Node> = { fires: { kind: "collect", count: 2 } };
    const trace = new Trace(graphOf(nodes(collect), ["a>b"], { type: "service", seeds })).start().fail(1).send("a", 4).ok(2);
    expect(trace).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a m2:init>a m3:init>a; node-fired takes 1 opens #1 a:gather; messages-gathered #1 takes 1; gathering-ended #1 count; node-fired takes 1 opens #2 a:gather] running due execute #1.1@0
      settle #1.1 failed -> [activation-failed #1 failure flaky m1=letter 1 m2=letter 2] waiting
      signal a 4 -> [messages-sent m4:command>a; messages-gathered #2 takes 1; gathering-ended #2 count] running due execute #2.1@0
      settle #2.1 succeeded -> [activation-succeeded #2 m5:result>b; node-fired takes 1 opens #3 b] running due execute #3.1@0
    `);
    expect(trace.letters()).toMatchInlineSnapshot(`
      [
        "1 flaky at a: init 1",
        "2 flaky at a: init 2",
      ]
    `);
  });

  test("otherwise the run fails with it, once everything else that runs was aborted", () => {
    const seeds = ["a", "b", "c"].map((node) => ({ node }));
    const graph = graphOf([...nodes(), { kind: "wait", id: "w", wait: { kind: "duration", ms: literal(9) } }], [], {
      seeds: [...seeds, { node: "w" }],
    });
    const trace = new Trace(graph).start().fail(2).ok(1).aborted(3);
    expect(trace).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a m2:init>b m3:init>c m4:init>w; node-fired takes 1 opens #1 a; node-fired takes 1 opens #2 b; node-fired takes 1 opens #3 c; node-fired takes 1 opens #4 w:sleep@9] running due execute #1.1@0, execute #2.1@0, execute #3.1@0, timer #4@9
      settle #2.1 failed -> [activation-failed #2 failure flaky m2=letter 1; run-failing flaky; activations-aborting failure aborts [1 3] closes [4]] cancelling due abort #1, abort #3, timer #0@30000
      settle #1.1 succeeded -> [activation-cancelled #1 succeeded] cancelling
      settle #3.1 aborted -> [activation-cancelled #3 aborted; run-failed flaky at b] failed
    `);
    expect(trace.letters()).toEqual(["1 flaky at b: init {}"]);
    expect(new Trace(graph).start().fail(2).at(30_000).timer(0).lines.at(-1)).toMatchInlineSnapshot(
      `"timer #0 -> [run-failed flaky at b forced] failed"`,
    );
  });

  test("an attempt is repeated as its retry says, before anything else", () => {
    const retry = { attemptsMax: 3, delayMs: 10, factor: 2, jitter: 0 };
    const edges = [{ from: "a", to: "b", on: "failure" as const }];
    const trace = new Trace(graphOf(nodes({ retry }), edges)).start().fail(1).at(10).fail(1, {}, 2).at(30).fail(1, {}, 3);
    expect(trace).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
      settle #1.1 failed -> [attempt-failed #1 flaky again at 10] running due execute #1.2@10
      settle #1.2 failed -> [attempt-failed #1 flaky again at 30] running due execute #1.3@30
      settle #1.3 failed -> [activation-failed #1 failure flaky m2:failure>b; node-fired takes 1 opens #2 b] running due execute #2.1@30
    `);
    expect(new Trace(graphOf(nodes({ retry }), edges)).start().fail(1, { retryable: false }).lines.at(-1)).toContain("m2:failure>b");
  });

  test("a process that is lost for no fault of the node does not count", () => {
    const lost = { kind: "lost", message: "gone", counted: false } as const;
    const trace = new Trace(graphOf(nodes())).start().do({ kind: "settle-attempt", activation: 1, attempt: 1, outcome: lost });
    expect(trace.lines.at(-1)).toMatchInlineSnapshot(
      `"settle #1.1 lost -> [attempt-failed #1 executor-lost again at 0 uncounted] running due execute #1.2@0"`,
    );
  });
});

describe("restart windows", () => {
  /** Fails one attempt after the other, each as soon as it may start; gives when each was to start, or how it ended. */
  function restarts(
    windows: Pick<Node, "restart" | "reschedule" | "retry" | "safety">,
    times: number,
    failure: object = {},
  ): readonly string[] {
    const trace = new Trace(graphOf(nodes(windows))).start();
    for (let attempt = 1; attempt <= times && trace.live.head.phase === "open"; attempt++) {
      trace.at(Math.max(trace.atMs, trace.live.activation(1)?.notBeforeMs ?? 0));
      if (windows.safety === "unsafe") trace.do({ kind: "start-attempt", activation: 1, attempt, incarnation: "inc" });
      trace.fail(1, failure, attempt);
    }
    return trace.journal.flatMap(({ event }) => {
      if (event.kind === "node-restarted") return [`${event.window} ${event.count} at ${event.restartAtMs}`];
      return event.kind === "run-failed" || event.kind === "outcome-unknown" ? [event.kind] : [];
    });
  }
  const window = (given: JsonObject): { restart: JsonObject } => ({ restart: { attempts: 3, delayMs: 10, intervalMs: 1_000, ...given } });

  test("the activation goes on with a new attempt after the delay", () => {
    const trace = new Trace(graphOf(nodes(window({ attempts: 1 })))).start().fail(1).at(10).ok(1, 5, 2);
    expect(trace).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
      settle #1.1 failed -> [node-restarted #1 a restart 1 at 10; attempt-failed #1 flaky again at 10 uncounted] running due execute #1.2@10
      settle #1.2 succeeded -> [activation-succeeded #1 m2:result> sink; run-succeeded {"a":5,"b":null,"c":null}] succeeded
    `);
  });

  test.each([
    ["constant", ["restart 1 at 10", "restart 2 at 20", "restart 3 at 30", "run-failed"]],
    ["exponential", ["restart 1 at 10", "restart 2 at 30", "restart 3 at 70", "run-failed"]],
    ["fibonacci", ["restart 1 at 10", "restart 2 at 20", "restart 3 at 40", "run-failed"]],
  ])("the delays are %s", (delayFunction, expected) => {
    expect(restarts(window({ delayFunction }), 5)).toEqual(expected);
  });

  test("no delay is longer than the longest", () => {
    expect(restarts(window({ delayFunction: "exponential", delayMaxMs: 15 }), 3)).toEqual([
      "restart 1 at 10",
      "restart 2 at 25",
      "restart 3 at 40",
    ]);
  });

  test("the window slides: restarts that are long ago do not count", () => {
    const trace = new Trace(graphOf(nodes(window({ attempts: 1 })))).start().fail(1).at(1_010).fail(1, {}, 2);
    expect(trace.lines.at(-1)).toContain("node-restarted #1 a restart 1 at 1020");
    expect(trace.at(2_019).fail(1, {}, 3).lines.at(-1)).toContain("run-failed");
  });

  test("in the mode delay a used up window waits until a restart leaves it", () => {
    expect(restarts(window({ attempts: 2, mode: "delay" }), 4)).toEqual([
      "restart 1 at 10",
      "restart 2 at 20",
      "restart 2 at 1010",
      "restart 2 at 1020",
    ]);
  });

  test("an unlimited window goes on, and one of many counts them all", () => {
    expect(restarts(window({ unlimited: true, attempts: 0 }), 80)).toHaveLength(80);
    const many = restarts(window({ attempts: 70, delayMs: 1 }), 100);
    expect(many.slice(-2)).toEqual(["restart 70 at 70", "run-failed"]);
  });

  test("what is used up by restarts may be rescheduled", () => {
    const both = { ...window({ attempts: 1 }), reschedule: { attempts: 1, delayMs: 500, intervalMs: 1_000 } };
    expect(restarts(both, 5)).toEqual(["restart 1 at 10", "reschedule 1 at 510", "run-failed"]);
  });

  test("a restart gives one attempt: the retries are used up", () => {
    const retry = { attemptsMax: 2, delayMs: 1, jitter: 0 };
    expect(restarts({ ...window({ attempts: 2 }), retry }, 9)).toEqual(["restart 1 at 11", "restart 2 at 21", "run-failed"]);
  });

  test("only where trying again may help: a retryable failure, of a class that mends or a node that is safe to repeat", () => {
    expect(restarts(window({}), 1, { retryable: false })).toEqual(["run-failed"]);
    expect(restarts({ ...window({}), safety: "unsafe" }, 1)).toEqual(["run-failed"]);
    expect(restarts({ ...window({}), safety: "unsafe" }, 1, transient)).toEqual(["restart 1 at 10"]);
    expect(restarts({ ...window({}), safety: "unsafe" }, 1, { class: "timeout" })).toEqual(["outcome-unknown"]);
  });

  test("a node has the window of the workflow where it has none of its own, and edges come first", () => {
    const workflow = new Trace(graphOf(nodes(), [], window({}))).start().fail(1);
    expect(workflow.lines.at(-1)).toContain("node-restarted #1 a restart 1 at 10");
    const edges = new Trace(graphOf(nodes(window({})), [{ from: "a", to: "b", on: "failure" }])).start().fail(1);
    expect(edges.lines.at(-1)).not.toContain("node-restarted");
  });
});
