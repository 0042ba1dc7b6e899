import { VirtualClock } from "@heddle/testkit/simulator";
import { describe, expect, test } from "vitest";
import { FlowControl, type Ticket, type Wanted } from "./flow-control.ts";

class Queueing {
  readonly clock = new VirtualClock();
  readonly flow: FlowControl;
  readonly order: string[] = [];
  readonly tickets = new Map<string, Ticket>();

  constructor(pools: Record<string, number>) {
    this.flow = new FlowControl(this.clock, new Map(Object.entries(pools)));
  }

  ask(name: string, wanted: Partial<Wanted> = {}): this {
    const pool = wanted.pool ?? { name: "p", slots: 1 };
    const ticket = this.flow.request({ tenant: "t", priority: 0, pool, ...wanted }, () => this.order.push(name));
    this.tickets.set(name, ticket);
    if (ticket.isGranted) this.order.push(name);
    return this;
  }

  done(name: string): this {
    this.tickets.get(name)?.release();
    return this;
  }

  /** Time passes, and timers fire on the way. */
  pass(ms: number): void {
    const untilMs = this.clock.nowMs() + ms;
    for (let next = this.clock.nextInMs; next !== undefined && this.clock.nowMs() + next <= untilMs; next = this.clock.nextInMs)
      this.clock.advance();
    this.clock.pass(untilMs - this.clock.nowMs());
  }

  why(name: string): string | undefined {
    return this.tickets.get(name)?.waiting()?.message;
  }
}

describe("pools", () => {
  test("let in as many as they have slots, in the order in which they came", () => {
    const q = new Queueing({ p: 2 });
    for (const name of ["a", "b", "c", "d"]) q.ask(name);
    expect(q.order).toEqual(["a", "b"]);
    expect(q.why("d")).toBe("place 2 in the queue of pool p, whose 2 slots are taken");
    q.done("a");
    expect(q.order).toEqual(["a", "b", "c"]);
    q.done("b").done("c");
    expect(q.order).toEqual(["a", "b", "c", "d"]);
    expect(q.why("d")).toBeUndefined();
  });

  test("one that needs many slots is not overtaken by those that need few", () => {
    const q = new Queueing({ p: 4 }).ask("a", { pool: { name: "p", slots: 3 } });
    q.ask("wide", { pool: { name: "p", slots: 3 } }).ask("narrow");
    expect(q.order).toEqual(["a"]);
    q.done("a");
    expect(q.order).toEqual(["a", "wide", "narrow"]);
  });

  test("a ticket that is given back twice frees its slots once; one that waits leaves the queue", () => {
    const q = new Queueing({ p: 1 }).ask("a").ask("b").ask("c");
    q.done("b").done("a").done("a");
    expect(q.order).toEqual(["a", "c"]);
    q.ask("d");
    expect(q.order).toEqual(["a", "c"]);
  });

  test("who waits says so, and for how long it had to", () => {
    const q = new Queueing({ p: 1 }).ask("a").ask("b");
    q.pass(500);
    q.done("a");
    expect(q.tickets.get("b")).toMatchObject({ isGranted: true, waitedMs: 500 });
    expect(new Queueing({}).ask("x").why("x")).toBe("there is no pool p; add it to pools in the configuration");
  });

  test("higher priority goes first, then tenants take turns", () => {
    const q = new Queueing({ p: 1 }).ask("first", { tenant: "a" });
    for (const name of ["a1", "a2", "a3"]) q.ask(name, { tenant: "a" });
    q.ask("b1", { tenant: "b" }).ask("urgent", { tenant: "a", priority: 5 });
    for (let i = 0; i < 6; i++) q.done(q.order[i] as string);
    expect(q.order).toEqual(["first", "urgent", "b1", "a1", "a2", "a3"]);
  });
});

test("tenants that had no turn yet are served as they came", () => {
  const q = new Queueing({ p: 1 }).ask("first", { tenant: "x", pool: { name: "p", slots: 1 } });
  q.ask("b1", { tenant: "b" }).ask("a1", { tenant: "a" }).ask("b2", { tenant: "b" });
  for (let i = 0; i < 4; i++) q.done(q.order[i] as string);
  expect(q.order).toEqual(["first", "b1", "a1", "b2"]);
});

test("a long queue costs what is let in, not what waits", () => {
  const q = new Queueing({ p: 1 });
  const count = 20_000;
  for (let i = 0; i < count; i++) q.ask(String(i));
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) q.done(String(i));
  expect(q.order).toHaveLength(count);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

describe("keys", () => {
  test("concurrency: so many at once of a key, whatever pool has room; others pass by", () => {
    const q = new Queueing({ p: 10 });
    const of = (key: string) => ({ concurrency: { key, max: 1 } });
    q.ask("x1", of("x")).ask("x2", of("x")).ask("y1", of("y"));
    expect(q.order).toEqual(["x1", "y1"]);
    expect(q.why("x2")).toBe("1 at once are allowed for its key, and run");
    q.done("x1");
    expect(q.order).toEqual(["x1", "y1", "x2"]);
  });

  test("rate: so many starts in any span, then the next when the oldest leaves it", () => {
    const q = new Queueing({});
    const rate = { rate: { key: "k", limit: 2, perMs: 1_000 } };
    const free = { tenant: "t", priority: 0 };
    const ask = (name: string) => {
      const ticket = q.flow.request({ ...free, ...rate }, () => q.order.push(name));
      q.tickets.set(name, ticket);
      if (ticket.isGranted) q.order.push(name);
    };
    ask("a");
    q.pass(400);
    for (const name of ["b", "c", "d"]) ask(name);
    expect(q.order).toEqual(["a", "b"]);
    expect(q.why("c")).toBe("2 in 1000 ms are allowed for its key, and have started");
    q.pass(599);
    expect(q.order).toEqual(["a", "b"]);
    q.pass(1);
    expect(q.order).toEqual(["a", "b", "c"]);
    q.pass(400);
    expect(q.order).toEqual(["a", "b", "c", "d"]);
  });

  test("a closed one lets nobody in and keeps no timer", () => {
    const q = new Queueing({ p: 1 }).ask("a").ask("b");
    q.flow.request({ tenant: "t", priority: 0, rate: { key: "k", limit: 1, perMs: 50 } }, () => undefined);
    q.flow.request({ tenant: "t", priority: 0, rate: { key: "k", limit: 1, perMs: 50 } }, () => q.order.push("late"));
    q.flow.close();
    q.done("a");
    q.pass(1_000);
    expect(q.order).toEqual(["a"]);
  });
});
