import type { Node } from "@heddle/core";
import { expect, test } from "vitest";
import { equals, field, graphOf, handler } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

const b = handler("b");
const service = (nodes: readonly Node[], edges: Parameters<typeof graphOf>[1] = []): Trace =>
  new Trace(graphOf(nodes, edges, { type: "service", seeds: [] })).start();

test("a dead letter of a node is sent to it again, and one of a failure is a new one", () => {
  const trace = service([handler("a")])
    .send("a", 5)
    .fail(1)
    .replay(1)
    .fail(2, { code: "worse" });
  expect(trace).toMatchInlineSnapshot(`
    start -> [run-started] waiting
    signal a 5 -> [messages-sent m1:command>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
    settle #1.1 failed -> [activation-failed #1 failure flaky m1=letter 1] waiting
    replay 1 -> [letters-replayed m2:command>a; node-fired takes 1 opens #2 a] running due execute #2.1@0
    settle #2.1 failed -> [activation-failed #2 failure worse m2=letter 2] waiting
  `);
  expect(trace.letters()).toEqual(["1 flaky at a: command 5 (replayed)", "2 worse at a: command 5"]);
});

test("one that no edge took goes along the edges of its sender, as they are and as its state is now", () => {
  const trace = service([handler("a"), b], [{ from: "a", to: "b", guard: equals(field("state", "open"), true) }]);
  trace
    .send("a", 1)
    .ok(1, "first")
    .send("a", 2)
    .ok(2, { next_state: { open: true } })
    .replay(1);
  expect(trace.lines.at(-1)).toMatchInlineSnapshot(`"replay 1 -> [letters-replayed m5:result>b] running"`);
  expect(trace.journal.at(-1)?.event.kind).toBe("letters-replayed");
  expect(trace.live.record("b")?.queue.first).toMatchObject({ body: "first", from: "a", type: "result" });
});

test("one that no edge takes again is a new dead letter", () => {
  const trace = service([handler("a"), b], ["a>b:other"])
    .send("a", 1)
    .ok(1, 5)
    .replay(1);
  expect(trace.lines.at(-1)).toContain("letters-replayed m3:result>letter 2");
  expect(trace.letters()).toEqual(["1 unroutable: result 5 (replayed)", "2 unroutable: result 5"]);
});

test("a letter is replayed once; a wish for one that is gone sends nothing", () => {
  const trace = service([handler("a", { concurrencyMax: 3 })])
    .send("a", 1)
    .send("a", 2)
    .fail(1)
    .fail(2)
    .replay(1)
    .replay(1, 2)
    .replay(7);
  expect(trace.lines.slice(-3)).toMatchInlineSnapshot(`
    [
      "replay 1 -> [letters-replayed m3:command>a; node-fired takes 1 opens #3 a] running due execute #3.1@0",
      "replay 1 2 refused dead-letter-not-found -> [] running",
      "replay 7 refused dead-letter-not-found -> [] running",
    ]
  `);
  expect(trace.replay(2).lines.at(-1)).toContain("node-fired");
});

test("several go again in the order in which they are named", () => {
  const trace = service([handler("a", { concurrencyMax: 3 })])
    .send("a", 1)
    .send("a", 2)
    .fail(1)
    .fail(2)
    .replay(2, 1);
  expect([3, 4].map((id) => trace.live.activation(id)?.held?.item.body)).toEqual([2, 1]);
});

test("a run that is ending replays nothing", () => {
  const trace = service([handler("a", { concurrencyMax: 2 })])
    .send("a", 1)
    .send("a", 2)
    .fail(1)
    .do({ kind: "cancel" })
    .replay(1);
  expect(trace.lines.at(-1)).toContain("refused run-ended -> []");
});

test("what was sent again goes on in its lineage", () => {
  const trace = service([handler("a")])
    .send("a", 5)
    .fail(1)
    .replay(1);
  expect(trace.live.activation(2)?.held?.item).toMatchObject({ message: 2, correlation: 1, causation: 1 });
});
