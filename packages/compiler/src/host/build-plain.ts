/**
 * A bundle of plain TypeScript. The author's files are read, never run: workflows become IR, the code of their handlers is
 * bundled, and the files that `includes` names come along. Everything wrong with any of it is told at once.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { WorkflowIr } from "@heddle/core";
import { type Bundle, createBundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { secretWarnings } from "../backends/package/secret-warnings.ts";
import { excludedBy, folderOf, includedBy, patternTrouble } from "../backends/package/select-files.ts";
import { createDiagnosticList, type Diagnostic, type DiagnosticList, type Span } from "../diagnostics/index.ts";
import type { Problem } from "../problem.ts";
import type { BuildOptions } from "./build-options.ts";
import { type BundledModules, bundleModules } from "./bundle-modules.ts";
import { problemOfDiagnostic } from "./diagnostic-problem.ts";
import type { FilePattern, LoadReport } from "./load-report.ts";
import { filesBelow, isWithin, liesBelow, pathFrom } from "./package-files.ts";
import { type OwnFile, readBounded, readPlainClosure } from "./plain-closure.ts";
import { readPlain } from "./read-plain.ts";
import { handlersOf, inPlaces, mainOf, noMain, placed, problemOf, problemsOf } from "./report-parts.ts";

const includedFilesMax = 5_000;

/** Builds a bundle of a file that {@link declaresWorkflows} says to be plain. `base` is the real path of its package folder. */
export async function buildPlain(entry: string, base: string, options: BuildOptions): Promise<Bundle> {
  const stopped = (): Bundle | undefined =>
    options.signal?.aborted === true ? noBundle([{ path: pathFrom(base, entry), message: "was stopped while it was built" }]) : undefined;
  const early = stopped();
  if (early !== undefined) return early;
  const diagnostics = createDiagnosticList();
  const files = readPlainClosure(entry, base, diagnostics);
  const bytes = new Map([...files].map(([path, file]) => [path, file.bytes]));
  // An import that leads nowhere is the cause of what the frontend would say of its names.
  if (diagnostics.errors > 0) return noBundle(problemsIn(diagnostics));
  const report = readPlain(entry, bytes);
  if (report.failures.length > 0) return noBundle(report.failures.map((failure) => problemOf(failure, entry, base)));
  for (const warning of report.warnings ?? []) diagnostics.add([placedIn(warning, base)]);
  const problems = problemsOf(report, entry, base);
  const main = options.main ?? mainOf(report.workflows, entry);
  if (main === undefined && problems.length === 0) problems.push(noMain(report.workflows, pathFrom(base, entry)));
  const included = includedFiles(report, base, files, diagnostics);
  const code = report.workflows.flatMap(({ handlers }) => handlers.flatMap((handler) => handler.code?.file ?? []));
  const modules = await bundleModules({ entries: [...new Set(code)], base, files, taken: new Set(included.keys()) }, diagnostics);
  const late = stopped();
  if (late !== undefined) return late;
  if (modules !== undefined) {
    refuseExcluded(report, base, modules, diagnostics);
    warnOfAssets(base, modules, included, diagnostics);
  }
  const irs = report.workflows.map((workflow) => placed(workflow, base, bytes, new Map()) as WorkflowIr);
  const payloads = new Map([...included, ...(modules?.payloads ?? [])]);
  diagnostics.add(secretWarnings(irs, payloads));
  problems.push(...problemsIn(diagnostics));
  if (modules === undefined || main === undefined || problems.some(({ severity }) => severity === undefined)) {
    return noBundle(inPlaces(problems));
  }
  const bundle = createBundle({
    main,
    workflows: irs,
    handlers: handlersOf(report, base, (file) => modules.paths.get(file)),
    files: payloads,
  });
  return bundle.valid ? { ...bundle, problems: inPlaces(problems) } : bundle;
}

/** A diagnostic with its file named from the package folder on. */
function placedIn(diagnostic: Diagnostic, base: string): Diagnostic {
  const { span } = diagnostic;
  return span === undefined ? diagnostic : { ...diagnostic, span: { ...span, file: pathFrom(base, span.file) } };
}

function problemsIn(diagnostics: DiagnosticList): readonly Problem[] {
  return diagnostics.all().map(problemOfDiagnostic);
}

type Included = ReadonlyMap<string, Uint8Array>;

/** The files that workflows include, by path below `payloads/`. */
function includedFiles(report: LoadReport, base: string, files: ReadonlyMap<string, OwnFile>, diagnostics: DiagnosticList): Included {
  const chosen = new Map<string, Uint8Array>();
  for (const { packaging } of report.workflows) {
    if (packaging === undefined) continue;
    for (const each of [...packaging.includes, ...packaging.excludes]) {
      const trouble = patternTrouble(each.pattern);
      if (trouble !== undefined) refuse(each, `\`${each.pattern}\` ${trouble.message}`, trouble.help);
    }
    const excludes = packaging.excludes.map(({ pattern }) => pattern).filter((pattern) => patternTrouble(pattern) === undefined);
    for (const include of packaging.includes) {
      if (patternTrouble(include.pattern) === undefined) take(include, excludes);
    }
  }
  return new Map([...chosen].sort(([a], [b]) => (a < b ? -1 : 1)));

  function take(include: FilePattern, excludes: readonly string[]): void {
    const { pattern } = include;
    const listed = filesBelow(base, folderOf(pattern));
    const meant = listed === undefined ? [] : includedBy(pattern, listed);
    const kept = meant.filter((path) => excludedBy(excludes, path) === undefined);
    if (listed === undefined || meant.length > includedFilesMax) {
      refuse(include, `\`${pattern}\` means more than ${includedFilesMax} files`, "name the folder that is needed");
    } else if (kept.length === 0) {
      const all = meant.length > 0;
      diagnostics.report("HD3811", {
        span: spanOf(include, files),
        message: all ? `everything that \`${pattern}\` names is excluded` : `\`${pattern}\` names no file`,
        reason: "What is included and not there would be missed while a run needs it.",
        help: all ? "mend `includes` or `excludes`" : "paths are relative to the folder of package.json; mend it, or take it out",
      });
    } else for (const path of kept) read(include, path);
  }

  function read(include: FilePattern, path: string): void {
    const file = join(base, path);
    if (!isWithin(file, base)) refuse(include, `\`${path}\` is a link that leads out of the package folder`, "put the file itself there");
    else if (!chosen.has(path)) {
      const bytes = readBounded(file, path);
      if (typeof bytes === "string") refuse(include, bytes, "leave it out, or mend it");
      else chosen.set(path, bytes);
    }
  }

  function refuse(include: FilePattern, message: string, help: string): void {
    diagnostics.report("HD3814", {
      span: spanOf(include, files),
      message,
      reason: "Includes and excludes are globs below the package folder.",
      help,
    });
  }
}

function spanOf({ file, start, end }: FilePattern, files: ReadonlyMap<string, OwnFile>): Span {
  const source = files.get(file)?.source;
  return source?.span(start, end) ?? { file, start: { offset: 0, line: 1, column: 1 }, end: { offset: 0, line: 1, column: 1 } };
}

/** Code that handlers need and a workflow excludes. */
function refuseExcluded(report: LoadReport, base: string, { reached, files, trail }: BundledModules, diagnostics: DiagnosticList): void {
  const excludes = report.workflows.flatMap(({ packaging }) => packaging?.excludes ?? []);
  for (const file of reached) {
    const path = pathFrom(base, file);
    const by = excludes.find(({ pattern }) => patternTrouble(pattern) === undefined && excludedBy([pattern], path) !== undefined);
    if (by === undefined) continue;
    diagnostics.report("HD3812", {
      span: trail.spanTo(file) ?? spanOf(by, files),
      message: `\`${path}\` is excluded by \`${by.pattern}\`, and handlers need it`,
      reason: "A handler cannot run without what it imports.",
      help: "take it out of `excludes`, or do not import it",
    });
  }
}

/** Files that handlers read beside their code and that would not be there. */
function warnOfAssets(base: string, { paths, files }: BundledModules, included: Included, diagnostics: DiagnosticList): void {
  for (const [path, { module, source }] of files) {
    if (!paths.has(path)) continue;
    for (const { kind, specifier, start, end } of module?.references ?? []) {
      if (kind !== "asset") continue;
      const target = fileURLToPath(new URL(specifier, pathToFileURL(path)));
      const within = liesBelow(target, base);
      const name = pathFrom(base, target);
      const there = statOf(target);
      const has = there === "folder" ? [...included.keys()].some((one) => one.startsWith(`${name}/`)) : included.has(name);
      if (there === undefined || has) continue;
      diagnostics.report("HD3813", {
        span: source.span(start, end),
        message: `\`${specifier}\` is read here, and does not go into the bundle`,
        reason: "A bundle carries code and what its workflow includes; where it runs, nothing else is there.",
        help: within
          ? `add it to the options of the workflow: \`includes: [${JSON.stringify(there === "folder" ? `${name}/**` : name)}]\``
          : "move it into the package folder, and add it to the `includes` of the workflow",
      });
    }
  }
}

function statOf(path: string): "file" | "folder" | undefined {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch {
    return undefined;
  }
}
