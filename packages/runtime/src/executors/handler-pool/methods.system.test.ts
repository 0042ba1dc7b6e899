import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonValue, Node } from "@heddle/core";
import type { Outcome, Task } from "@heddle/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AttemptAbort } from "../../shell/abort.ts";
import { systemClock } from "../../shell/system.ts";
import { HandlerPool } from "./pool.ts";

const code = `
let made = 0;
export class Agents {
  #calls = 0;
  number = ++made;
  count(step, ctx) { this.#calls += step; return { calls: this.#calls, made, node: ctx.node }; }
  async other() { return this.number; }
}
export class Broken {
  constructor() { if (made++ === 0) throw Object.assign(new Error("not yet"), { code: "too-early", retryable: false }); }
  work() { return "made"; }
}
export const count = () => 1;
`;

let folder: string;
let pool: HandlerPool;

function openPool(handlers: readonly { name: string; export: string; method: string }[]): HandlerPool {
  return new HandlerPool({
    code: { hash: `sha256:${"0".repeat(64)}`, folder, handlers: handlers.map((handler) => ({ ...handler, file: "code.mjs" })) },
    processes: 1,
    memoryMb: 128,
    graceMs: 100,
    environment: {},
    clock: systemClock,
  });
}

let activations = 0;

function call(handler: string, input: JsonValue): Promise<Outcome> {
  const node: Node = { kind: "handler", id: `node-${handler}`, handler, arguments: "positional" };
  const task: Task = {
    run: `run_${"0".repeat(26)}`,
    tenant: "default",
    bundle: `sha256:${"0".repeat(64)}`,
    node,
    activation: ++activations,
    attempt: 1,
    incarnation: "inc",
    idempotencyKey: `run_${"0".repeat(26)}/${activations}`,
    input: { input },
    services: {
      once: () => undefined,
      recorded: () => ({}),
      waiting: () => undefined,
      recordOnce: () => Promise.resolve(),
      call: () => Promise.resolve({ kind: "succeeded", result: null }),
      log: () => undefined,
    },
  };
  return pool.execute(task, new AttemptAbort());
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-methods-"));
  await writeFile(join(folder, "code.mjs"), code);
});

afterEach(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

describe("handlers that are methods", () => {
  test("share one instance of their class in a process, made at the first call", async () => {
    pool = openPool([
      { name: "count", export: "Agents", method: "count" },
      { name: "other", export: "Agents", method: "other" },
    ]);
    expect(await call("count", 2)).toEqual({ kind: "succeeded", result: { calls: 2, made: 1, node: "node-count" } });
    expect(await call("count", 3)).toEqual({ kind: "succeeded", result: { calls: 5, made: 1, node: "node-count" } });
    expect(await call("other", null)).toEqual({ kind: "succeeded", result: 1 });
  });

  test("fail the call whose instance cannot be made, and no other", async () => {
    pool = openPool([{ name: "work", export: "Broken", method: "work" }]);
    expect(await call("work", null)).toMatchObject({ kind: "failed", failure: { code: "too-early", message: "not yet" } });
    expect(await call("work", null)).toEqual({ kind: "succeeded", result: "made" });
  });

  test.each([
    ["a method that is not there", { name: "work", export: "Agents", method: "work" }],
    ["an export that is no class", { name: "work", export: "count", method: "work" }],
    ["an export that is not there", { name: "work", export: "Nothing", method: "work" }],
  ])("say so where the code has %s", async (_, handler) => {
    pool = openPool([handler]);
    const outcome = await call("work", null);
    const message = `code.mjs has no class with the method work as its export ${handler.export} for handler work`;
    expect(outcome).toMatchObject({ kind: "failed", failure: { message: expect.stringContaining(message) } });
  });
});
