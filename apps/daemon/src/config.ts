/**
 * Where each setting comes from: flag, environment, file, default, in that order. Core says what a
 * configuration is; this file reads the sources, and remembers which one won.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { configEnvironment, DaemonConfig, HeddleError, parseDaemonConfig } from "@heddle/core";
import { parse as parseYaml, YAMLError } from "yaml";

/** What a configuration is made from. */
export interface ConfigSources {
  /** Dotted keys, as in `grpc.port`. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--config`; without it, `heddle.yaml` in `cwd` where there is one. */
  readonly file?: string;
  readonly cwd: string;
}

/** One setting, and who said so: `flag`, the name of a variable, a path, or `default`. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}

/** A configuration with the origin of each of its settings. `dataDir`, `plugins`, `roots` and the files of `secrets` are absolute. */
export interface LoadedConfig {
  readonly config: DaemonConfig;
  readonly settings: readonly Setting[];
}

type Tree = { readonly [key: string]: unknown };

/**
 * Reads and merges all sources.
 *
 * @throws HeddleError `config-invalid`, naming the source and every wrong key in it.
 */
export function loadConfig({ flags, env, file, cwd }: ConfigSources): LoadedConfig {
  const parts: { readonly origin: (key: string) => string; readonly tree: Tree }[] = [];
  const fromFile = readConfigFile(resolve(cwd, file ?? "heddle.yaml"), file !== undefined);
  if (fromFile !== undefined) parts.push({ origin: () => fromFile.path, tree: fromFile.tree });
  const variables = new Map<string, string>();
  for (const [name, key] of Object.entries(configEnvironment)) if ((env[name] ?? "") !== "") variables.set(key, name);
  const fromEnv = [...variables].map(([key, name]): [string, unknown] => [key, typedText(key, env[name] as string)]);
  parts.push({ origin: (key) => variables.get(key) ?? "environment", tree: treeOf(fromEnv) });
  parts.push({ origin: () => "flag", tree: treeOf(Object.entries(flags)) });
  for (const { origin, tree } of parts) assertValid(origin, tree);
  const config = parseDaemonConfig(...parts.map(({ tree }) => tree));
  const settings = leavesOf(config).map(([key, value]): Setting => {
    const part = parts.findLast(({ tree }) => valueAt(tree, key) !== undefined);
    return { key, value, origin: part?.origin(key) ?? "default" };
  });
  // Plugins, roots and files of secrets lie beside the file that names them.
  const beside = fromFile === undefined ? cwd : dirname(fromFile.path);
  const plugins = config.plugins.map((folder) => resolve(beside, folder));
  const roots = Object.fromEntries(Object.entries(config.roots).map(([name, folder]) => [name, resolve(beside, folder)]));
  const secrets = Object.fromEntries(
    Object.entries(config.secrets).map(([name, { file: secret, ...source }]) => [
      name,
      secret === undefined ? source : { ...source, file: resolve(beside, secret) },
    ]),
  );
  return { config: { ...config, dataDir: resolve(cwd, config.dataDir), plugins, roots, secrets }, settings };
}

/** One line for each setting: `key = value  (origin)`. */
export function explainConfig({ settings }: LoadedConfig): string {
  const left = settings.map(({ key, value }) => `${key} = ${JSON.stringify(value)}`);
  const width = Math.max(...left.map((text) => text.length));
  return settings.map(({ origin }, i) => `${(left[i] as string).padEnd(width)}  (${origin})\n`).join("");
}

/** A text as the type that its key has by default, lists with commas between; a text that does not fit stays, and the schema says so. */
export function typedText(key: string, text: string): unknown {
  const usual = valueAt(DaemonConfig.parse({}), key);
  if (typeof usual === "number" && /^-?\d+$/.test(text)) return Number(text);
  if (Array.isArray(usual)) return text.split(",").map((part) => part.trim());
  if (isTree(usual) && /^[^=,]+=\d+(,[^=,]+=\d+)*$/.test(text)) return pairsOf(text);
  if (typeof usual === "boolean" && ["true", "1", "yes"].includes(text.toLowerCase())) return true;
  if (typeof usual === "boolean" && ["false", "0", "no"].includes(text.toLowerCase())) return false;
  return text;
}

/** `gpu=1,io=8` as numbers by name. */
function pairsOf(text: string): Tree {
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [name = "", number] = pair.split("=");
      return [name.trim(), Number(number)];
    }),
  );
}

function assertValid(origin: (key: string) => string, tree: Tree): void {
  try {
    parseDaemonConfig(tree);
  } catch (error) {
    if (!HeddleError.is(error, "config-invalid")) throw error;
    const wrong = leavesOf(tree).filter(([key]) => error.message.includes(key));
    const from = [...new Set(wrong.map(([key]) => origin(key)))].join(", ") || origin("");
    throw new HeddleError("config-invalid", `${error.message} (from: ${from})`, { cause: error });
  }
}

function readConfigFile(path: string, named: boolean): { readonly path: string; readonly tree: Tree } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (!named && error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new HeddleError("config-invalid", `the configuration file ${path} cannot be read`, { cause: error });
  }
  try {
    const tree: unknown = parseYaml(text) ?? {};
    if (isTree(tree)) return { path, tree };
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error;
    throw new HeddleError("config-invalid", `${path} is not YAML: ${error.message}`, { cause: error });
  }
  throw new HeddleError("config-invalid", `${path} has no keys: a configuration is a mapping`);
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function treeOf(entries: readonly (readonly [string, unknown])[]): Tree {
  const tree: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const steps = key.split(".");
    let at = tree;
    for (const step of steps.slice(0, -1)) {
      at[step] ??= {};
      at = at[step] as Record<string, unknown>;
    }
    at[steps.at(-1) as string] = value;
  }
  return tree;
}

function leavesOf(tree: Tree, prefix = ""): readonly (readonly [string, unknown])[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    isTree(value) && Object.keys(value).length > 0 ? leavesOf(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value] as const],
  );
}

function valueAt(tree: unknown, key: string): unknown {
  return key.split(".").reduce<unknown>((at, step) => (isTree(at) ? at[step] : undefined), tree);
}
