// Parity: MN10.
import { type HandlerContext, HeddleError, irVersion, type JsonValue, type Node, type WorkflowIr } from "@heddle/core";
import { simulatedPrincipal } from "@heddle/testkit/simulator";
import { afterEach, describe, expect, test } from "vitest";
import { createRuntime, type Runtime, type RuntimeOptions } from "../create-runtime.ts";

const caller = { principal: simulatedPrincipal };

/** Nodes side by side, each a call of `work` with its own name. */
function sideBySide(names: readonly string[], more: Partial<Node>): WorkflowIr {
  const branch = (name: string) => ({
    name,
    body: {
      entry: name,
      nodes: [
        {
          kind: "handler" as const,
          id: name,
          handler: "work",
          reads: [{ name: "name", value: { kind: "literal" as const, value: name } }],
          exit: { output: { kind: "ref" as const, scope: "result" as const } },
          ...more,
        } as Node,
      ],
      edges: [],
    },
  });
  const all: Node = {
    kind: "parallel",
    id: "all",
    branches: names.map(branch),
    exit: { output: { kind: "ref", scope: "result" } },
  };
  return { ir: irVersion, id: "crowd", discipline: "stages", inputs: [], entry: "all", nodes: [all], edges: [] };
}

/** Calls that are under way until the test lets them go. */
class Calls {
  readonly begun: string[] = [];
  readonly #open = new Map<string, () => void>();
  #watchers: (() => void)[] = [];
  most = 0;

  readonly work = ({ name }: { name: string }, ctx: HandlerContext): Promise<JsonValue> => {
    this.begun.push(name);
    return new Promise((resolve, reject) => {
      this.#open.set(name, () => resolve(name));
      ctx.signal.addEventListener("abort", () => reject(new HeddleError("cancelled", "stopped")));
      this.most = Math.max(this.most, this.#open.size);
      for (const watcher of this.#watchers.splice(0)) watcher();
    });
  };

  end(name: string): void {
    this.#open.get(name)?.();
    this.#open.delete(name);
  }

  async until(count: number): Promise<void> {
    while (this.begun.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }
}

describe("pools in runs", () => {
  let runtime: Runtime;
  const open = (calls: Calls, options: RuntimeOptions = {}): Runtime => {
    runtime = createRuntime({ handlers: { work: calls.work }, pools: { one: 1, two: 2 }, ...options });
    return runtime;
  };
  afterEach(() => runtime.close({ graceMs: 0 }));

  const start = async (ir: WorkflowIr): Promise<string> => {
    const manifest = { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers: [{ name: "work" }], files: [] };
    const { hash } = await runtime.api.bundles.put({ manifest, files: [] }, caller);
    return (await runtime.api.runs.start({ bundle: hash, input: {} }, caller)).runId;
  };

  test("an attempt waits for its slot, says so, and starts only then", async () => {
    const calls = new Calls();
    open(calls);
    const runId = await start(sideBySide(["a", "b", "c"], { pool: "two", safety: "unsafe" }));
    await calls.until(2);
    const { api } = runtime;
    const started = async () => (await api.runs.events({ runId }, caller)).filter(({ event }) => event.kind === "attempt-started").length;
    expect(await started()).toBe(2);
    const reasons = await api.runs.why({ runId }, caller);
    expect(reasons.find(({ node }) => node === "c")).toMatchObject({
      kind: "slot",
      message: "c waits: place 1 in the queue of pool two, whose 2 slots are taken",
    });
    calls.end("a");
    await calls.until(3);
    expect(await started()).toBe(3);
    calls.end("b");
    calls.end("c");
    expect((await api.runs.result({ runId }, caller)).output).toEqual({ a: "a", b: "b", c: "c" });
    expect(calls.most).toBe(2);
  });

  test("one that is cancelled while it waits never starts, and its place is free", async () => {
    const calls = new Calls();
    open(calls);
    const first = await start(sideBySide(["a"], { pool: "one" }));
    const second = await start(sideBySide(["b"], { pool: "one" }));
    const third = await start(sideBySide(["c"], { pool: "one" }));
    await calls.until(1);
    await runtime.api.runs.cancel({ runId: second }, caller);
    expect((await runtime.api.runs.result({ runId: second }, caller)).status).toBe("cancelled");
    calls.end("a");
    await runtime.api.runs.result({ runId: first }, caller);
    await calls.until(2);
    expect(calls.begun).toEqual(["a", "c"]);
    calls.end("c");
    expect((await runtime.api.runs.result({ runId: third }, caller)).status).toBe("succeeded");
  });

  test("a paused run lets others pass, and queues again when it goes on", async () => {
    const calls = new Calls();
    open(calls);
    const first = await start(sideBySide(["a"], { pool: "one" }));
    const paused = await start(sideBySide(["b"], { pool: "one" }));
    const third = await start(sideBySide(["c"], { pool: "one" }));
    await calls.until(1);
    await runtime.api.runs.pause({ runId: paused }, caller);
    calls.end("a");
    await calls.until(2);
    expect(calls.begun).toEqual(["a", "c"]);
    await runtime.api.runs.resume({ runId: paused }, caller);
    calls.end("c");
    await calls.until(3);
    calls.end("b");
    for (const runId of [first, paused, third]) expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("succeeded");
  });

  test("a pool that is not configured, or too small, is told when the run is started", async () => {
    open(new Calls());
    await expect(start(sideBySide(["a"], { pool: "gpu" }))).rejects.toMatchObject({
      code: "capability-denied",
      message: "node a wants slots of the pool gpu, which is not configured: add it, as in HEDDLE_POOLS=gpu=1",
    });
    await expect(start(sideBySide(["a"], { pool: "two", slots: 3 }))).rejects.toMatchObject({
      message: "node a wants 3 slots, and the pool two has 2",
    });
  });

  test("a start is told to come later while too many runs are open, and one that exists is found all the same", async () => {
    const calls = new Calls();
    open(calls, { openRunsMax: 1 });
    const { api } = runtime;
    const ir = sideBySide(["a"], {});
    const manifest = { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers: [{ name: "work" }], files: [] };
    const { hash: bundle } = await api.bundles.put({ manifest, files: [] }, caller);
    const { runId } = await api.runs.start({ bundle, input: {}, idempotencyKey: "k" }, caller);
    const later = { code: "retry-later", details: { retryAfterMs: 1_000 } };
    await expect(api.runs.start({ bundle, input: {} }, caller)).rejects.toMatchObject(later);
    await expect(api.runs.start({ bundle, input: {}, idempotencyKey: "other" }, caller)).rejects.toMatchObject(later);
    expect(await api.runs.start({ bundle, input: {}, idempotencyKey: "k" }, caller)).toEqual({ runId, existing: true });
    await calls.until(1);
    calls.end("a");
    await api.runs.result({ runId }, caller);
    expect((await api.runs.start({ bundle, input: {} }, caller)).existing).toBe(false);
  });

  test("concurrency by key holds over runs", async () => {
    const calls = new Calls();
    open(calls);
    const flow = { concurrency: { max: 1, key: { kind: "ref", scope: "var", name: "name" } } } as const;
    const runs = [
      await start(sideBySide(["a"], { flow })),
      await start(sideBySide(["a"], { flow })),
      await start(sideBySide(["b"], { flow })),
    ];
    await calls.until(2);
    expect(calls.begun.sort()).toEqual(["a", "b"]);
    calls.end("a");
    await calls.until(3);
    calls.end("a");
    calls.end("b");
    for (const runId of runs) await runtime.api.runs.result({ runId }, caller);
  });

  test("a handler that asks to be tried again later is, no sooner", async () => {
    let tries = 0;
    const work = () => {
      if (++tries === 1) throw Object.assign(new RangeError("busy"), { retryAfterMs: 120 });
      return "done";
    };
    open(new Calls(), { handlers: { work } });
    const runId = await start(sideBySide(["a"], { retry: { attemptsMax: 2, delayMs: 1, jitter: 0 } }));
    expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("succeeded");
    const failed = (await runtime.api.runs.events({ runId }, caller)).find(({ event }) => event.kind === "attempt-failed");
    expect(failed?.event).toMatchObject({ failure: { retryAfterMs: 120 } });
    const event = failed?.event;
    expect(event?.kind === "attempt-failed" ? event.retryAtMs - (failed?.atMs ?? 0) : undefined).toBe(120);
  });
});
