/**
 * From an authoring file to a bundle. Plain TypeScript is read and its handlers are bundled; a file of `buildWorkflow` is
 * loaded in a process of its own, and its files and ours are placed below `payloads/` as they lie. The bundle backend
 * checks and names the whole.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { type Bundle, createBundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { secretWarnings } from "../backends/package/secret-warnings.ts";
import { declaresWorkflows } from "../frontends/typescript/compile-typescript.ts";
import type { BuildOptions } from "./build-options.ts";
import { buildPlain } from "./build-plain.ts";
import { problemOfDiagnostic } from "./diagnostic-problem.ts";
import { loadAuthoring } from "./load-authoring.ts";
import type { LoadReport } from "./load-report.ts";
import { programFilesOf } from "./program-files.ts";
import { handlersOf, inPlaces, mainOf, noMain, packageFolder, payloadPath, placed, problemOf, problemsOf } from "./report-parts.ts";
import { authoringSpecifier, fileAt, readClosure, showPath } from "./source-closure.ts";

/** Builds a bundle of a .ts or .js file that exports workflows. What is wrong with it is in the answer. */
export async function buildBundle(entryFile: string, options: BuildOptions = {}): Promise<Bundle> {
  const entry = fileAt(resolve(entryFile));
  if (entry === undefined)
    return noBundle([{ path: entryFile, message: "is not a file", help: "Name the .ts or .js file that exports the workflow" }]);
  if (!/\.[cm]?[jt]s$/.test(entry)) return noBundle([{ path: entryFile, message: "is not a .ts or .js file" }]);
  const base = packageFolder(entry) ?? dirname(entry);
  if (declaresWorkflows(readFileSync(entry, "utf8"))) return buildPlain(entry, base, options);
  const read = readClosure([entry], base);
  if (read.problems.length > 0) return noBundle(inPlaces(read.problems));
  const report = await loadAuthoring(entry, options);
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
  const bundle = createBundle({
    main,
    workflows: report.workflows.map((workflow) => placed(workflow, root, closure.files, programs)),
    handlers: handlersOf(report, root),
    files,
  });
  if (!bundle.valid) return bundle;
  return { ...bundle, problems: secretWarnings(bundle.manifest.workflows, bundle.files).map(problemOfDiagnostic) };
}

/** The folder that becomes `payloads/`: the package's, or what is common to all files where some lie outside. */
function rootOf(files: readonly string[], base: string): string {
  let root = base;
  for (const file of files) while (!file.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) root = dirname(root);
  return root;
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
