import type { HandlerContext, HeddleError } from "@heddle/core";
import type { ServingWork, StreamTask } from "@heddle/wire";
import { describe, expect, test } from "vitest";
import { performBy, type WorkerHandler } from "./perform.ts";
import { createWorker, type WorkerOptions } from "./worker.ts";

const env = { HEDDLE_HOME: "/nowhere" };

function work(name: string, task: Partial<StreamTask> = {}, more: Partial<ServingWork> = {}): ServingWork {
  return {
    task: {
      id: 1,
      run: "run_1",
      node: "node",
      name,
      activation: 3,
      attempt: 2,
      idempotencyKey: "run_1/3",
      incarnation: "inc_1",
      inputJson: '{"a":1}',
      positional: false,
      once: [],
      bundle: "",
      tenant: "default",
      ...task,
    },
    aborted: false,
    signal: new AbortController().signal,
    log: () => undefined,
    progress: () => undefined,
    once: async (_, fn) => fn(),
    ...more,
  };
}

const perform = (name: string, fn: WorkerHandler, task?: Partial<StreamTask>, more?: Partial<ServingWork>) =>
  performBy(new Map([[name, fn]]))(work(name, task, more));

describe("a task of a worker", () => {
  test("is given its input and who it is", async () => {
    const seen: unknown[] = [];
    perform("h", (input: unknown, ctx: HandlerContext) => {
      seen.push(input, ctx.runId, ctx.node, ctx.activation, ctx.attempt, ctx.idempotencyKey);
    });
    expect(seen).toEqual([{ a: 1 }, "run_1", "node", 3, 2, "run_1/3"]);
  });

  test("is given its inputs one by one where they are positional, the context last", () => {
    const outcome = perform("h", (...args: unknown[]) => args.slice(0, -1), { positional: true, inputJson: '[1,"two"]' });
    expect(outcome).toEqual({ kind: "succeeded", result: [1, "two"] });
  });

  test.each<[string, WorkerHandler, object]>([
    ["undefined is null", () => undefined, { kind: "succeeded", result: null }],
    ["a promise is awaited", async () => [1], { kind: "succeeded", result: [1] }],
    ["a function is no JSON", () => () => 1, { kind: "failed", failure: { code: "result-invalid", class: "invalid" } }],
    ["NaN is no JSON", () => Number.NaN, { kind: "failed", failure: { code: "result-invalid" } }],
    ["too much", () => "x".repeat(9_000_000), { kind: "failed", failure: { code: "value-too-large", class: "invalid" } }],
    [
      "a thrown code is kept",
      () => {
        throw Object.assign(new Error("no"), { code: "mine", retryable: false, details: { n: 1 } });
      },
      { kind: "failed", failure: { code: "mine", retryable: false, details: { n: 1 }, node: "node" } },
    ],
    [
      "a rejection may be retried",
      async () => Promise.reject(new Error("no")),
      { kind: "failed", failure: { code: "handler-failed", retryable: true } },
    ],
  ])("%s", async (_, fn, outcome) => {
    expect(await perform("h", fn)).toMatchObject(outcome);
  });

  test("that stopped because it was asked to is aborted, and not failed", async () => {
    const stopped = async () => Promise.reject(new Error("stopped"));
    expect(await perform("h", stopped, {}, { aborted: true })).toEqual({ kind: "aborted" });
  });

  test("of a handler that it has not got fails for good", async () => {
    const outcome = performBy(new Map())(work("other"));
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "handler-not-found", retryable: false } });
  });
});

describe("a worker", () => {
  const h = (): null => null;

  test.each<[string, Partial<WorkerOptions>, string]>([
    ["no handlers", { handlers: {} }, "at least one handler"],
    ["a handler whose name is none", { handlers: { "no spaces": h } }, "handlers.0.name"],
    ["no slots", { slots: 0 }, "slots"],
    ["a bundle that is no hash", { bundles: ["latest"] }, "bundles.0"],
    ["an address that is none", { target: "nowhere" }, "is not host:port"],
    ["another machine", { target: "example.test:1" }, "another machine"],
  ])("refuses %s", (_, options, message) => {
    const make = () => createWorker({ handlers: { h }, env, ...options });
    expect(make).toThrow(expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }) as HeddleError);
  });

  test("that was never run can be stopped", async () => {
    const worker = createWorker({ handlers: { h }, env, target: "127.0.0.1:1" });
    await worker.stop();
    await worker.run();
  });

  test("keeps dialling a daemon that is not there, and stops at once when told to", async () => {
    const worker = createWorker({ handlers: { h }, env, target: "127.0.0.1:1", token: "t" });
    const running = worker.run();
    await worker.stop();
    await running;
    expect(worker.inFlight).toBe(0);
  });
});
