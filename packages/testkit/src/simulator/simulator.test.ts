import { createMemoryStore } from "@heddle/runtime";
import { expect, test } from "vitest";
import { crashableClock, crashableExecutor, crashableStore } from "./crashable.ts";
import { PortCalls } from "./port-calls.ts";
import { SeededRandom, seedOf } from "./seeded-random.ts";
import { Simulation, simulatedPrincipal } from "./simulation.ts";
import { VirtualClock, virtualEpochMs } from "./virtual-clock.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("timers fire by their instants, those of one instant in the order of their making, cancelled ones never", () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  const arm = (name: string, delayMs: number) => clock.setTimer(delayMs, () => fired.push(`${name}@${clock.steadyMs}`));
  arm("c", 30);
  arm("a", 10);
  const cancel = arm("never", 15);
  arm("b", 10);
  arm("past", -5);
  cancel();
  cancel();
  expect([clock.armed, clock.nextInMs]).toEqual([4, 0]);
  while (clock.advance()) expect(clock.nowMs()).toBe(virtualEpochMs + clock.steadyMs);
  expect(fired).toEqual(["past@0", "a@10", "b@10", "c@30"]);
  expect([clock.armed, clock.nextInMs]).toEqual([0, undefined]);
});

test("a thousand timers fire in order", () => {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const fired: number[] = [];
  for (let i = 0; i < 1_000; i++) clock.setTimer(random.integer(0, 500), () => fired.push(clock.steadyMs));
  while (clock.advance());
  expect(fired).toEqual([...fired].sort((a, b) => a - b));
});

test("a jump of the wall clock moves no timer, and time passes up to the next one", () => {
  const clock = new VirtualClock(1_000);
  clock.setTimer(100, () => undefined);
  clock.jump(-500);
  expect(clock.nowMs()).toBe(500);
  clock.pass(1_000);
  expect([clock.steadyMs, clock.nowMs(), clock.nextInMs]).toEqual([100, 600, 0]);
});

test("one seed gives one sequence, within bounds", () => {
  const draw = (random: SeededRandom) => [
    random.unit(),
    ...random.bytes(4),
    random.integer(3, 5),
    random.pick(["a", "b"]),
    random.fork().word(),
  ];
  expect(draw(new SeededRandom(5))).toEqual(draw(new SeededRandom(5)));
  expect(draw(new SeededRandom(5))).not.toEqual(draw(new SeededRandom(6)));
  const random = new SeededRandom(seedOf("x", 1));
  const integers = Array.from({ length: 1_000 }, () => random.integer(-1, 1));
  expect([Math.min(...integers), Math.max(...integers), new Set(integers).size]).toEqual([-1, 1, 3]);
  expect(Array.from({ length: 200 }, () => random.weighted({ often: 9, never: 0, rarely: 1 }))).not.toContain("never");
});

const append = (text: string, expectedSeq: number) => [
  { stream: "run:x", tenant: "default", expectedSeq, epoch: 1, events: [{ atMs: 0, text }] },
];

test.each([
  { mode: "before" as const, kept: ["first"] },
  { mode: "after" as const, kept: ["first", "second"] },
])("a process that dies $mode an append leaves what took effect, answers nobody, and does nothing more", async ({ mode, kept }) => {
  const store = createMemoryStore();
  const calls = new PortCalls({ n: 2, mode });
  const mortal = crashableStore(store, calls);
  const answers: string[] = [];
  void mortal.journal.append(append("first", 0)).then(() => answers.push("first"));
  await turn();
  void mortal.journal.append(append("second", 1)).then(() => answers.push("second"));
  await turn();
  void mortal.journal.append(append("third", kept.length)).then(() => answers.push("third"));
  mortal.journal.saveFold("run:x", { seq: 1, format: "f", text: "{}" });
  void mortal.close();
  await turn();
  expect(answers).toEqual(["first"]);
  expect((await store.journal.read("run:x", "default", 0, 10)).map(({ text }) => text)).toEqual(kept);
  expect(await store.journal.loadFold("run:x")).toBeUndefined();
  expect([calls.alive, calls.count, calls.inFlight, calls.diedAt]).toEqual([false, 2, 0, "journal.append"]);
});

test("timers and executions die with their process", async () => {
  const clock = new VirtualClock();
  const calls = new PortCalls();
  const mortal = crashableClock(clock, calls);
  let fired = 0;
  let executed = 0;
  mortal.setTimer(5, () => fired++);
  const executor = crashableExecutor(
    { execute: () => Promise.resolve({ kind: "succeeded", result: ++executed }), close: () => Promise.resolve() },
    calls,
  );
  calls.kill();
  mortal.setTimer(5, () => fired++)();
  void executor.execute(undefined as never, undefined as never);
  expect(clock.advance()).toBe(false);
  await turn();
  expect([fired, executed]).toEqual([0, 0]);
});

test.each([
  { mode: "before" as const, executed: 0 },
  { mode: "after" as const, executed: 1 },
])("an execution that its process dies $mode has begun $executed times, and its outcome is lost", async ({ mode, executed }) => {
  const calls = new PortCalls({ n: 1, mode });
  let begun = 0;
  const executor = crashableExecutor(
    { execute: () => Promise.resolve({ kind: "succeeded", result: ++begun }), close: () => Promise.resolve() },
    calls,
  );
  let settled = false;
  void executor.execute(undefined as never, undefined as never).then(() => {
    settled = true;
  });
  await turn();
  expect([begun, settled, calls.alive]).toEqual([executed, false, false]);
});

test("a simulated runtime starts, dies and is started again on what it left", async () => {
  const simulation = new Simulation({ seed: 3, store: createMemoryStore(), handlers: () => ({}) });
  simulation.start({ n: 1, mode: "before" });
  await simulation.settle();
  const { alive, count, diedAt } = simulation.incarnation.calls;
  expect([alive, count, diedAt?.split(".")[0]]).toEqual([false, 1, "journal"]);
  expect(await simulation.answer(simulation.api.runs.list({}, { principal: simulatedPrincipal }))).toBeUndefined();
  simulation.start();
  expect(await simulation.answer(simulation.api.runs.list({}, { principal: simulatedPrincipal }))).toEqual({ rows: [] });
  expect(simulation.incarnation.number).toBe(2);
});
