/** The engine behind the edges: the runtime on its SQLite store, as a configuration asks for. */
import { join } from "node:path";
import type { DaemonConfig, Principal, RuntimeApi } from "@heddle/core";
import { createRuntime } from "@heddle/runtime";
import { openSqliteStore } from "@heddle/store-sqlite";
import { commitProbeOf } from "./commit-probe.ts";

/** What the daemon needs of an engine. */
export interface Engine {
  readonly api: RuntimeApi;
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
}

/** Opens the store of the data folder and a runtime on it. */
export async function openEngine({ config, env, version, onFatal, onBug }: EngineOptions): Promise<Engine> {
  const commitProbe = commitProbeOf(env);
  const path = join(config.dataDir, "heddle.db");
  const store = await openSqliteStore({ path, ...(commitProbe === undefined ? {} : { commitProbe }) });
  void store.failed.then(onFatal);
  const { processes, memoryMb, graceMs, confinement } = config.handlers;
  const runtime = createRuntime({
    store,
    dataDir: config.dataDir,
    handlerProcesses: { count: processes, memoryMb, graceMs },
    confinementMin: confinement,
    version,
    onFatal,
    onBug: (run, bug) => onBug(`run ${run}`, bug),
  });
  return {
    api: runtime.api,
    ready: () => runtime.ready(),
    authenticate: (secret) => runtime.authenticate(secret),
    ensureAdminToken: (known) => runtime.ensureAdminToken(known),
    close: (options) => runtime.close(options),
  };
}
