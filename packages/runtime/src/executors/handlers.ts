/**
 * Handlers of bundles: each bundle's code runs in warm processes of its own. This is where a bundle's
 * folder, environment and pool come together.
 */
import { realpath } from "node:fs/promises";
import { cpus } from "node:os";
import type { BundleManifest, ContentHash, Failure, Node } from "@heddle/core";
import { bodiesOf, failureOf, HeddleError, secretNameOf } from "@heddle/core";
import type { Clock, Executor, HandlerCode, Outcome } from "@heddle/ports";
import { codeRootsOf } from "../guards/sandbox/code-roots.ts";
import { probeSandbox } from "../guards/sandbox/probe.ts";
import { inSandbox, programPaths, provideSandbox, sandboxed } from "../guards/sandbox/provide.ts";
import type { Confine, Sandbox, SandboxProbe } from "../guards/sandbox/sandbox.ts";
import { createSecrets, type Secrets } from "../secrets/secrets.ts";
import { HandlerPool } from "./handler-pool/pool.ts";
import { handlerHostFile } from "./handler-pool/process.ts";

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
  {
    secrets = createSecrets({ sources: {}, environment: {}, clock }),
    sandbox = probeSandbox,
  }: { readonly secrets?: Secrets; readonly sandbox?: SandboxProbe } = {},
): HandlersExecutor {
  /** By bundle, and apart from the others where they are in a sandbox. */
  const pools = new Map<string, HandlerPool>();
  const bundles = new Map<ContentHash, Registered>();
  let isClosed = false;

  const open = (key: string, { hash, folder, handlers, environment }: Registered, confine?: Confine): HandlerPool => {
    const pool = new HandlerPool({
      code: { hash, folder, handlers },
      processes: options.count > 0 ? options.count : Math.max(1, cpus().length),
      memoryMb: options.memoryMb,
      graceMs: options.graceMs,
      environment,
      clock,
      ...(confine === undefined ? {} : { confine }),
    });
    pools.set(key, pool);
    return pool;
  };

  /** Its processes have the values that there are when the first of them is wanted. */
  const openWhenWanted = async (key: string, bundle: Registered, isSandboxed: boolean): Promise<HandlerPool | undefined> => {
    const confine = isSandboxed ? await confineIn(await provideSandbox(sandbox), bundle.folder) : undefined;
    const environment = await secrets.fill(bundle.environment);
    // What cannot be given is told here, before a process is started with it.
    confine?.([process.execPath], environment, 4);
    if (isClosed) return undefined;
    return pools.get(key) ?? open(key, { ...bundle, environment }, confine);
  };

  const served = new Map<ContentHash, ReadonlySet<string>>();
  return {
    register(hash, manifest, folder) {
      if (bundles.has(hash)) return;
      const handlers = manifest.handlers.flatMap((handler) =>
        handler.code === undefined ? [] : [{ name: handler.name, ...handler.code }],
      );
      served.set(hash, new Set(handlers.map(({ name }) => name)));
      bundles.set(hash, { hash, folder, handlers, environment: environmentOf(manifest, hostEnvironment) });
    },
    execute(task, abort) {
      if (isClosed) return Promise.resolve({ kind: "aborted" });
      const isSandboxed = task.node.confinement === "sandbox";
      const key = isSandboxed ? `${task.bundle}/sandbox` : task.bundle;
      const pool = pools.get(key);
      if (pool !== undefined) return pool.execute(task, abort);
      const bundle = bundles.get(task.bundle);
      if (bundle !== undefined) {
        if (!isSandboxed && !namesSecrets(bundle)) return open(key, bundle).execute(task, abort);
        return openWhenWanted(key, bundle, isSandboxed).then(
          (opened): Outcome | Promise<Outcome> => opened?.execute(task, abort) ?? { kind: "aborted" },
          (error: unknown): Outcome => ({ kind: "failed", failure: unopenedFailure(error, task.node.id) }),
        );
      }
      const failure = failureOf("executor-unavailable", `the code of bundle ${task.bundle} is not laid out here`, "transient", {
        retryable: true,
        node: task.node.id,
      });
      return Promise.resolve({ kind: "failed", failure });
    },
    serves: (hash, handler) => served.get(hash)?.has(handler) === true,
    pids: () => [...pools.values()].flatMap((pool) => pool.pids()),
    async close() {
      isClosed = true;
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

interface Registered {
  readonly hash: ContentHash;
  readonly folder: string;
  readonly handlers: readonly HandlerCode[];
  readonly environment: Readonly<Record<string, string>>;
}

function namesSecrets({ environment }: Registered): boolean {
  return Object.values(environment).some((text) => secretNameOf(text) !== undefined);
}

/** A handler in a sandbox reads its bundle and the runtime's own code, writes to the `/tmp` of its process, and has no network. */
async function confineIn(sandbox: Sandbox, folder: string): Promise<Confine> {
  const read = [
    ...(await programPaths(process.execPath)),
    ...codeRootsOf(handlerHostFile, "@heddle"),
    { source: await realpath(folder), place: folder },
  ];
  return (argv, environment, fd) =>
    sandboxed(sandbox, { argv, folder, environment: inSandbox(environment), files: { read, write: [] }, network: "none", fd });
}

function unopenedFailure(error: unknown, node: string): Failure {
  if (!HeddleError.is(error)) throw error;
  return failureOf(error.code, error.message, "denied", { node });
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
