/** The engine behind the edges: the runtime on its SQLite store, as a configuration asks for. */
import { join, resolve } from "node:path";
import type { DaemonConfig, Principal, RuntimeApi } from "@heddle/core";
import { createNodeServers, createPluginHost, createWorkerHub, type DaemonPluginHost, type WorkerHub } from "@heddle/remote";
import { createRuntime, systemClock } from "@heddle/runtime";
import { openSqliteStore } from "@heddle/store-sqlite";
import { commitProbeOf } from "./commit-probe.ts";
import { loadOfficialTools } from "./official-tools.ts";
import { loadWorkspacePlugins } from "./workspace-plugins.ts";

/** What the daemon needs of an engine. */
export interface Engine {
  readonly api: RuntimeApi;
  /** Where workers are let in. */
  readonly workers?: WorkerHub;
  /** Resolves once what the journal holds is loaded. */
  ready(): Promise<void>;
  authenticate(secret: string): Promise<Principal | undefined>;
  /** The secret of a fresh admin token, unless `known` is one already. */
  ensureAdminToken(known: string | undefined): Promise<string | undefined>;
  /** Drains what runs, then closes the store. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** What an engine is opened with. */
export interface EngineOptions {
  readonly config: DaemonConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Called once, when the engine cannot go on. */
  readonly onFatal: (error: Error) => void;
  /** Called for each bug that stopped something smaller. */
  readonly onBug: (what: string, bug: unknown) => void;
  /** Called for what an operator may want to know. Default: nobody is told. */
  readonly onNotice?: (text: string) => void;
}

/** Opens the store of the data folder and a runtime on it. */
export async function openEngine({ config, env, version, onFatal, onBug, onNotice = () => undefined }: EngineOptions): Promise<Engine> {
  // Before anything is opened: a name that is wrong is told at once.
  const tools = await loadOfficialTools(config.tools, config.dataDir);
  const commitProbe = commitProbeOf(env);
  const path = join(config.dataDir, "heddle.db");
  const store = await openSqliteStore({ path, ...(commitProbe === undefined ? {} : { commitProbe }) });
  void store.failed.then(onFatal);
  const { processes, memoryMb, graceMs, confinement } = config.handlers;
  const workers = createWorkerHub({ clock: systemClock, report: onNotice });
  const remotes = createNodeServers({ clock: systemClock, report: onNotice });
  const { plugins, unwatch } = await openPlugins(config.plugins, onNotice);
  const runtime = createRuntime({
    store,
    dataDir: config.dataDir,
    handlerProcesses: { count: processes, memoryMb, graceMs },
    openRunsMax: config.openRunsMax,
    pools: config.pools,
    tools,
    roots: Object.fromEntries(Object.entries(config.roots).map(([name, folder]) => [name, resolve(folder)])),
    allowedHosts: config.allowedHosts,
    privateHosts: config.privateHosts,
    permitHostWidening: config.hooks.permitHostWidening,
    approvals: config.approvals,
    executors: { workers, tools: plugins, remotes },
    confinementMin: confinement,
    secrets: config.secrets,
    environment: env,
    version,
    onFatal,
    onBug: (run, bug) => onBug(`run ${run}`, bug),
  });
  return {
    api: runtime.api,
    workers,
    ready: () => runtime.ready(),
    authenticate: (secret) => runtime.authenticate(secret),
    ensureAdminToken: (known) => runtime.ensureAdminToken(known),
    close: (options) => runtime.close(options).finally(unwatch),
  };
}

/** The host of plugins, with those of the workspace in it. */
async function openPlugins(
  folders: readonly string[],
  onNotice: (text: string) => void,
): Promise<{ readonly plugins: DaemonPluginHost; readonly unwatch: () => void }> {
  const workspace = await loadWorkspacePlugins(folders);
  const plugins = createPluginHost({ clock: systemClock, local: workspace.local, unloaded: workspace.unloaded });
  for (const { name, message } of workspace.unloaded) onNotice(`the plugin ${name} of the workspace cannot be loaded: ${message}`);
  const unwatch = workspace.watch((name, error) => {
    const message = `its code threw outside of a call: ${error instanceof Error ? error.message : String(error)}`;
    plugins.quarantine(name, message);
    onNotice(`the plugin ${name} is in quarantine until the next start: ${message}`);
  });
  return { plugins, unwatch };
}
