/**
 * The plugins of a daemon: those inside it and those that registered, by tenant and name. It carries out
 * nodes of kind `tool`, and is reached through the gate as any executor is.
 *
 * A plugin that registers is called back at its address before it counts; it is forgotten when it
 * deregisters, when its stream is lost, or when its heartbeats stop. Two plugins never share a name within
 * a tenant, and those of the workspace come first.
 */
import { checkPluginInfo, derivedId, failureOf, HeddleError, PluginName, type PluginView, partsOfTool, type TenantId } from "@heddle/core";
import type { Clock, LocalPlugin, PluginHost, PluginRegistration } from "@heddle/ports";
import { isLoopbackHost, parseAddress } from "@heddle/wire";
import { dialPlugin } from "./dial.ts";
import type { Instance } from "./instance.ts";
import { LocalInstance } from "./local-instance.ts";
import { PluginPool } from "./plugin-pool.ts";
import { type DialPlugin, RemoteInstance } from "./remote-instance.ts";

/** A plugin of the workspace that could not be loaded. It is listed, with why; what calls it waits. */
export interface UnloadedPlugin {
  readonly name: string;
  readonly version: string;
  readonly message: string;
}

export interface PluginHostOptions {
  readonly clock: Clock;
  /** Those inside this process. They are trusted code. */
  readonly local?: readonly LocalPlugin[];
  readonly unloaded?: readonly UnloadedPlugin[];
  /** Default: gRPC. */
  readonly dial?: DialPlugin;
  /** Whether a plugin may listen there. Default: on loopback alone, for nothing on the way is secret elsewhere. */
  readonly mayDial?: (host: string) => boolean;
  /** How often a plugin is to say that it is there. Default 10 s; after three without it is forgotten. */
  readonly heartbeatIntervalMs?: number;
  /** A session whose other side is silent for so long is over. Default 15 s. */
  readonly leaseMs?: number;
  /** How long an aborted call may go on. Default 2 s. */
  readonly abortGraceMs?: number;
  /** How long a plugin that deregisters may go on. Default 30 s. */
  readonly drainMs?: number;
}

/** A host of plugins, as its daemon holds it. */
export interface DaemonPluginHost extends PluginHost {
  /** Takes a plugin of the workspace out of use: its code threw outside of any call. */
  quarantine(plugin: string, message: string): void;
}

/** Silent for so many intervals: forgotten. */
const intervalsMax = 3;

/** How long a plugin may think about its health. */
const healthMsMax = 2_000;

/**
 * Makes a host.
 *
 * @throws HeddleError `plugin-invalid` for a plugin of the workspace that the quality gate refuses, and for
 * two of one name.
 */
export function createPluginHost(options: PluginHostOptions): DaemonPluginHost {
  return new Host(options);
}

class Host implements DaemonPluginHost {
  readonly keepsTime = true;
  readonly #options: PluginHostOptions;
  readonly #heartbeatIntervalMs: number;
  /** By name: those of the workspace serve every tenant. */
  readonly #local = new Map<string, { readonly pool: PluginPool; readonly instance: LocalInstance }>();
  readonly #unloaded = new Map<string, UnloadedPlugin>();
  /** By tenant and name. */
  readonly #pools = new Map<string, PluginPool>();
  /** Timers of those that were heard, by tenant, name and instance. */
  readonly #heard = new Map<string, () => void>();
  readonly #sinceMs: number;
  #isClosed = false;

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#heartbeatIntervalMs = options.heartbeatIntervalMs ?? 10_000;
    this.#sinceMs = options.clock.nowMs();
    const { clock, abortGraceMs: graceMs = 2_000 } = options;
    for (const plugin of options.local ?? []) {
      const { info, problems } = checkPluginInfo(plugin.info);
      if (info === undefined) throw invalid(problems);
      if (this.#local.has(info.name)) throw invalid([`two plugins of the workspace have the name ${info.name}`]);
      const instance = new LocalInstance({ plugin, clock, graceMs });
      const pool = new PluginPool(info.name, clock);
      pool.add("workspace", instance);
      this.#local.set(info.name, { pool, instance });
    }
    for (const one of options.unloaded ?? []) if (!this.#local.has(one.name)) this.#unloaded.set(one.name, one);
  }

  readonly execute: PluginHost["execute"] = (task, abort) => {
    const { node, tenant } = task;
    if (this.#isClosed || abort.aborted) return Promise.resolve({ kind: "aborted" });
    const tool = node.kind === "tool" ? (node.tool ?? node.capability) : "";
    const parts = partsOfTool(tool);
    const pool = parts === undefined ? undefined : this.#poolOf(tenant, parts.plugin);
    if (node.kind === "tool" && parts !== undefined && pool !== undefined) return pool.execute(task, node, parts.action, abort);
    const what = node.kind === "tool" ? `${tool} is no action of a plugin: those are <plugin>.<action>` : "it is no tool";
    const failure = failureOf("handler-not-found", `nothing here carries out ${node.id}: ${what}`, "denied", { node: node.id });
    return Promise.resolve({ kind: "failed", failure });
  };

  async register({ tenant, info: given, address, instance: key }: PluginRegistration): Promise<{ readonly heartbeatIntervalMs: number }> {
    if (this.#isClosed) throw new HeddleError("shutting-down", "the daemon is shutting down");
    const { info, problems } = checkPluginInfo(given);
    if (info === undefined) throw invalid(problems);
    const { name } = info;
    if (this.#local.has(name) || this.#unloaded.has(name)) {
      throw invalid([`the workspace of this daemon has a plugin ${name}: give this one another name`]);
    }
    this.#assertDialable(name, address);
    const before = this.#pools.get(poolKey(tenant, name))?.get(key);
    if (before instanceof RemoteInstance && before.isReady && before.address === address) {
      this.#expect(tenant, name, key, before);
      return { heartbeatIntervalMs: this.#heartbeatIntervalMs };
    }
    before?.end("it registered again");
    const pool = this.#pools.get(poolKey(tenant, name)) ?? this.#newPool(tenant, name);
    const { clock, dial = dialPlugin, leaseMs = 15_000, abortGraceMs = 2_000, drainMs = 30_000 } = this.#options;
    const instance = new RemoteInstance({
      info,
      address,
      instance: key,
      id: derivedId("plg", key),
      clock,
      dial,
      leaseMs,
      abortGraceMs,
      drainMs,
      countLoss: () => pool.countLoss(),
      onFree: () => pool.pump(),
      onEnd: () => this.#forget(tenant, pool, key, instance),
    });
    pool.add(key, instance);
    try {
      await instance.connected();
    } catch (error) {
      this.#forget(tenant, pool, key, instance);
      throw error;
    }
    this.#expect(tenant, name, key, instance);
    pool.pump();
    return { heartbeatIntervalMs: this.#heartbeatIntervalMs };
  }

  heartbeat(tenant: TenantId, plugin: string, key: string): boolean {
    const instance = this.#pools.get(poolKey(tenant, plugin))?.get(key);
    if (!(instance instanceof RemoteInstance) || !instance.isReady) return false;
    this.#expect(tenant, plugin, key, instance);
    return true;
  }

  async deregister(tenant: TenantId, plugin: string, key: string): Promise<void> {
    const pool = this.#pools.get(poolKey(tenant, plugin));
    const instance = pool?.get(key);
    if (pool === undefined || instance === undefined) return;
    await instance.drain();
    this.#forget(tenant, pool, key, instance);
  }

  list(tenant: TenantId): readonly PluginView[] {
    const views: PluginView[] = [];
    for (const { pool, instance } of this.#local.values()) {
      views.push({ ...instance.info, origin: "workspace", instances: pool.instances.map((one) => one.view()) });
    }
    for (const one of this.#unloaded.values()) views.push(unloadedView(one, this.#sinceMs));
    for (const [key, pool] of this.#pools) {
      const { info } = pool;
      if (info === undefined || key !== poolKey(tenant, pool.name)) continue;
      views.push({ ...info, origin: "registered", instances: pool.instances.map((one) => one.view()) });
    }
    return views.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  quarantine(plugin: string, message: string): void {
    this.#local.get(plugin)?.instance.quarantine(message);
  }

  async checkHealth(tenant: TenantId): Promise<void> {
    const own = [...this.#pools].filter(([key, pool]) => key === poolKey(tenant, pool.name)).map(([, pool]) => pool);
    const pools = [...[...this.#local.values()].map(({ pool }) => pool), ...own];
    await Promise.all(pools.flatMap((pool) => pool.instances.map((instance) => instance.checkHealth(healthMsMax))));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const cancel of this.#heard.values()) cancel();
    this.#heard.clear();
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
    for (const { pool, instance } of this.#local.values()) {
      pool.close();
      // A plugin that cannot close is trusted code that failed at the end: nothing depends on it any more.
      await instance.drain().catch(() => undefined);
    }
  }

  /** The pool of a plugin, which may have no instance yet; undefined for what can be the name of none. */
  #poolOf(tenant: TenantId, plugin: string): PluginPool | undefined {
    const known = this.#local.get(plugin)?.pool ?? this.#pools.get(poolKey(tenant, plugin));
    if (known !== undefined) return known;
    return PluginName.safeParse(plugin).success ? this.#newPool(tenant, plugin) : undefined;
  }

  #newPool(tenant: TenantId, plugin: string): PluginPool {
    const key = poolKey(tenant, plugin);
    const pool = new PluginPool(plugin, this.#options.clock, {
      absence: () => this.#unloaded.get(plugin)?.message,
      onIdle: () => void this.#pools.delete(key),
    });
    this.#pools.set(key, pool);
    return pool;
  }

  /** It was heard, and is to be heard again. */
  #expect(tenant: TenantId, plugin: string, key: string, instance: RemoteInstance): void {
    const heard = heardKey(tenant, plugin, key);
    const withinMs = intervalsMax * this.#heartbeatIntervalMs;
    this.#heard.get(heard)?.();
    this.#heard.set(
      heard,
      this.#options.clock.setTimer(withinMs, () => instance.end(`it sent no heartbeat for ${withinMs} ms`)),
    );
  }

  #forget(tenant: TenantId, pool: PluginPool, key: string, instance: Instance): void {
    const isCurrent = pool.get(key) === instance;
    pool.remove(key, instance);
    if (!isCurrent) return;
    const heard = heardKey(tenant, pool.name, key);
    this.#heard.get(heard)?.();
    this.#heard.delete(heard);
  }

  #assertDialable(name: string, address: string): void {
    const { mayDial = isLoopbackHost } = this.#options;
    let why: string | undefined;
    try {
      const { host, port } = parseAddress(address);
      if (port === 0) why = "which has no port";
      else if (!mayDial(host)) why = "and this daemon calls plugins back on its own machine only";
    } catch {
      why = "which is not host:port";
    }
    if (why !== undefined) throw new HeddleError("plugin-unreachable", `the plugin ${name} says that it listens at ${address}, ${why}`);
  }
}

function poolKey(tenant: TenantId, plugin: string): string {
  return `${plugin}\n${tenant}`;
}

function heardKey(tenant: TenantId, plugin: string, key: string): string {
  return `${poolKey(tenant, plugin)}\n${key}`;
}

function unloadedView({ name, version, message }: UnloadedPlugin, sinceMs: number): PluginView {
  return {
    name,
    version,
    description: "",
    permission: "read",
    stages: [],
    actions: [],
    intents: [],
    prompts: [],
    config: [],
    metadata: {},
    origin: "workspace",
    instances: [{ id: "workspace", status: "quarantined", message, inFlight: 0, sinceMs }],
  };
}

function invalid(problems: readonly string[]): HeddleError {
  const lines = problems.map((problem) => `\n  - ${problem}`).join("");
  return new HeddleError("plugin-invalid", `the plugin cannot be used as it is:${lines}`, { details: { problems: problems.length } });
}
