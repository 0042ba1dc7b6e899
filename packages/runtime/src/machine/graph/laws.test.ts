/** What holds for every run of a graph: its state is its journal's, and a step costs what it costs however long a queue is. */
import type { JsonValue, RunEvent } from "@heddle/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { field, graphOf, handler } from "../../../test/small-ir.ts";
import { Trace, traceRun } from "../../../test/trace.ts";
import { DraftRun, decide, evolve, LiveRun, liveRunFrom, prepare, snapshotOf } from "../index.ts";
import { Queue } from "../run/messages.ts";
import { nextRestart, type RestartWindow } from "./restarts.ts";

test("after every event the snapshot is restored whole, and the journal folds to the same state", () => {
  const nodes = [
    handler("a", { concurrencyMax: 2, retry: { attemptsMax: 2, delayMs: 5 } }),
    handler("b", { fires: { kind: "join", need: 1 }, backpressure: { max_queue_depth: 1 } }),
    handler("c", { fires: { kind: "collect", key: field("payload", "k"), afterMs: 9 } }),
    handler("d", { fires: { kind: "stream" }, restart: { attempts: 2 } }),
  ];
  const stream = { stream_id: "s", seq: 1 };
  const seeds = [
    { node: "a", bodies: [1, 2, 3] },
    {
      node: "d",
      bodies: [
        { body: 1, stream },
        { body: 2, stream: { ...stream, seq: 0 } },
      ],
    },
  ];
  const trace = new Trace(graphOf(nodes, ["a>b", "a>c", "d>b"], { seeds, type: "service" })).start();
  trace.fail(1).ok(2, { k: 1, next_state: 4 }).fail(3).ok(4).send("c", { k: 2 }).replay(1).at(9);
  for (const { id } of [...trace.live.activations()]) trace.timer(id);
  for (let length = 1; length <= trace.journal.length; length++) {
    const live = new LiveRun();
    for (const { event, atMs } of trace.journal.slice(0, length)) evolve(live, JSON.parse(JSON.stringify(event)) as RunEvent, atMs);
    const snapshot = snapshotOf(live);
    expect(snapshotOf(liveRunFrom(JSON.parse(JSON.stringify(snapshot)) as JsonValue))).toEqual(snapshot);
  }
  expect(snapshotOf(trace.refolded())).toEqual(snapshotOf(trace.live));
});

test("a step of a pipeline costs the same with ten messages before it and with ten thousand", () => {
  const eventsAt = (waiting: number): { readonly events: number; readonly bytes: number; readonly reads: number } => {
    const plan = prepare(graphOf([handler("a"), handler("b", { emits: null })], ["a>b"], { backpressure: { max_queue_depth: 1_000_000 } }));
    const ir = { ...plan.ir, seeds: [{ node: "a", bodies: Array.from({ length: waiting }, (_, i) => i) }] };
    const seeded = prepare(ir);
    const live = new LiveRun();
    const obey = (command: Parameters<typeof decide>[2]): readonly RunEvent[] => {
      const events: RunEvent[] = [];
      decide(seeded, new DraftRun(live), command, { atMs: 1, random: 0 }, events);
      for (const event of events) evolve(live, event, 1);
      live.takeTouched();
      return events;
    };
    obey({ kind: "start", run: traceRun, workflow: "graph", bundle: "sha256:0", input: {} });
    const step = (activation: number): readonly RunEvent[] =>
      obey({ kind: "settle-attempt", activation, attempt: 1, outcome: { kind: "succeeded", result: 1 } });
    step(1);
    const reads = { count: 0 };
    const { items } = Queue.prototype;
    Queue.prototype.items = function counted(this: Queue<unknown>) {
      reads.count++;
      return items.call(this);
    };
    const events = step(2);
    Queue.prototype.items = items;
    return { events: events.length, bytes: JSON.stringify(events).length, reads: reads.count };
  };
  const [few, many] = [eventsAt(10), eventsAt(10_000)];
  expect(many.events).toBe(few.events);
  // Only the digits of numbers grow.
  expect(many.bytes - few.bytes).toBeLessThan(40);
  expect(many.reads).toBe(0);
});

test("a queue gives what it was given, in order, whatever is done in between", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
      let queue = Queue.empty<number>();
      const list: number[] = [];
      for (const step of steps) {
        if (step !== undefined) {
          queue = queue.with(step);
          list.push(step);
        } else if (list.length > 0) {
          queue = queue.rest();
          list.shift();
        }
        expect(queue.items()).toEqual(list);
        expect([queue.size, queue.first]).toEqual([list.length, list[0]]);
      }
    }),
  );
});

test("a window never gives more restarts within its interval than it has", () => {
  const windows = fc.record({
    attempts: fc.integer({ min: 1, max: 5 }),
    unlimited: fc.constant(false),
    intervalMs: fc.integer({ min: 1, max: 1_000 }),
    delayMs: fc.integer({ min: 0, max: 100 }),
    delayMaxMs: fc.constant(200),
    delayFunction: fc.constantFrom("constant" as const, "exponential" as const, "fibonacci" as const),
    mode: fc.constantFrom("fail" as const, "delay" as const),
  });
  fc.assert(
    fc.property(windows, fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 30 }), (window: RestartWindow, gaps) => {
      let nowMs = 0;
      const given: number[] = [];
      for (const gap of gaps) {
        nowMs += gap;
        const next = nextRestart(window, given, nowMs);
        if (next === undefined) continue;
        given.push(next.atMs);
        nowMs = Math.max(nowMs, next.atMs);
        expect(next.count).toBeLessThanOrEqual(window.attempts);
        expect(given.filter((atMs) => atMs > next.atMs - window.intervalMs && atMs <= next.atMs).length).toBeLessThanOrEqual(
          window.attempts,
        );
      }
    }),
  );
});
