/**
 * Heddle in this process, through its public API alone, with the store opened as the daemon opens it:
 * by its path, every option at its default. The handler is a function of this program.
 */
import { join } from "node:path";
import { anonymousBundle, type Caller, type ContentHash, defaultTenant, type JsonObject, type WorkflowIr } from "@heddle/core";
import { createRuntime, type Runtime, type RuntimeOptions } from "@heddle/runtime";
import { openSqliteStore } from "@heddle/store-sqlite";
import { assertDurable, type System, type SystemOptions } from "./system.ts";
import { chainWorkflow, mapWorkflow } from "./workflows.ts";

export const caller: Caller = { principal: { subject: "benchmark", tenant: defaultTenant, roles: ["admin"] } };

export interface HeddleOptions extends Omit<SystemOptions, "onStep"> {
  readonly onStep?: ((run: string, step: number) => void) | undefined;
  readonly executors?: NonNullable<RuntimeOptions["executors"]>;
}

/** A runtime on the store of a folder, and its settings as the measured connection says them. */
export async function openRuntime(options: HeddleOptions): Promise<{ runtime: Runtime; settings: Readonly<Record<string, string>> }> {
  const { folder, resultBytes, onStep, executors = {} } = options;
  const payload = "x".repeat(resultBytes);
  const step = ({ n }: { n: number }, context: { readonly runId: string }): JsonObject => {
    onStep?.(context.runId, n);
    return { n: n + 1, payload };
  };
  const sum = ({ items }: { items: readonly { n: number }[] }): JsonObject => ({ n: items.reduce((total, { n }) => total + n, 0) });
  const store = await openSqliteStore({ path: join(folder, "heddle.db") });
  const runtime = createRuntime({ store, dataDir: folder, handlers: { step, sum }, executors });
  await runtime.ready();
  const { storage } = await runtime.api.runtime.status({}, caller);
  assertDurable(storage.settings);
  return { runtime, settings: storage.settings };
}

/** Stores a workflow as a bundle of its own, and says its hash. */
export async function putWorkflow(runtime: Runtime, ir: WorkflowIr): Promise<ContentHash> {
  return (await runtime.api.bundles.put({ manifest: anonymousBundle([ir]), files: [] }, caller)).hash;
}

export async function openHeddle(options: HeddleOptions): Promise<System> {
  const { runtime, settings } = await openRuntime(options);
  const { runs } = runtime.api;
  const workflows = new Map<number, WorkflowIr>();
  const map = mapWorkflow();
  const hashes = new Map<number, Promise<ContentHash>>();
  const runOf = new Map<string, string>();

  function workflowOf(steps: number): WorkflowIr {
    const ir = workflows.get(steps) ?? chainWorkflow(steps);
    workflows.set(steps, ir);
    return ir;
  }

  function hashOf(steps: number): Promise<ContentHash> {
    const hash = hashes.get(steps) ?? putWorkflow(runtime, workflowOf(steps));
    hashes.set(steps, hash);
    return hash;
  }

  return {
    settings,
    async runWorkflow(steps) {
      const { output } = await runtime.run(workflowOf(steps), {});
      if (output !== steps) throw new Error(`a workflow of ${steps} steps gave ${JSON.stringify(output)}`);
    },
    async mapReduce(count) {
      const { output } = await runtime.run(map, { items: Array.from({ length: count }, (_, item) => item) });
      if (output !== (count * (count + 1)) / 2) throw new Error(`a reduction of ${count} items gave ${JSON.stringify(output)}`);
    },
    async attach(key, steps, started) {
      const bundle = await hashOf(steps);
      const { runId, existing } = await runs.start({ bundle, input: { key }, idempotencyKey: key }, caller);
      runOf.set(key, runId);
      started(existing);
      const { status, output } = await runs.result({ runId }, caller);
      if (status !== "succeeded" || output !== steps) throw new Error(`run ${runId} is ${status} and gave ${JSON.stringify(output)}`);
    },
    async committed(key, steps) {
      const records = await runs.events({ runId: runOf.get(key) ?? "", limit: 10_000 }, caller);
      const counts = new Array<number>(steps).fill(0);
      for (const { event } of records) {
        // Activations of a chain are numbered by its steps, from 1.
        if (event.kind === "activation-succeeded") counts[event.activation - 1] = (counts[event.activation - 1] ?? 0) + 1;
      }
      return counts;
    },
    close: () => runtime.close({ graceMs: 0 }),
  };
}
