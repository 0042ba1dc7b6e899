/**
 * The executor of `process` nodes: programs of any language, started on this machine, one for each
 * attempt, as docs/processes.md describes.
 *
 * How many run at once is for flow control to say. Whatever it started is gone when an attempt has settled,
 * and when the executor is closed.
 */
import { type BundleManifest, type ContentHash, failureOf, type ProcessNode } from "@heddle/core";
import type { AbortHandle, Clock, Executor, Outcome, Task } from "@heddle/ports";
import { probeSandbox } from "../../guards/sandbox/probe.ts";
import type { SandboxProbe } from "../../guards/sandbox/sandbox.ts";
import { createSecrets, type Secrets } from "../../secrets/secrets.ts";
import { AttemptAbort } from "../../shell/abort.ts";
import { type AttemptOptions, runAttempt } from "./attempt.ts";

export interface HostLocalOptions {
  /** Data that a program may have, each of its processes counted alone; a node may ask for less. Held to on Linux. */
  readonly memoryMb: number;
  /** How long a program that is to end may take before it is killed. */
  readonly graceMs: number;
}

export const hostLocalDefaults: HostLocalOptions = { memoryMb: 4_096, graceMs: 2_000 };

export interface HostLocalExecutor extends Executor {
  /** Makes the files of a bundle available to its nodes. */
  register(hash: ContentHash, manifest: BundleManifest, folder: string): void;
  /** Programs that run now. */
  running(): number;
}

/** Nodes of which it is remembered that they have waited out their first delay. */
const rememberedMax = 10_000;

export function createHostLocalExecutor(
  clock: Clock,
  options: HostLocalOptions,
  hostEnvironment: Readonly<Record<string, string | undefined>>,
  secrets: Secrets = createSecrets({ sources: {}, environment: {}, clock }),
  sandbox: SandboxProbe = probeSandbox,
): HostLocalExecutor {
  const bundles = new Map<ContentHash, NonNullable<AttemptOptions["payloads"]>>();
  const open = new Map<AttemptAbort, Promise<Outcome>>();
  const begun = new Set<string>();
  let isClosed = false;
  let running = 0;

  const run = async (task: Task, node: ProcessNode, abort: AbortHandle): Promise<Outcome> => {
    running++;
    try {
      await firstDelay(`${task.run}/${node.id}`, node.config.startup_delay_ms, abort);
      if (abort.aborted) return { kind: "aborted" };
      const { graceMs, memoryMb } = options;
      return await runAttempt(task, node, abort, {
        clock,
        graceMs,
        memoryMb,
        hostEnvironment,
        secrets,
        sandbox,
        payloads: bundles.get(task.bundle),
      });
    } finally {
      running--;
    }
  };

  const firstDelay = (key: string, delayMs: number | undefined, abort: AbortHandle): Promise<void> => {
    if (delayMs === undefined || delayMs === 0 || begun.has(key)) return Promise.resolve();
    begun.add(key);
    const [oldest] = begun;
    if (begun.size > rememberedMax && oldest !== undefined) begun.delete(oldest);
    return new Promise((resolve) => {
      const disarm = clock.setTimer(delayMs, resolve);
      abort.onAbort(() => {
        disarm();
        resolve();
      });
    });
  };

  return {
    keepsTime: true,
    register: (hash, manifest, folder) => bundles.set(hash, { folder, files: manifest.files }),
    running: () => running,
    async execute(task, abort) {
      const { node } = task;
      if (node.kind !== "process") {
        const failure = failureOf("handler-not-found", `${node.id} is no process`, "denied", { node: node.id });
        return { kind: "failed", failure };
      }
      if (isClosed) return { kind: "aborted" };
      const stop = new AttemptAbort();
      abort.onAbort(() => stop.abort("aborted"));
      const outcome = run(task, node, stop);
      open.set(stop, outcome);
      try {
        return await outcome;
      } finally {
        open.delete(stop);
      }
    },
    async close() {
      isClosed = true;
      const ending = [...open.values()];
      for (const stop of [...open.keys()]) stop.abort("shutdown");
      await Promise.all(ending);
    },
  };
}
