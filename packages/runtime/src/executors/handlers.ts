/**
 * Handlers of bundles: each bundle's code runs in warm processes of its own. This is where a bundle's
 * folder, environment and pool come together.
 */
import { cpus } from "node:os";
import type { BundleManifest, ContentHash, Node } from "@heddle/core";
import { bodiesOf, failureOf } from "@heddle/core";
import type { Clock, Executor } from "@heddle/ports";
import { HandlerPool } from "./handler-pool/pool.ts";

export interface HandlerProcessOptions {
  /** Warm processes for each bundle. 0: one per core. */
  readonly count: number;
  readonly memoryMb: number;
  /** How long an aborted attempt may go on before its process is ended. */
  readonly graceMs: number;
}

export interface HandlersExecutor extends Executor {
  /** Makes a bundle's handlers callable. */
  register(hash: ContentHash, manifest: BundleManifest, folder: string): void;
  /** Whether the code of this handler came with the bundle. */
  serves(hash: ContentHash, handler: string): boolean;
  /** Process ids of all pools: for tests that end them. */
  pids(): readonly number[];
}

export function createHandlersExecutor(
  clock: Clock,
  options: HandlerProcessOptions,
  hostEnvironment: Readonly<Record<string, string | undefined>>,
): HandlersExecutor {
  const pools = new Map<ContentHash, HandlerPool>();
  const served = new Map<ContentHash, ReadonlySet<string>>();
  return {
    register(hash, manifest, folder) {
      if (pools.has(hash)) return;
      const handlers = manifest.handlers.flatMap((handler) =>
        handler.code === undefined ? [] : [{ name: handler.name, ...handler.code }],
      );
      served.set(hash, new Set(handlers.map(({ name }) => name)));
      pools.set(
        hash,
        new HandlerPool({
          code: { hash, folder, handlers },
          processes: options.count > 0 ? options.count : Math.max(1, cpus().length),
          memoryMb: options.memoryMb,
          graceMs: options.graceMs,
          environment: environmentOf(manifest, hostEnvironment),
          clock,
        }),
      );
    },
    execute(task, abort) {
      const pool = pools.get(task.bundle);
      if (pool !== undefined) return pool.execute(task, abort);
      const failure = failureOf("executor-unavailable", `the code of bundle ${task.bundle} is not laid out here`, "transient", {
        retryable: true,
        node: task.node.id,
      });
      return Promise.resolve({ kind: "failed", failure });
    },
    serves: (hash, handler) => served.get(hash)?.has(handler) === true,
    pids: () => [...pools.values()].flatMap((pool) => pool.pids()),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

/** What a process needs to start programs at all. Everything else is named by the bundle. */
export const alwaysPassed: readonly string[] = ["PATH", "SystemRoot", "TMPDIR", "TEMP", "TMP", "TZ", "LANG"];

function environmentOf(manifest: BundleManifest, host: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const environment: Record<string, string> = {};
  const nodes = manifest.workflows.flatMap((ir) => allNodes(ir.nodes)).filter((node) => node.kind === "handler");
  for (const name of [...alwaysPassed, ...nodes.flatMap((node) => node.passEnv ?? [])]) {
    const value = host[name];
    if (value !== undefined) environment[name] = value;
  }
  for (const node of nodes) Object.assign(environment, node.environment);
  return environment;
}

function allNodes(nodes: readonly Node[]): readonly Node[] {
  return nodes.flatMap((node) => [node, ...bodiesOf(node).flatMap(({ body }) => allNodes(body.nodes))]);
}
