/**
 * Plugins of the workspace: packages in the configured folders whose `package.json` says
 * `"heddle": { "plugin": "./src/plugin.ts" }`. They run inside the daemon, as trusted code.
 *
 * One that cannot be loaded is told with its reason, and the daemon starts. One whose code throws outside
 * of a call is told to the watcher; only what throws in the name of no plugin ends the process.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { HeddleError } from "@heddle/core";
import { kindOfPlugin, localPlugin } from "@heddle/plugin-sdk";
import type { LocalPlugin } from "@heddle/ports";
import type { UnloadedPlugin } from "@heddle/remote";

/** What the folders hold. */
export interface WorkspacePlugins {
  readonly local: readonly LocalPlugin[];
  readonly unloaded: readonly UnloadedPlugin[];
  /** Calls back for each throw outside of a call, with the name of the plugin whose code it was. Returns the way to stop. */
  watch(onFault: (plugin: string, error: unknown) => void): () => void;
}

/** A package that says that it is a plugin. */
interface PluginPackage {
  readonly folder: string;
  /** As lists show it until the plugin itself says its name. */
  readonly name: string;
  readonly version: string;
  readonly entry: unknown;
}

/** A module that waits longer than this at its top would keep the daemon from starting. */
const loadMsMax = 10_000;

/** Whose code runs. Timers and streams that a plugin starts stay its own. */
const running = new AsyncLocalStorage<{ name: string }>();

/** Loads what the folders hold, in the order of their names. A folder that is not there holds nothing. Never rejects. */
export async function loadWorkspacePlugins(folders: readonly string[]): Promise<WorkspacePlugins> {
  const local: LocalPlugin[] = [];
  const unloaded: UnloadedPlugin[] = [];
  for (const one of folders.flatMap(packagesIn)) {
    const owner = { name: one.name };
    try {
      const plugin = await running.run(owner, () => withinTime(load(one)));
      const taken = local.find(({ info }) => info.name === plugin.info.name);
      if (taken !== undefined) throw new HeddleError("plugin-invalid", `another plugin of the workspace has the name ${plugin.info.name}`);
      owner.name = plugin.info.name;
      local.push(inItsName(plugin, owner));
    } catch (error) {
      unloaded.push({ name: one.name, version: one.version, message: reasonOf(error) });
    }
  }
  return { local, unloaded, watch: (onFault) => (local.length + unloaded.length === 0 ? () => undefined : watchProcess(onFault)) };
}

function packagesIn(folder: string): readonly PluginPackage[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return [folder, ...names.map((name) => join(folder, name))].flatMap((path) => packageAt(path) ?? []);
}

function packageAt(folder: string): PluginPackage | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, "package.json"), "utf8");
  } catch {
    return undefined;
  }
  const known = { folder, name: pluginNameOf(folder), version: "0.0.0" };
  try {
    const { name, version, heddle } = (JSON.parse(text) ?? {}) as { name?: unknown; version?: unknown; heddle?: { plugin?: unknown } };
    if (heddle?.plugin === undefined) return undefined;
    return {
      folder,
      name: typeof name === "string" ? pluginNameOf(name) : known.name,
      version: typeof version === "string" ? version : known.version,
      entry: heddle.plugin,
    };
  } catch {
    // Whether it was meant to be a plugin cannot be known: it is told, and keeps nobody from starting.
    return { ...known, entry: undefined };
  }
}

async function load({ folder, entry }: PluginPackage): Promise<LocalPlugin> {
  if (entry === undefined) throw new HeddleError("plugin-invalid", "its package.json is not JSON");
  if (typeof entry !== "string")
    throw new HeddleError("plugin-invalid", 'its package.json names no file: "heddle": { "plugin": "./src/plugin.ts" }');
  const module = (await import(pathToFileURL(fileOf(folder, entry)).href)) as Readonly<Record<string, unknown>>;
  const exported = [module["default"], module["plugin"], ...Object.values(module)].map(instanceOf);
  const plugin = exported.find((value) => kindOfPlugin(value) !== undefined);
  if (plugin === undefined) throw new HeddleError("plugin-invalid", `${entry} exports no plugin: export what definePlugin returns`);
  return localPlugin(plugin);
}

/** The file to load: the built one where it is newer than its source, else the source, whose types Node strips itself. */
function fileOf(folder: string, entry: string): string {
  const source = resolve(folder, entry);
  const built = resolve(folder, entry.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, ".js"));
  const [sourceMs, builtMs] = [source, built].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs);
  if (sourceMs === undefined && builtMs === undefined) throw new HeddleError("plugin-invalid", `there is no ${entry}`);
  const chosen = realpathSync(builtMs !== undefined && (sourceMs === undefined || builtMs >= sourceMs) ? built : source);
  const inside = relative(realpathSync(folder), chosen);
  if (inside === ".." || inside.startsWith(`..${sep}`)) throw new HeddleError("plugin-invalid", `${entry} is outside of its package`);
  return chosen;
}

/** A class that extends Plugin is as good as an instance of it. */
function instanceOf(value: unknown): unknown {
  if (typeof value !== "function" || typeof value.prototype?.execute !== "function" || typeof value.prototype.info !== "function")
    return value;
  const PluginClass = value as new () => unknown;
  return new PluginClass();
}

/** A plugin whose code is known as its own wherever it runs, and ours as ours where it calls back. */
function inItsName(plugin: LocalPlugin, owner: { name: string }): LocalPlugin {
  const { healthCheck, close } = plugin;
  return {
    info: plugin.info,
    execute: (request, signal, log) => {
      const own = new AbortController();
      const stop = (): void => running.run(owner, () => own.abort(signal.reason));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      return running.run(owner, () => plugin.execute(request, own.signal, (...record) => running.exit(() => log(...record))));
    },
    ...(healthCheck === undefined ? {} : { healthCheck: () => running.run(owner, () => healthCheck.call(plugin)) }),
    ...(close === undefined ? {} : { close: () => running.run(owner, () => close.call(plugin)) }),
  };
}

function watchProcess(onFault: (plugin: string, error: unknown) => void): () => void {
  const caught = (error: unknown): void => {
    const owner = running.getStore();
    if (owner !== undefined) {
      running.exit(() => onFault(owner.name, error));
      return;
    }
    // What nobody owns ends the process, as it would if nobody listened. Others who listen decide for themselves.
    if (process.listenerCount("uncaughtException") > 1) return;
    process.off("uncaughtException", caught);
    setImmediate(() => {
      throw error;
    });
  };
  process.on("uncaughtException", caught);
  return () => void process.off("uncaughtException", caught);
}

function withinTime<Value>(loading: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new HeddleError("deadline-exceeded", `it was not loaded within ${loadMsMax} ms`)), loadMsMax);
    loading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${HeddleError.is(error) ? "" : `${error.name}: `}${error.message}` : String(error);
  const missing = /Cannot find package '(@heddle\/[\w-]+)'/.exec(text)?.[1];
  return (missing === undefined ? text : `it needs ${missing}: install that beside it with npm i ${missing}`).slice(0, 2_048);
}

/** `@scope/text-tools` as a plugin may be called: `text_tools`. */
function pluginNameOf(name: string): string {
  const last = name.split(/[/\\]/).findLast((part) => part !== "") ?? "";
  const plain = last
    .toLowerCase()
    .replace(/^(?:heddle-)?plugin-/, "")
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_\d]+|_+$/g, "");
  return plain === "" ? "plugin" : plain.slice(0, 63);
}
