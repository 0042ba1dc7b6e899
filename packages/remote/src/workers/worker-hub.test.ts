import { HeddleError } from "@heddle/core";
import { emptyServingFrame, encodeServingFrame, type ServingFrame, type ServingWork } from "@heddle/wire";
import { beforeEach, describe, expect, test } from "vitest";
import { streamPair } from "../../test/stream-pair.ts";
import { bundle, type GivenTask, leaseMs, now, otherBundle, principal, result, turns, World } from "../../test/workers.ts";
import { RuntimeSession } from "../session/runtime-session.ts";

let world: World;
beforeEach(() => {
  world = new World();
});

describe("who gets a task", () => {
  test("a worker that serves its handler, with its input and its identity", async () => {
    const worker = await world.worker();
    const given = world.give("greet", { input: { name: "Ada" }, attempt: 2 });
    await turns();
    const [{ work, finish } = fail()] = worker.begun;
    expect(JSON.parse(work.task.inputJson)).toEqual({ name: "Ada" });
    expect(work.task).toMatchObject({
      name: "greet",
      node: "hello",
      attempt: 2,
      idempotencyKey: given.task.idempotencyKey,
      bundle,
      tenant: "default",
    });
    finish(result({ text: "hello Ada" }));
    expect(await given.outcome).toEqual({ kind: "succeeded", result: { text: "hello Ada" } });
  });

  test("arguments go as a list where they are positional", async () => {
    const worker = await world.worker();
    world.give("greet", { input: { first: 1, second: "two" }, node: { arguments: "positional" } });
    await turns();
    expect(worker.begun[0]?.work.task).toMatchObject({ positional: true, inputJson: '[1,"two"]' });
  });

  test("the least loaded one, by the share of its slots", async () => {
    const small = await world.worker({ slots: 2 });
    const large = await world.worker({ slots: 6 });
    for (let i = 0; i < 4; i++) world.give();
    await turns();
    expect([small.begun.length, large.begun.length]).toEqual([1, 3]);
    for (let i = 0; i < 4; i++) world.give();
    await turns();
    expect([small.begun.length, large.begun.length]).toEqual([2, 6]);
  });

  test("none of another tenant", async () => {
    const theirs = await world.worker({ principal: { ...principal, tenant: "theirs" } });
    const given = world.give();
    await turns();
    expect(theirs.begun).toEqual([]);
    expect(given.waiting?.kind).toBe("executor-missing");
    expect(world.hub.list("default")).toEqual([]);
    expect(world.hub.list("theirs")).toMatchObject([{ name: "w1", handlers: ["greet"], slots: 4, inFlight: 0, status: "connected" }]);
  });

  test("none that serves other bundles, and the reason says that there are such", async () => {
    await world.worker({ bundles: [otherBundle] });
    const given = world.give();
    await turns();
    expect(given.waiting).toMatchObject({ kind: "executor-missing" });
    expect(given.waiting?.message).toBe(`no worker serves greet of bundle ${bundle}; connected workers that serve it for other bundles: 1`);
    const right = await world.worker({ bundles: [otherBundle, bundle] });
    expect(right.begun).toHaveLength(1);
    expect(given.waiting).toBeUndefined();
  });

  test("one that comes later, for who waits in the order of their coming", async () => {
    const first = world.give("greet");
    const second = world.give("wave");
    const third = world.give("greet");
    expect(first.waiting?.message).toBe(`no worker serves greet of bundle ${bundle}`);
    const worker = await world.worker({ handlers: ["greet", "wave"], slots: 1 });
    expect(worker.begun.map(({ work }) => work.task.activation)).toEqual([1]);
    expect(second.waiting).toMatchObject({ kind: "slot" });
    expect(third.waiting?.message).toBe("all 1 slots of the workers that serve greet are taken; its place in the queue is 1");
    worker.begun[0]?.finish(result(1));
    await turns();
    worker.begun[1]?.finish(result(2));
    await turns();
    expect(worker.begun.map(({ work }) => work.task.activation)).toEqual([1, 2, 3]);
  });

  test("places move up as the queue moves", async () => {
    const worker = await world.worker({ slots: 1 });
    world.give();
    const second = world.give();
    const third = world.give();
    await turns();
    expect(third.waiting?.message).toMatch(/place in the queue is 2$/);
    second.abort.abort("cancelled");
    expect(await second.outcome).toEqual({ kind: "aborted" });
    expect(third.waiting?.message).toMatch(/place in the queue is 1$/);
    worker.begun[0]?.finish(result(1));
    await turns();
    expect(third.waiting).toBeUndefined();
    expect(worker.begun[1]?.work.task.activation).toBe(3);
  });
});

describe("how a task ends", () => {
  test("a failure keeps its code, and is of the node that was run", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    const failure = { code: "out-of-luck", message: "no", class: "handler", retryable: false, node: "elsewhere" } as const;
    worker.begun[0]?.finish({ kind: "failed", failure });
    expect(await given.outcome).toEqual({ kind: "failed", failure: { ...failure, node: "hello" } });
  });

  test("what the handler throws fails the task", async () => {
    await world.worker({
      perform: () => {
        throw Object.assign(new Error("no luck"), { code: "out-of-luck", retryable: false });
      },
    });
    expect(await world.give().outcome).toMatchObject({
      kind: "failed",
      failure: { code: "out-of-luck", message: "no luck", retryable: false },
    });
  });

  test("text that is no JSON fails as result-invalid", async () => {
    const { far, end } = await world.worker();
    const given = world.give();
    await turns();
    expect(end.isCut).toBe(false);
    far.arrive(frame({ results: [{ task: 1, kind: "succeeded", json: "{" }] }));
    expect(await given.outcome).toMatchObject({ kind: "failed", failure: { code: "result-invalid", class: "invalid", node: "hello" } });
  });

  test("a value that is too deep fails as result-invalid", async () => {
    const { far } = await world.worker();
    const given = world.give();
    await turns();
    far.arrive(frame({ results: [{ task: 1, kind: "succeeded", json: `${"[".repeat(200)}${"]".repeat(200)}` }] }));
    expect(await given.outcome).toMatchObject({ kind: "failed", failure: { code: "result-invalid" } });
  });

  test("logs arrive before the result, bounded, and not after it", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    const { work, finish } = worker.begun[0] ?? fail();
    work.log("warn", "log", "careful", { n: 1 });
    work.log("info", "console", "x".repeat(20_000));
    finish(result(null));
    await turns();
    work.log("info", "log", "too late");
    await given.outcome;
    await turns();
    expect(given.logs[0]).toBe('warn log careful {"n":1}');
    expect(given.logs[1]).toHaveLength("info console ".length + 8 * 1024);
    expect(given.logs).toHaveLength(2);
  });

  test("a flood of lines is cut, and says so", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    const { work, finish } = worker.begun[0] ?? fail();
    for (let i = 0; i < 1_200; i++) work.log("info", "log", `${i}`);
    finish(result(null));
    await given.outcome;
    expect(given.logs).toHaveLength(1_001);
    expect(given.logs.at(-1)).toBe("warn log 200 lines were dropped: there were more than 1000 at once");
  });

  test("a handler goes on only once its value is durable, and fails where it cannot be", async () => {
    let commit: () => void = fail;
    let refuse: (error: Error) => void = fail;
    const went: string[] = [];
    const perform = async (work: ServingWork) => {
      const value = await work.once("draw", () => 7);
      went.push(work.task.idempotencyKey);
      return result(value);
    };
    await world.worker({ perform });
    const first = world.give("greet", {
      commit: new Promise((resolve) => {
        commit = resolve;
      }),
    });
    expect(await now(first.outcome)).toBe("pending");
    expect(went).toEqual([]);
    commit();
    expect(await first.outcome).toEqual({ kind: "succeeded", result: 7 });
    const second = world.give("greet", {
      commit: new Promise((_, reject) => {
        refuse = reject;
      }),
    });
    await turns();
    refuse(new HeddleError("cancelled", "the attempt is no longer wanted"));
    expect(await second.outcome).toMatchObject({ kind: "failed", failure: { message: "the attempt is no longer wanted" } });
    expect(went).toEqual([first.task.idempotencyKey]);
  });

  test("a value of once is durable before the handler goes on, and later attempts get it", async () => {
    let drawn = 0;
    const perform = async (work: ServingWork) => result(await work.once("draw", () => ++drawn));
    await world.worker({ perform });
    const first = world.give();
    expect(await first.outcome).toEqual({ kind: "succeeded", result: 1 });
    expect(first.recorded).toEqual({ draw: 1 });
    const second = world.give("greet", { recorded: first.recorded });
    expect(await second.outcome).toEqual({ kind: "succeeded", result: 1 });
    expect(drawn).toBe(1);
  });
});

describe("aborts and time", () => {
  test("an abort reaches the handler, and its outcome is awaited", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    const { work, finish } = worker.begun[0] ?? fail();
    given.abort.abort("cancelled");
    await turns();
    expect(work.signal.aborted).toBe(true);
    expect(work.signal.reason).toBe("cancelled");
    expect(await now(given.outcome)).toBe("pending");
    finish({ kind: "aborted" });
    expect(await given.outcome).toEqual({ kind: "aborted" });
  });

  test("a handler that ignores its abort is given up after the grace, and keeps its slot until it is done", async () => {
    const worker = await world.worker({ slots: 1 });
    const given = world.give();
    await turns();
    given.abort.abort("cancelled");
    await world.pass(500);
    expect(await given.outcome).toEqual({ kind: "aborted" });
    const next = world.give();
    await turns();
    expect(next.waiting?.kind).toBe("slot");
    worker.begun[0]?.finish(result("late"));
    await turns();
    expect(next.waiting).toBeUndefined();
    expect(worker.begun).toHaveLength(2);
  });

  test("time runs from when the task is sent, not while it waits", async () => {
    expect(world.hub.keepsTime).toBe(true);
    const given = world.give("greet", { node: { timeoutMs: 1_000 } });
    await world.pass(5_000);
    expect(await now(given.outcome)).toBe("pending");
    const worker = await world.worker();
    await world.pass(999);
    expect(worker.begun[0]?.work.aborted).toBe(false);
    await world.pass(1);
    expect(worker.begun[0]?.work.signal.reason).toBe("timeout");
    worker.begun[0]?.finish(result("at last"));
    expect(await given.outcome).toMatchObject({
      kind: "failed",
      failure: { code: "timeout", class: "timeout", retryable: true, node: "hello" },
    });
  });

  test("what was unsafe to repeat and came late is its answer all the same", async () => {
    const worker = await world.worker();
    const given = world.give("greet", { node: { timeoutMs: 1_000, safety: "unsafe" } });
    await world.pass(1_000);
    worker.begun[0]?.finish(result("done"));
    expect(await given.outcome).toEqual({ kind: "succeeded", result: "done" });
  });
});

describe("loss, lease and drain", () => {
  test("a worker that is gone loses its tasks, and another attempt goes to another worker", async () => {
    const first = await world.worker();
    const given = world.give();
    await turns();
    const second = await world.worker();
    first.end.cut();
    expect(await given.outcome).toEqual({
      kind: "lost",
      message: "w1 (w1-1) was lost while it ran greet: it ended the session",
      counted: false,
    });
    const again = world.give("greet", { activation: 1, attempt: 2 });
    await turns();
    expect(second.begun).toHaveLength(1);
    second.begun[0]?.finish(result("done"));
    expect(await again.outcome).toEqual({ kind: "succeeded", result: "done" });
    expect(first.begun[0]?.work.aborted).toBe(true);
  });

  test("losses count against a handler only beyond three in ten minutes", async () => {
    const lose = async () => {
      const worker = await world.worker();
      const given = world.give();
      await turns();
      worker.end.cut();
      const outcome = await given.outcome;
      return outcome.kind === "lost" && outcome.counted;
    };
    expect([await lose(), await lose(), await lose(), await lose()]).toEqual([false, false, false, true]);
    await world.pass(11 * 60_000);
    expect(await lose()).toBe(false);
  });

  test("an idle worker keeps its lease, and so does a busy one", async () => {
    const worker = await world.worker();
    const given = world.give();
    await world.pass(20 * leaseMs);
    expect(worker.ended).toBe("open");
    worker.begun[0]?.finish(result(1));
    expect(await given.outcome).toMatchObject({ kind: "succeeded" });
  });

  test("a silent worker loses its lease, and its late result is dropped", async () => {
    const silent = await world.worker();
    const given = world.give();
    await turns();
    silent.end.isHeld = true;
    await world.pass(leaseMs * 0.9);
    expect(await now(given.outcome)).toBe("pending");
    await world.pass(leaseMs);
    expect(await given.outcome).toMatchObject({
      kind: "lost",
      message: expect.stringContaining(`nothing was heard of it for ${leaseMs} ms`),
    });
    silent.begun[0]?.finish(result("late"));
    silent.end.release();
    await turns();
    expect(world.hub.list("default")).toEqual([]);
  });

  test("a worker that hears nothing ends the session itself", async () => {
    const worker = await world.worker();
    worker.far.isHeld = true;
    await world.pass(2 * leaseMs);
    expect(worker.ended).toMatchObject({ code: "daemon-unreachable" });
  });

  test("a worker that drains finishes what it has, gets nothing new, and ends in order", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    worker.session.drain();
    await turns();
    const next = world.give();
    await turns();
    expect(next.waiting?.kind).toBe("executor-missing");
    expect(world.hub.list("default")).toMatchObject([{ status: "draining", inFlight: 1 }]);
    worker.begun[0]?.finish(result("done"));
    expect(await given.outcome).toEqual({ kind: "succeeded", result: "done" });
    await turns();
    expect(worker.ended).toBeUndefined();
    expect(worker.begun).toHaveLength(1);
    expect(world.reports.at(-1)).toBe("worker w1 (w1-1) has finished");
  });

  test("a session that is over loses what it is given", async () => {
    const { a, b } = streamPair();
    let ends = 0;
    const session = new RuntimeSession({
      id: "s",
      stream: a,
      clock: world.clock,
      leaseMs,
      abortGraceMs: 500,
      onHello: () => undefined,
      onFree: () => undefined,
      onDrain: () => undefined,
      onEnd: () => void ends++,
      countLoss: () => true,
    });
    b.end();
    await turns();
    const { task, abort } = world.give();
    const outcomes: unknown[] = [];
    session.run({ task, abort, name: "greet", inputJson: "{}", positional: false, settle: (outcome) => outcomes.push(outcome) });
    expect(outcomes).toMatchObject([{ kind: "lost", counted: false }]);
    expect(ends).toBe(1);
  });

  test("a task that crosses the wish to drain is run all the same", async () => {
    const worker = await world.worker();
    const given = world.give();
    worker.session.drain();
    await turns();
    worker.begun[0]?.finish(result("done"));
    expect(await given.outcome).toEqual({ kind: "succeeded", result: "done" });
  });

  test("a handler that stops because its worker shuts down is lost, and counts against nobody", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    worker.session.abortAll("shutdown");
    worker.begun[0]?.finish({ kind: "aborted" });
    expect(await given.outcome).toMatchObject({ kind: "lost", counted: false });
  });

  test("a hub that drains lets workers finish, and refuses new ones", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    world.hub.drain();
    await turns();
    expect(worker.ended).toBe("open");
    worker.begun[0]?.finish(result("done"));
    expect(await given.outcome).toMatchObject({ kind: "succeeded" });
    await turns();
    expect(worker.ended).toBeUndefined();
    const { a } = streamPair();
    world.hub.accept(a, principal);
    expect(a.endedWith).toMatchObject({ code: "shutting-down" });
  });

  test("a hub that closes aborts what runs and what waits", async () => {
    const worker = await world.worker({ slots: 1 });
    const running = world.give();
    const waiting = world.give();
    await turns();
    await world.hub.close();
    expect(await running.outcome).toEqual({ kind: "aborted" });
    expect(await waiting.outcome).toEqual({ kind: "aborted" });
    expect(await world.give().outcome).toEqual({ kind: "aborted" });
    await turns();
    expect(worker.ended).toMatchObject({ code: "shutting-down" });
  });

  test("a worker that dials again takes the place of its dead connection", async () => {
    const old = await world.worker({ instance: "one" });
    const given = world.give();
    await turns();
    old.end.isHeld = true;
    const fresh = await world.worker({ instance: "one" });
    expect(await given.outcome).toMatchObject({ kind: "lost", message: expect.stringContaining("it has dialled again") });
    world.give();
    await turns();
    expect(fresh.begun).toHaveLength(1);
  });
});

describe("what a worker may not say", () => {
  const said = async (...frames: Partial<ServingFrame>[]) => {
    const { a, b } = streamPair();
    world.hub.accept(a, principal);
    b.open({ bytes: () => undefined, drained: () => undefined, closed: () => undefined });
    for (const one of frames) b.write(frame(one));
    await turns();
    return a.endedWith;
  };
  const hello = { protocol: 1 as const, name: "w", instance: "i", slots: 1, handlers: [{ name: "greet" }], bundles: [], version: "" };

  test.each([
    ["a task before the hello", [{ results: [{ task: 1, kind: "aborted" as const }] }], "a session begins with a hello"],
    ["a second hello", [{ hello }, { hello }], "a session has one hello"],
    ["no handler", [{ hello: { ...hello, handlers: [] } }], "a worker serves at least one handler"],
    ["no slots", [{ hello: { ...hello, slots: 0 } }], "slots"],
    ["a hash that is none", [{ hello: { ...hello, bundles: ["latest"] } }], "bundles.0"],
    ["a task that was never sent", [{ hello }, { results: [{ task: 7, kind: "aborted" as const }] }], "task 7, which was never sent"],
  ])("%s ends the session as request-invalid", async (_, frames, message) => {
    expect(await said(...frames)).toMatchObject({ code: "request-invalid", message: expect.stringContaining(message) });
  });

  test("another protocol ends the session, and says which is spoken", async () => {
    const other = { ...hello, protocol: 2 } as unknown as typeof hello;
    expect(await said({ hello: other })).toMatchObject({ code: "request-invalid", message: expect.stringContaining("protocol") });
  });

  test("bytes that are no frame end the session", async () => {
    const { a } = streamPair();
    world.hub.accept(a, principal);
    a.arrive(Buffer.from("not a frame at all"));
    expect(a.endedWith).toMatchObject({ code: "request-invalid", message: "the frame cannot be read" });
  });

  test("silence instead of a hello ends the session", async () => {
    const { a } = streamPair();
    world.hub.accept(a, principal);
    await world.pass(10_000);
    expect(a.endedWith).toMatchObject({ code: "request-invalid" });
  });

  test("a token without a role is refused", () => {
    const { a } = streamPair();
    world.hub.accept(a, { ...principal, roles: [] });
    expect(a.endedWith).toMatchObject({ code: "permission-denied" });
  });

  test("a worker that breaks the rules loses its tasks, and is told why", async () => {
    const worker = await world.worker();
    const given = world.give();
    await turns();
    worker.end.write(frame({ results: [{ task: 99, kind: "aborted" }] }));
    expect(await given.outcome).toMatchObject({ kind: "lost" });
    await turns();
    expect(worker.ended).toMatchObject({ code: "request-invalid", message: expect.stringContaining("99") });
  });
});

describe("one frame a turn", () => {
  test("a hundred tasks of one turn leave in one frame, and so do their results", async () => {
    const perform = async (work: ServingWork) => {
      for (let i = 0; i < work.task.activation; i++) await undefined;
      return result(1);
    };
    const worker = await world.worker({ slots: 200, perform });
    const before = { runtime: worker.far.written.length, serving: worker.end.written.length };
    const given: GivenTask[] = [];
    for (let i = 0; i < 100; i++) {
      given.push(world.give());
      await undefined;
    }
    await Promise.all(given.map(({ outcome }) => outcome));
    expect(worker.far.written.length - before.runtime).toBe(1);
    expect(worker.end.written.length - before.serving).toBe(1);
  });

  test("frames stay bounded, and nothing is lost between them", async () => {
    const text = "x".repeat(300_000);
    const worker = await world.worker({ slots: 20, perform: () => result(text) });
    const given = Array.from({ length: 10 }, () => world.give());
    for (const { outcome } of given) expect(await outcome).toEqual({ kind: "succeeded", result: text });
    expect(Math.max(...worker.end.written.map((bytes) => bytes.length))).toBeLessThan(1_300_000);
  });

  test("while the other side is slow, what there is to say gathers in one frame", async () => {
    const worker = await world.worker({ slots: 20, perform: () => result(1) });
    worker.end.isSlow = true;
    const first = world.give();
    await first.outcome;
    const before = worker.end.written.length;
    const rest = [world.give()];
    await turns();
    rest.push(world.give());
    await turns();
    expect(worker.end.written.length).toBe(before);
    worker.end.drain();
    await Promise.all(rest.map(({ outcome }) => outcome));
    expect(worker.end.written.length).toBe(before + 1);
  });

  test("a task that arrives twice is run once", async () => {
    const worker = await world.worker();
    world.give();
    await turns();
    const sent = worker.far.written.at(-1) ?? fail();
    worker.end.arrive(sent);
    await turns();
    expect(worker.begun).toHaveLength(1);
  });
});

function frame(part: Partial<ServingFrame>): Buffer {
  return encodeServingFrame({ ...emptyServingFrame(), ...part });
}

function fail(): never {
  throw new HeddleError("internal", "nothing had begun");
}
