/**
 * From an authoring file to a bundle: read what it imports, read its workflows (plain TypeScript) or load it in a
 * process of its own (`buildWorkflow`), place its files and ours below `payloads/`, and let the bundle backend check and
 * name the whole.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { hashBytes } from "@heddle/core";
import { type Bundle, createBundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { declaresWorkflows } from "../frontends/typescript/compile-typescript.ts";
import type { Problem } from "../problem.ts";
import { loadAuthoring } from "./load-authoring.ts";
import type { LoadedWorkflow, LoadReport } from "./load-report.ts";
import { bodySlots, programFilesOf, uploadsAsPayloads } from "./program-files.ts";
import { readPlain } from "./read-plain.ts";
import { authoringSpecifier, fileAt, readClosure, showPath } from "./source-closure.ts";

export interface BuildOptions {
  /** Which exported workflow is the main one. Default: the default export, or the one that no other starts. */
  readonly main?: string;
  /** How long the file may take to load. Default 20 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Builds a bundle of a .ts or .js file that exports workflows. What is wrong with it is in the answer. */
export async function buildBundle(entryFile: string, options: BuildOptions = {}): Promise<Bundle> {
  const entry = fileAt(resolve(entryFile));
  if (entry === undefined)
    return noBundle([{ path: entryFile, message: "is not a file", help: "Name the .ts or .js file that exports the workflow" }]);
  if (!/\.[cm]?[jt]s$/.test(entry)) return noBundle([{ path: entryFile, message: "is not a .ts or .js file" }]);
  const base = packageFolder(entry) ?? dirname(entry);
  const read = readClosure([entry], base);
  if (read.problems.length > 0) return noBundle(inPlaces(read.problems));
  const text = Buffer.from(read.files.get(entry) ?? []).toString("utf8");
  const report = declaresWorkflows(text) ? readPlain(entry, read.files) : await loadAuthoring(entry, options);
  if (report.failures.length > 0) return noBundle(report.failures.map((failure) => problemOf(failure, entry, base)));
  const problems = problemsOf(report, entry, base);
  const irs = report.workflows.map(({ ir }) => ir);
  const programs = programFilesOf(irs, showPath(entry, base), problems);
  const closure = readClosure([...read.files.keys(), ...report.loaded.map(({ file }) => file), ...programs.values()], base);
  problems.unshift(...closure.problems);
  const main = options.main ?? mainOf(report.workflows, entry);
  if (main === undefined && problems.length === 0) problems.push(noMain(report.workflows, showPath(entry, base)));
  if (problems.length > 0 || main === undefined) return noBundle(inPlaces(problems));
  const root = rootOf([...closure.files.keys()], base);
  const files = payloadsOf(closure.files, root, report);
  return createBundle({
    main,
    workflows: report.workflows.map((workflow) => placed(workflow, root, closure.files, programs)),
    handlers: handlersOf(report, root),
    files,
  });
}

function problemOf(failure: LoadReport["failures"][number], entry: string, base: string): Problem {
  const path = showPath(failure.file ?? entry, base);
  return {
    path: failure.line === undefined ? path : `${path}:${failure.line}`,
    message: failure.message,
    ...(failure.help === undefined ? {} : { help: failure.help }),
  };
}

function inPlaces(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
}

/** What the parts of a report do not agree on. */
function problemsOf(report: LoadReport, entry: string, base: string): Problem[] {
  const path = showPath(entry, base);
  const problems: Problem[] = [];
  if (report.workflows.length === 0) {
    problems.push({ path, message: "exports no workflow", help: "Write export default buildWorkflow({ id: … }, (b, input) => …)" });
  }
  const ids = report.workflows.map(({ id }) => id);
  for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i)))
    problems.push({ path, message: `two workflows have the id ${id}` });
  const places = new Map<string, string>(report.workflows.flatMap(({ served }) => served.map((name) => [name, "a worker"] as const)));
  for (const { id, handlers } of report.workflows) {
    for (const { name, code } of handlers) {
      if (code === undefined) {
        problems.push({
          path,
          message: `handler ${name} of workflow ${id} is not exported, so the process that runs it cannot find it`,
          help: `Write export const ${name.replace(/\W+(\w)?/g, (_all, next: string | undefined) => next?.toUpperCase() ?? "")} = handler({ name: '${name}' }, …)`,
        });
        continue;
      }
      const place = `${showPath(code.file, base)}#${code.export}`;
      const known = places.get(name);
      if (known !== undefined && known !== place) problems.push({ path, message: `two handlers are named ${name}: ${known} and ${place}` });
      places.set(name, place);
    }
  }
  return problems;
}

function mainOf(workflows: readonly LoadedWorkflow[], entry: string): string | undefined {
  const byDefault = workflows.find(({ code }) => code?.file === entry && code.export === "default");
  if (byDefault !== undefined) return byDefault.id;
  const started = new Set(workflows.flatMap(({ children }) => children));
  const [first, ...others] = workflows.filter(({ id }) => !started.has(id));
  return others.length === 0 ? first?.id : undefined;
}

function noMain(workflows: readonly LoadedWorkflow[], path: string): Problem {
  const ids = workflows.map(({ id }) => id).join(", ");
  return { path, message: `exports several workflows (${ids}), and none is the main one`, help: "Export the main one as default" };
}

/** The folder of the nearest package.json around a file. */
function packageFolder(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (fileAt(join(folder, "package.json")) !== undefined) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** The folder that becomes `payloads/`: the package's, or what is common to all files where some lie outside. */
function rootOf(files: readonly string[], base: string): string {
  let root = base;
  for (const file of files) while (!file.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) root = dirname(root);
  return root;
}

function payloadPath(file: string, root: string): string {
  return relative(root, file).split(sep).join("/");
}

function payloadsOf(sources: ReadonlyMap<string, Uint8Array>, root: string, report: LoadReport): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [path, bytes] of sources) files.set(payloadPath(path, root), bytes);
  for (const [path, bytes] of moduleTypes(sources, root, report)) if (!files.has(path)) files.set(path, bytes);
  for (const [path, bytes] of authoringFiles()) files.set(path, bytes);
  return files;
}

/**
 * Small package.json files that make Node read each source as it did here. Only the module type of the
 * author's own goes along: nothing else of it matters to code that imports no packages.
 */
function moduleTypes(sources: ReadonlyMap<string, Uint8Array>, root: string, report: LoadReport): Map<string, Uint8Array> {
  const types = new Map<string, string | undefined>();
  const allModules = report.loaded.every(({ format }) => !format.startsWith("commonjs"));
  for (const file of sources.keys()) {
    const folder = packageFolder(file);
    const inside = folder !== undefined && (folder === root || folder.startsWith(`${root}${sep}`));
    const path = payloadPath(join(inside ? folder : root, "package.json"), root);
    types.set(path, types.get(path) ?? typeOf(folder) ?? (allModules ? "module" : undefined));
  }
  return new Map(
    [...types].flatMap(([path, type]) => (type === undefined ? [] : [[path, Buffer.from(`${JSON.stringify({ type })}\n`)] as const])),
  );
}

function typeOf(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    const { type }: { type?: unknown } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return type === "module" || type === "commonjs" ? type : undefined;
  } catch {
    return undefined;
  }
}

/** The authoring module itself, where plain Node finds it from any file below `payloads/`. */
function authoringFiles(): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const home = `node_modules/${dirname(authoringSpecifier)}`;
  const own = new URL(import.meta.url.endsWith(".ts") ? "../../dist/authoring/" : "../authoring/", import.meta.url);
  for (const name of readdirSync(own)
    .filter((one) => one.endsWith(".js") && !one.includes(".test."))
    .sort()) {
    const text = readFileSync(new URL(name, own), "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
    files.set(`${home}/authoring/${name}`, Buffer.from(text));
  }
  const { version }: { version: string } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const manifest = {
    name: dirname(authoringSpecifier),
    version,
    type: "module",
    exports: { [`./${basename(authoringSpecifier)}`]: "./authoring/index.js" },
  };
  files.set(`${home}/package.json`, Buffer.from(`${JSON.stringify(manifest)}\n`));
  return files;
}

function handlersOf(report: LoadReport, root: string): readonly unknown[] {
  const handlers = new Map<string, unknown>();
  for (const name of report.workflows.flatMap(({ served }) => served)) handlers.set(name, { name });
  for (const { name, code } of report.workflows.flatMap((workflow) => workflow.handlers)) {
    if (code !== undefined) handlers.set(name, { name, code: { file: payloadPath(code.file, root), export: code.export } });
  }
  return [...handlers.values()];
}

/** A workflow with the places of its nodes and its programs, as files of the bundle. */
function placed(
  workflow: LoadedWorkflow,
  root: string,
  files: ReadonlyMap<string, Uint8Array>,
  programs: ReadonlyMap<string, string>,
): unknown {
  const ir = workflow.ir as { readonly source?: object; readonly nodes?: unknown };
  const bytes = workflow.code === undefined ? undefined : files.get(workflow.code.file);
  const source =
    workflow.code === undefined || bytes === undefined
      ? {}
      : { source: { ...ir.source, file: payloadPath(workflow.code.file, root), hash: hashBytes(bytes) } };
  const programPath = (source: string): string | undefined => {
    const file = programs.get(source);
    return file === undefined ? undefined : payloadPath(file, root);
  };
  const place = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(place);
    if (typeof value !== "object" || value === null) return value;
    const { id, kind } = value as { id?: unknown; kind?: unknown };
    const members = Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        if (kind === "process" && name === "uploads") return [name, uploadsAsPayloads(member, programPath)];
        return [name, bodySlots.has(name) ? place(member) : member];
      }),
    );
    const site = typeof id === "string" && typeof kind === "string" ? workflow.sites[id] : undefined;
    if (site === undefined || !files.has(site.file)) return members;
    return { ...members, source: { file: payloadPath(site.file, root), line: site.line, column: site.column } };
  };
  return { ...ir, ...source, nodes: place(ir.nodes) };
}
