/**
 * What a simulation runs on, besides the workflow: the module beside it that says what its world is, and the code of the
 * bundle, loaded into this process. Both are the author's own, and run as such.
 */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HeddleError } from "@heddle/core";
import type { BundleFunctions, SimulationSpec } from "@heddle/testkit/simulator";
import type { SoundBundle } from "./bundle-source.ts";
import { UsageError } from "./command.ts";
import type { CliContext } from "./context.ts";

/** A module that exports `simulation`, and where it is. */
export interface FoundSimulation {
  readonly file: string;
  readonly simulation: SimulationSpec<unknown>;
}

const extensions = ["ts", "mts", "js", "mjs"] as const;

/**
 * The module that `--simulation` names, or the one beside the target: `flow.simulation.ts`, or a `flow.test.ts` that exports
 * `simulation`. Undefined where there is none. Errors: `UsageError`, and `request-invalid` for a simulation of another shape.
 */
export async function findSimulation(context: CliContext, target: string, named: string | undefined): Promise<FoundSimulation | undefined> {
  const file = named === undefined ? await besideTarget(resolve(context.cwd, target)) : resolve(context.cwd, named);
  if (file === undefined) return undefined;
  const { parseSimulation } = await import("@heddle/testkit/simulator");
  const module = await imported(file);
  if (module["simulation"] === undefined) {
    throw new UsageError(`${basename(file)} exports no simulation`, "write: export const simulation = defineSimulation({ … })");
  }
  return { file, simulation: parseSimulation(module["simulation"]) };
}

async function besideTarget(target: string): Promise<string | undefined> {
  const isFolder = await stat(target).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const stem = isFolder ? join(target, "flow") : join(dirname(target), basename(target).replace(/\.[^.]+$/, ""));
  for (const extension of extensions) {
    const file = `${stem}.simulation.${extension}`;
    if ((await textOf(file)) !== undefined) return file;
  }
  for (const extension of extensions) {
    const file = `${stem}.test.${extension}`;
    // Any other test is made for a runner, and is not ours to load.
    if (/^\s*export\s+(?:const|let|var)\s+simulation\b/m.test((await textOf(file)) ?? "")) return file;
  }
  return undefined;
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

async function imported(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new HeddleError("request-invalid", `${basename(file)} cannot be loaded: ${why}`, { cause: error });
  }
}

/** The handlers of a bundle as functions of this process. `close` removes the files that they were loaded from. */
export interface LoadedCode {
  readonly functions: BundleFunctions;
  close(): Promise<void>;
}

type Handler = (...args: never[]) => unknown;

/** Loads the code of these handlers. Errors: `handler-not-found` where the code does not load, or has no such export. */
export async function loadCode({ manifest, files }: SoundBundle, wanted: ReadonlySet<string>): Promise<LoadedCode> {
  const coded = manifest.handlers.filter(({ name, code }) => code !== undefined && wanted.has(name));
  if (coded.length === 0) return { functions: {}, close: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), "heddle-test-"));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    for (const [path, bytes] of files) {
      const file = join(folder, ...path.split("/"));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
    const functions: Record<string, Handler> = {};
    for (const { name, code } of coded) if (code !== undefined) functions[name] = await functionOf(folder, name, code);
    return { functions, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** With `method`, the export is a class, and the handler a method of one instance of it. */
async function functionOf(
  folder: string,
  name: string,
  code: { readonly file: string; readonly export: string; readonly method?: string },
): Promise<Handler> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(join(folder, ...code.file.split("/"))).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new HeddleError("handler-not-found", `the code of handler ${name} does not load: ${why}`, { cause: error });
  }
  const exported = module[code.export];
  const { method } = code;
  if (typeof exported === "function" && method === undefined) return exported as Handler;
  if (typeof exported === "function" && method !== undefined) {
    const Owner = exported as new () => Readonly<Record<string, unknown>>;
    const instance = new Owner();
    const own = instance[method];
    if (typeof own === "function") return (own as Handler).bind(instance) as Handler;
  }
  throw new HeddleError(
    "handler-not-found",
    `${code.file} has no function ${code.export}${method === undefined ? "" : `.${method}`} for handler ${name}`,
  );
}
