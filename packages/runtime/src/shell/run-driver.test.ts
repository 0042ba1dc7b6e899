import { defaultTenant, HeddleError, type RunId, type WorkflowIr } from "@heddle/core";
import type { AppendOutcome, Executor, Store, StreamAppend } from "@heddle/ports";
import { SeededRandom, simulatedPrincipal, VirtualClock } from "@heddle/testkit/simulator";
import { expect, test } from "vitest";
import { body, handler, literal, result, row, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime } from "../create-runtime.ts";
import type { HandlerFunction } from "../executors/in-process.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";

const caller = { principal: simulatedPrincipal };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Append = (items: readonly StreamAppend[], append: Store["journal"]["append"]) => Promise<AppendOutcome>;

/** A store whose appends of runs go through `append`. */
function storeWith(append: Append, memory: Store = createMemoryStore()): Store {
  return {
    ...memory,
    journal: {
      ...memory.journal,
      append: (items) =>
        items[0]?.stream.startsWith("run:") === true ? append(items, memory.journal.append) : memory.journal.append(items),
    },
    close: () => Promise.resolve(),
  };
}

/** A runtime, and what its callbacks were told. */
function world(options: {
  handlers?: Record<string, HandlerFunction>;
  store?: Store;
  wrapExecutor?: (executor: Executor) => Executor;
  clock?: VirtualClock;
}) {
  const told: string[] = [];
  const clock = options.clock ?? new VirtualClock();
  const runtime = createRuntime({
    clock,
    random: new SeededRandom(7),
    ...options,
    onBug: (_run, bug) => told.push(`bug: ${bug instanceof Error ? bug.message : String(bug)}`),
    onFatal: (error) => told.push(`fatal: ${(error as HeddleError).code}`),
  });
  return { runtime, clock, told };
}

async function stored(runtime: Runtime, ...workflows: readonly WorkflowIr[]): Promise<`sha256:${string}`> {
  const handlers = [...new Set(workflows.flatMap((ir) => JSON.stringify(ir).match(/(?<="handler":")\w+/g) ?? []))].map((name) => ({
    name,
  }));
  const manifest = { format: "heddle.bundle/v1", main: workflows[0]?.id, workflows, handlers, files: [] };
  return (await runtime.api.bundles.put({ manifest, files: [] }, caller)).hash as `sha256:${string}`;
}

async function started(runtime: Runtime, ...workflows: readonly WorkflowIr[]): Promise<RunId> {
  return (await runtime.api.runs.start({ bundle: await stored(runtime, ...workflows), input: {} }, caller)).runId;
}

const kindsOf = async (runtime: Runtime, runId: RunId): Promise<string[]> =>
  (await runtime.api.runs.events({ runId }, caller)).map(({ event }) => event.kind);

const a = (() => "a") as HandlerFunction;

test("a full disk refuses wishes, keeps outcomes, and tries again ever later", async () => {
  let full = false;
  const tries: number[] = [];
  const clock = new VirtualClock();
  const store = storeWith(async (items, append) => {
    tries.push(clock.steadyMs);
    if (full) throw new HeddleError("storage-full", "no space is left");
    return append(items);
  });
  let finish: (value: string) => void = () => undefined;
  const slow = (() => new Promise((resolve) => (finish = resolve))) as HandlerFunction;
  const { runtime, told } = world({ store, clock, handlers: { slow } });
  const runId = await started(runtime, workflowOf("main", [handler("slow")]));
  full = true;
  await expect(runtime.api.runs.pause({ runId }, caller)).rejects.toMatchObject({ code: "storage-full" });
  tries.length = 0;
  clock.advance();
  finish("kept");
  for (let i = 0; i < 3; i++) {
    await settled();
    clock.advance();
  }
  await settled();
  expect(tries).toEqual([500, 1_500, 3_500, 7_500]);
  full = false;
  clock.advance();
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "succeeded", output: "kept" });
  expect(told).toEqual([]);
});

test("a start that finds no room leaves nothing behind, and may be repeated under its key", async () => {
  let full = true;
  const store = storeWith((items, append) => (full ? Promise.reject(new HeddleError("storage-full", "no space is left")) : append(items)));
  const { runtime, clock } = world({ store, handlers: { a } });
  const bundle = await stored(runtime, workflowOf("main", [handler("a")]));
  const start = () => runtime.api.runs.start({ bundle, input: {}, idempotencyKey: "once" }, caller);
  await expect(start()).rejects.toMatchObject({ code: "storage-full" });
  expect(clock.armed).toBe(0);
  full = false;
  const { runId, existing } = await start();
  expect(existing).toBe(false);
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "succeeded" });
});

test("starts under one key that race are one run, told to all once it is durable", async () => {
  const waiting: (() => void)[] = [];
  const store = storeWith(async (items, append) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return append(items);
  });
  const { runtime } = world({ store, handlers: { a } });
  const bundle = await stored(runtime, workflowOf("main", [handler("a")]));
  let told = 0;
  const starts = [1, 2, 3].map(async () => {
    const answer = await runtime.api.runs.start({ bundle, input: {}, idempotencyKey: "once" }, caller);
    told++;
    return answer;
  });
  await settled();
  expect([waiting.length, told]).toEqual([1, 0]);
  waiting.shift()?.();
  const answers = await Promise.all(starts);
  expect(new Set(answers.map(({ runId }) => runId)).size).toBe(1);
  expect(answers.map(({ existing }) => existing).sort()).toEqual([false, true, true]);
});

test("a process that another one has taken over from says so, and stops", async () => {
  const memory = createMemoryStore();
  const nap = workflowOf("main", [{ kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(60_000) } }]);
  const first = world({ store: storeWith((items, append) => append(items), memory) });
  const runId = await started(first.runtime, nap);
  const second = world({ store: storeWith((items, append) => append(items), memory) });
  await second.runtime.ready();
  await expect(first.runtime.api.runs.cancel({ runId }, caller)).rejects.toMatchObject({ code: "journal-fenced" });
  expect(first.told).toEqual(["fatal: journal-fenced"]);
  await expect(first.runtime.api.runs.start({ bundle: await stored(second.runtime, nap), input: {} }, caller)).rejects.toMatchObject({
    code: "shutting-down",
  });
  await second.runtime.api.runs.cancel({ runId }, caller);
  expect(await second.runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "cancelled" });
});

test("a driver that finds its run moved on reads the journal again, and goes on from there", async () => {
  let lies = 0;
  const store = storeWith(async (items, append) => {
    const outcome = await append(items);
    // The append took effect; the answer is of somebody who came second.
    return items[0]?.expectedSeq === 1 && lies++ === 0 ? { kind: "conflict", stream: items[0].stream, seq: 2 } : outcome;
  });
  const { runtime, told } = world({ store, handlers: { a } });
  const runId = await started(runtime, workflowOf("main", [handler("a"), handler("b", { handler: "a" })]));
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "succeeded", output: "a" });
  expect(await kindsOf(runtime, runId)).toEqual(["run-started", "activation-succeeded", "activation-succeeded", "run-succeeded"]);
  expect([lies, told]).toEqual([1, []]);
});

test("an unsafe call of a driver that was superseded is not made again: nobody knows how it ends", async () => {
  let made = 0;
  const pay = (() => {
    made++;
    return new Promise(() => undefined);
  }) as HandlerFunction;
  const store = storeWith(async (items, append) => {
    const outcome = await append(items);
    return items[0]?.events[0]?.text.includes("run-paused") === true ? { kind: "conflict", stream: items[0].stream, seq: 3 } : outcome;
  });
  const { runtime } = world({ store, handlers: { pay } });
  const runId = await started(runtime, workflowOf("main", [handler("pay", { safety: "unsafe" })]));
  await settled();
  await expect(runtime.api.runs.pause({ runId }, caller)).rejects.toMatchObject({ code: "journal-contended" });
  await settled();
  await runtime.api.runs.resume({ runId }, caller);
  expect((await runtime.api.runs.why({ runId }, caller)).map(({ kind }) => kind)).toEqual(["outcome-unknown"]);
  expect(made).toBe(1);
});

test("a store that failed ends the process, once", async () => {
  const store = storeWith((items, append) =>
    items[0]?.expectedSeq === 0 ? append(items) : Promise.reject(new HeddleError("storage-failed", "the disk is gone")),
  );
  const { runtime, told } = world({ store, handlers: { a } });
  const runId = await started(runtime, workflowOf("main", [handler("a")]));
  await expect(runtime.api.runs.result({ runId }, caller)).rejects.toMatchObject({ code: "shutting-down" });
  expect(told).toEqual(["fatal: storage-failed"]);
});

test("a wish that arrives while the last fact is committed learns that the run has ended", async () => {
  const waiting: (() => void)[] = [];
  const store = storeWith(async (items, append) => {
    if (items[0]?.expectedSeq !== 0) await new Promise<void>((resolve) => waiting.push(resolve));
    return append(items);
  });
  const { runtime } = world({ store, handlers: { a } });
  const runId = await started(runtime, workflowOf("main", [handler("a")]));
  await settled();
  const cancelled = runtime.api.runs.cancel({ runId }, caller);
  await Promise.resolve();
  waiting.shift()?.();
  await expect(cancelled).rejects.toMatchObject({ code: "run-ended" });
});

test("a clock that is set back delays neither new work nor retries", async () => {
  let attempts = 0;
  const flaky = (() => {
    if (++attempts < 2) throw new TypeError("not yet");
    return attempts;
  }) as HandlerFunction;
  const { runtime, clock } = world({ handlers: { a, flaky } });
  const nap = { kind: "wait" as const, id: "nap", wait: { kind: "duration" as const, ms: literal(100) } };
  const runId = await started(
    runtime,
    workflowOf("main", [nap, handler("a"), handler("flaky", { retry: { attemptsMax: 2, delayMs: 50, jitter: 0 } })]),
  );
  await settled();
  clock.jump(-3_600_000);
  while (clock.advance()) await settled();
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "succeeded", output: 2 });
  expect(clock.steadyMs).toBe(150);
});

test("each retry waits for its own delay", async () => {
  const startedAt: number[] = [];
  const clock = new VirtualClock();
  const failing = (() => {
    startedAt.push(clock.steadyMs);
    throw new TypeError("never");
  }) as HandlerFunction;
  const { runtime } = world({ clock, handlers: { failing } });
  const runId = await started(
    runtime,
    workflowOf("main", [handler("failing", { retry: { attemptsMax: 4, delayMs: 100, factor: 2, jitter: 0 } })]),
  );
  await settled();
  while (clock.advance()) await settled();
  expect(startedAt).toEqual([0, 100, 300, 700]);
  expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("failed");
});

test("after a restart in the middle of a cancel, a child run is cancelled with its parent", async () => {
  const memory = createMemoryStore();
  const child = workflowOf("sub", [{ kind: "human", id: "may", mode: "approve", prompt: literal("may it?") }]);
  const parent = workflowOf("main", [{ kind: "workflow", id: "nested", workflow: "sub" }]);
  let dead = false;
  // The process dies with the parent's cancel on disk, and before the child has heard of it.
  const store = storeWith(async (items, append) => {
    const cancels = items[0]?.events[0]?.text.includes("run-cancelling") === true;
    if (dead) return new Promise(() => undefined);
    dead = cancels;
    return append(items);
  }, memory);
  const first = world({ store });
  const runId = await started(first.runtime, parent, child);
  await settled();
  await first.runtime.api.runs.cancel({ runId }, caller);
  await settled();
  const second = world({ store: memory });
  expect(await second.runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "cancelled" });
  const { rows } = await second.runtime.api.runs.list({}, caller);
  expect(rows.map(({ workflow, status }) => `${workflow} ${status}`).sort()).toEqual(["main cancelled", "sub cancelled"]);
});

test("an ended run that was taken up for a wish in vain is still an ended run", async () => {
  let full = false;
  const store = storeWith((items, append) => (full ? Promise.reject(new HeddleError("storage-full", "no space is left")) : append(items)));
  const boom = (() => {
    throw new TypeError("boom");
  }) as HandlerFunction;
  const { runtime } = world({ store, handlers: { boom } });
  const runId = await started(runtime, workflowOf("main", [handler("boom")]));
  expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("failed");
  full = true;
  await expect(runtime.api.runs.retry({ runId }, caller)).rejects.toMatchObject({ code: "storage-full" });
  full = false;
  expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("failed");
  await runtime.api.runs.retry({ runId }, caller);
  expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("failed");
  expect((await kindsOf(runtime, runId)).filter((kind) => kind === "run-failed")).toHaveLength(2);
});

test("an executor that breaks its promise fails its attempt and is reported; the run stays where it is", async () => {
  const broken: Executor = { execute: () => Promise.reject(new TypeError("broken")), close: () => Promise.resolve() };
  const { runtime, told } = world({ handlers: { a }, wrapExecutor: () => broken });
  const ask = { kind: "human" as const, id: "may", mode: "approve" as const, prompt: literal("may it?"), exit: { output: result } };
  const guarded = { kind: "try" as const, id: "t", body: body(handler("a", { exit: { output: result } })), catch: row([ask], result) };
  const runId = await started(runtime, workflowOf("main", [guarded]));
  await settled();
  expect(told).toEqual(["bug: broken"]);
  expect((await runtime.api.runs.why({ runId }, caller)).map(({ kind }) => kind)).toEqual(["person"]);
  await runtime.api.runs.answer({ runId, answer: true }, caller);
  expect(await runtime.api.runs.result({ runId }, caller)).toMatchObject({ status: "succeeded" });
});

test("values over the inline limit survive a restart; those over the largest are refused", async () => {
  const memory = createMemoryStore();
  const large = "x".repeat(300 * 1_024);
  const ask = { kind: "human" as const, id: "may", mode: "approve" as const, prompt: literal("may it?") };
  const keep = handler("large", { writes: [{ name: "kept", value: result }] });
  const ir = { ...workflowOf("main", [keep, ask]), ...row([keep, ask], { kind: "ref" as const, scope: "var" as const, name: "kept" }) };
  const handlers = { large: (() => large) as HandlerFunction, huge: (() => "x".repeat(9 * 1_024 * 1_024)) as HandlerFunction };
  const first = world({ handlers, store: storeWith((items, append) => append(items), memory) });
  const runId = await started(first.runtime, ir);
  await settled();
  const rows = await memory.journal.read(`run:${runId}`, defaultTenant, 0, 100);
  expect(Math.max(...rows.map(({ text }) => text.length))).toBeLessThan(1_000);
  const second = world({ handlers, store: memory });
  await second.runtime.api.runs.answer({ runId, answer: true }, caller);
  expect((await second.runtime.api.runs.result({ runId }, caller)).output).toBe(large);
  const refused = await started(second.runtime, workflowOf("main", [handler("huge")]));
  expect(await second.runtime.api.runs.result({ runId: refused }, caller)).toMatchObject({
    status: "failed",
    failure: { code: "value-too-large" },
  });
});
