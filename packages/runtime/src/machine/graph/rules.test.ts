import type { JsonValue, Node } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { field, graphOf, handler } from "../../../test/small-ir.ts";
import { Trace } from "../../../test/trace.ts";

type Fires = NonNullable<Node["fires"]>;

const fires = (rule: Fires, extra: Partial<Node> = {}): Node => ({ ...handler("a"), fires: rule, ...extra }) as Node;
const seeded = (node: Node, bodies: JsonValue[], service = false): Trace =>
  new Trace(graphOf([node], [], { seeds: [{ node: "a", bodies }], ...(service ? { type: "service" } : {}) })).start();
const item = (seq: number, extra: object = {}): JsonValue => ({ body: seq, stream: { stream_id: "s", seq, ...extra } });

describe("each", () => {
  test("one after the other, in the order of arrival", () => {
    expect(seeded(handler("a"), [1, 2]).ok(1).ok(2)).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a m2:init>a; node-fired takes 1 opens #1 a] running due execute #1.1@0
      settle #1.1 succeeded -> [activation-succeeded #1 m3:result> sink; node-fired takes 1 opens #2 a] running due execute #2.1@0
      settle #2.1 succeeded -> [activation-succeeded #2 m4:result> sink; run-succeeded null] succeeded
    `);
  });

  test("at most so many at the same time", () => {
    expect(seeded(handler("a", { concurrencyMax: 2 }), [1, 2, 3]).ok(2).lines).toMatchInlineSnapshot(`
      [
        "start -> [run-started; messages-sent m1:init>a m2:init>a m3:init>a; node-fired takes 1 opens #1 a; node-fired takes 1 opens #2 a] running due execute #1.1@0, execute #2.1@0",
        "settle #2.1 succeeded -> [activation-succeeded #2 m4:result> sink; node-fired takes 1 opens #3 a] running due execute #3.1@0",
      ]
    `);
  });
});

describe("stream", () => {
  test("an item below the one expected next is a dead letter; a gap is none, and a stream that ended may begin again", () => {
    const bodies = [
      item(0),
      item(3),
      item(2),
      item(4, { close: true }),
      item(0),
      item(0),
      9,
      { body: 8, stream: { stream_id: "t", seq: 0 } },
    ];
    const trace = seeded(fires({ kind: "stream" }, { concurrencyMax: 9 }), bodies);
    expect(trace.letters()).toMatchInlineSnapshot(`
      [
        "1 stream-repeated at a: init 2",
        "2 stream-repeated at a: init 0",
      ]
    `);
    expect(trace.lines.at(-1)).toMatchInlineSnapshot(
      `"start -> [run-started; messages-sent m1:init>a m2:init>a m3:init>a m4:init>a m5:init>a m6:init>a m7:init>a m8:init>a; node-fired takes 1 opens #1 a; node-fired takes 1 opens #2 a; messages-dead-lettered a stream-repeated m3=letter 1; node-fired takes 1 opens #3 a; node-fired takes 1 opens #4 a; messages-dead-lettered a stream-repeated m6=letter 2; node-fired takes 1 opens #5 a; node-fired takes 1 opens #6 a] running due execute #1.1@0, execute #2.1@0, execute #3.1@0, execute #4.1@0, execute #5.1@0, execute #6.1@0"`,
    );
  });

  test("a dead letter that is sent again is handled, however far its stream is", () => {
    const trace = seeded(fires({ kind: "stream" }), [item(0), item(1)], true)
      .fail(1)
      .ok(2)
      .replay(1);
    expect(trace.live.activation(3)?.held?.item.body).toBe(0);
    trace.ok(3).send("a", 5);
    expect(trace.live.mark("stream\na\ns")).toBe(2);
    expect([...trace.live.marks()].filter(([name]) => name.startsWith("again"))).toEqual([]);
  });
});

describe("collect", () => {
  test("by count; the rest of a batch cannot become whole", () => {
    const trace = seeded(fires({ kind: "collect", count: 2 }), [1, 2, 3]).ok(1);
    expect(trace).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a m2:init>a m3:init>a; node-fired takes 1 opens #1 a:gather; messages-gathered #1 takes 1; gathering-ended #1 count; node-fired takes 1 opens #2 a:gather] running due execute #1.1@0
      settle #1.1 succeeded -> [activation-succeeded #1 m4:result> sink; messages-dead-lettered #2 a graph-incomplete m3=letter 1; run-failing graph-incomplete; run-failed graph-incomplete at a] failed
    `);
    expect(trace.letters()).toMatchInlineSnapshot(`
      [
        "1 graph-incomplete at a: init 3",
      ]
    `);
  });

  test("what it handles are the bodies, their count and the last", () => {
    expect(seeded(fires({ kind: "collect", count: 2 }), [1, { x: 2 }]).input(1)).toEqual({
      messages: [1, { x: 2 }],
      count: 2,
      last_message: { x: 2 },
    });
  });

  test("by key, each value for itself: the text 7 is not the number", () => {
    const bodies = [{ k: 7 }, { k: "7" }, { k: "7" }, { k: null }, {}, { k: "null" }];
    expect(seeded(fires({ kind: "collect", count: 2, key: field("payload", "k") }), bodies, true).lines).toMatchInlineSnapshot(`
      [
        "start -> [run-started; messages-sent m1:init>a m2:init>a m3:init>a m4:init>a m5:init>a m6:init>a; node-fired takes 1 opens #1 a:gather; node-fired takes 1 opens #2 a:gather; messages-gathered #2 takes 1; gathering-ended #2 count; node-fired takes 1 opens #3 a:gather; messages-gathered #3 takes 1; gathering-ended #3 count; node-fired takes 1 opens #4 a:gather] running due execute #2.1@0, execute #3.1@0",
      ]
    `);
  });

  test("an end marker ends its group and is not part of it; the end of a stream is", () => {
    const rule: Fires = { kind: "collect", endType: "end" };
    const trace = seeded(fires(rule), [1, { body: 2, type: "end" }, { body: 3, type: "end" }, 4, item(5, { eof: true })]);
    expect(trace).toMatchInlineSnapshot(
      `start -> [run-started; messages-sent m1:init>a m2:end>a m3:end>a m4:init>a m5:init>a; node-fired takes 1 opens #1 a:gather; messages-gathered #1 takes 1 drops one; gathering-ended #1 end-marker; node-fired takes 0 opens #2 a:gather; messages-gathered #2 takes 1 drops one; gathering-ended #2 end-marker; node-fired takes 1 opens #3 a:gather; messages-gathered #3 takes 1; gathering-ended #3 end-marker] running due execute #1.1@0, execute #2.1@0, execute #3.1@0`,
    );
    expect([1, 2, 3].map((id) => trace.input(id)["messages"])).toEqual([[1], [], [4, 5]]);
  });

  test("by time, from the first message of the group", () => {
    const trace = seeded(fires({ kind: "collect", count: 9, afterMs: 10 }), [1], true)
      .at(5)
      .send("a", 2)
      .at(10)
      .timer(1)
      .timer(1)
      .at(11)
      .send("a", 3);
    expect(trace).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a:gather@10] waiting due timer #1@10
      signal a 2 -> [messages-sent m2:command>a; messages-gathered #1 takes 1] waiting due timer #1@10
      timer #1 -> [gathering-ended #1 time] running due execute #1.1@10
      timer #1 -> [] running
      signal a 3 -> [messages-sent m3:command>a; node-fired takes 1 opens #2 a:gather@21] running due timer #2@21
    `);
  });

  test("by quiet, from its last message, and no later than its time", () => {
    const trace = seeded(fires({ kind: "collect", quietMs: 10, afterMs: 25 }), [1], true)
      .at(9)
      .send("a", 2)
      .at(10)
      .timer(1)
      .at(18)
      .send("a", 3);
    expect(trace.at(25).timer(1)).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a:gather@10] waiting due timer #1@10
      signal a 2 -> [messages-sent m2:command>a; messages-gathered #1 takes 1] waiting due timer #1@19
      timer #1 -> [] waiting
      signal a 3 -> [messages-sent m3:command>a; messages-gathered #1 takes 1] waiting due timer #1@25
      timer #1 -> [gathering-ended #1 time] running due execute #1.1@25
    `);
    expect(trace.input(1)).toMatchObject({ count: 3 });
  });

  test("when nothing more can come, a group that may be partial fires", () => {
    expect(seeded(fires({ kind: "collect" }), [1, 2]).ok(1)).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>a m2:init>a; node-fired takes 1 opens #1 a:gather; messages-gathered #1 takes 1; gathering-ended #1 input-ended] running due execute #1.1@0
      settle #1.1 succeeded -> [activation-succeeded #1 m3:result> sink; run-succeeded null] succeeded
    `);
    expect(seeded(fires({ kind: "collect", count: 3, partial: true }), [1, 2]).lines.at(-1)).toContain("gathering-ended #1 input-ended");
    expect(seeded(fires({ kind: "collect", count: 3, afterMs: 9 }), [1, 2]).lines.at(-1)).toContain("gathering-ended #1 input-ended");
    expect(seeded(fires({ kind: "collect", partial: false }), [1]).lines.at(-1)).toContain("run-failed graph-incomplete at a");
  });

  test("senders before receivers, and of one node the oldest group first", () => {
    const key = field("payload", "k");
    const nodes = [fires({ kind: "collect" }), { ...fires({ kind: "collect", key }), id: "b" } as Node, handler("c")];
    const seeds = [{ node: "b", bodies: [{ k: 1 }, { k: 2 }] }, { node: "a" }];
    const trace = new Trace(graphOf(nodes, ["a>b"], { seeds, entry: "a" })).start();
    expect(trace.ok(3, { k: 2 }).ok(1).ok(2)).toMatchInlineSnapshot(`
      start -> [run-started; messages-sent m1:init>b m2:init>b m3:init>a; node-fired takes 1 opens #1 b:gather; node-fired takes 1 opens #2 b:gather; node-fired takes 1 opens #3 a:gather; gathering-ended #3 input-ended] running due execute #3.1@0
      settle #3.1 succeeded -> [activation-succeeded #3 m4:result>b; messages-gathered #2 takes 1; gathering-ended #1 input-ended] running due execute #1.1@0
      settle #1.1 succeeded -> [activation-succeeded #1 m5:result> sink; gathering-ended #2 input-ended] running due execute #2.1@0
      settle #2.1 succeeded -> [activation-succeeded #2 m6:result> sink; run-succeeded {"b":null,"c":null}] succeeded
    `);
  });

  test("in a service a group waits for more", () => {
    const trace = seeded(fires({ kind: "collect" }), [1], true);
    expect(trace).toMatchInlineSnapshot(`start -> [run-started; messages-sent m1:init>a; node-fired takes 1 opens #1 a:gather] waiting`);
  });
});

describe("join", () => {
  const join = (rule: Partial<Extract<Fires, { kind: "join" }>> = {}): Node => ({
    ...handler("j"),
    fires: { kind: "join", need: "all", ...rule },
  });
  const three = ["a", "b", "c"].map((id) => handler(id));
  const split: Node = { kind: "router", id: "s" };
  const all = ["s>a", "s>b", "s>c", "a>j", "b>j", "c>j"];

  test("fires once a message of every sender is there, of one lineage", () => {
    const nodes = [split, ...three.map((node) => ({ ...node, concurrencyMax: 2 }) as Node), join()];
    const trace = new Trace(graphOf(nodes, all, { seeds: [{ node: "s", bodies: [1, 2] }] })).start();
    trace.ok(1, "a1").ok(4, "b2").ok(3, "b1").ok(5, "c1");
    expect(trace.lines.slice(1)).toMatchInlineSnapshot(`
      [
        "settle #1.1 succeeded -> [activation-succeeded #1 m5:result>j; node-fired takes 1 opens #7 j:gather] running",
        "settle #4.1 succeeded -> [activation-succeeded #4 m6:result>j; node-fired takes 1 opens #8 j:gather] running",
        "settle #3.1 succeeded -> [activation-succeeded #3 m7:result>j; messages-gathered #7 takes 1] running",
        "settle #5.1 succeeded -> [activation-succeeded #5 m8:result>j; messages-gathered #7 takes 1; gathering-ended #7 joined] running due execute #7.1@0",
      ]
    `);
    expect(trace.input(7)).toEqual({ a: "a1", b: "b1", c: "c1" });
  });

  test("by a value, whatever the lineage", () => {
    const trace = new Trace(
      graphOf([...three.slice(0, 2), join({ by: field("payload", "k") })], ["a>j", "b>j"], { seeds: [{ node: "a" }, { node: "b" }] }),
    ).start();
    expect(trace.ok(1, { k: 1 }).ok(2, { k: 1 }).lines.at(-1)).toContain("gathering-ended #3 joined");
  });

  test("a second message of a sender that it holds one of is repeated", () => {
    const trace = new Trace(graphOf([split, ...three, join()], [...all, "s>a"])).start().ok(1, 1).ok(4, 2).ok(2, 3).ok(3, 4);
    expect(trace.letters()).toMatchInlineSnapshot(`
      [
        "1 join-repeated at j: result 2",
      ]
    `);
    expect(trace.input(5)).toEqual({ a: 1, b: 3, c: 4 });
  });

  test("where fewer are needed, as many as were missing come too late; then a group begins anew", () => {
    const trace = new Trace(graphOf([split, ...three, join({ need: 2 })], all)).start().ok(1, 1).ok(2, 2).ok(3, 3).ok(4, "joined");
    expect(trace.lines.slice(-3)).toMatchInlineSnapshot(`
      [
        "settle #2.1 succeeded -> [activation-succeeded #2 m4:result>j; messages-gathered #4 takes 1; gathering-ended #4 joined late 1] running due execute #4.1@0",
        "settle #3.1 succeeded -> [activation-succeeded #3 m5:result>j; messages-dead-lettered j join-late late 1 m5=letter 1] running",
        "settle #4.1 succeeded -> [activation-succeeded #4 m6:result> sink; run-succeeded "joined"] succeeded",
      ]
    `);
    expect(trace.letters()).toMatchInlineSnapshot(`
      [
        "1 join-late at j: result 3",
      ]
    `);
    expect([...trace.live.marks()].filter(([name]) => name.startsWith("late"))).toEqual([]);
  });

  test("a message from outside, or one that names it, stands for no node with an edge to it", () => {
    const two = [...three.slice(0, 2), join({ by: field("payload", "k") })];
    const seeds = [{ node: "j", bodies: [{ k: 1 }] }, { node: "a" }, { node: "b" }];
    const trace = new Trace(graphOf(two, ["a>j", "b>j"], { seeds })).start().ok(2, { k: 1, n: 2 });
    expect(trace.lines.at(-1)).toContain("messages-gathered #1 takes 1");
    trace.ok(3, { k: 1, n: 3 });
    expect(trace.input(1)).toEqual({ "": { k: 1 }, a: { k: 1, n: 2 }, b: { k: 1, n: 3 } });
  });

  test("one that cannot become whole fails the run, and what it held becomes dead letters", () => {
    const trace = new Trace(graphOf([split, ...three.slice(0, 2), join()], ["s>a", "a>j", "b>j"])).start().ok(1, 1);
    expect(trace.lines.at(-1)).toMatchInlineSnapshot(
      `"settle #1.1 succeeded -> [activation-succeeded #1 m3:result>j; node-fired takes 1 opens #2 j:gather; messages-dead-lettered #2 j graph-incomplete m3=letter 1; run-failing graph-incomplete; run-failed graph-incomplete at j] failed"`,
    );
    expect(trace.letters()).toEqual(["1 graph-incomplete at j: result 1"]);
  });
});
