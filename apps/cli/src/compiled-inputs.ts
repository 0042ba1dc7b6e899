/**
 * What `heddle check` and `heddle compile` share: sources of every kind, read and compiled, with everything that
 * is wrong with them told at once. Speaks to nobody and writes nothing.
 */
import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Bundle, CompileOptions, Diagnostic, Problem, TargetOptions } from "@heddle/compiler";
import { handlerNamesOf, type WorkflowIr } from "@heddle/core";
import { type Invocation, UsageError } from "./command.ts";
import { type PlainFindings, plainFindings } from "./plain-findings.ts";
import { InvalidBundleError, problemLines } from "./report-error.ts";

export type SoundBundle = Extract<Bundle, { readonly valid: true }>;

/** One input of the command line. */
export interface CompiledInput {
  /** As it was given. */
  readonly file: string;
  /** Its name without folder and extension. */
  readonly name: string;
  /** The main one first; none where there is an error. */
  readonly workflows: readonly WorkflowIr[];
  /** Of inputs that make one by themselves. */
  readonly bundle?: SoundBundle;
}

export interface CompiledInputs {
  readonly inputs: readonly CompiledInput[];
  readonly diagnostics: readonly Diagnostic[];
  /** What has no id: files that cannot be read, and what is wrong with bundles and job folders. */
  readonly problems: readonly Problem[];
  /** Texts by the file names of the diagnostics. */
  readonly sources: ReadonlyMap<string, string>;
  readonly failed: boolean;
}

/** The largest source that is read at all; the compiler has a narrower bound, and words for it. */
const sourceBytesMax = 256 * 1_024 * 1_024;

const textExtension = /(?:\.nemo|\.heddle|\.visual\.json)$/;
const extension = /(?:\.visual\.json|\.[^.]+)$/;

/** How sources are compiled. */
export interface CompileFilesOptions {
  /** What relative names are relative to. */
  readonly cwd: string;
  /** Warnings are errors. */
  readonly strict?: boolean;
  readonly target?: TargetOptions;
}

/** Compiles what the command line names. Errors: `UsageError` where it names nothing. */
export function compileInputs({ context, args, options }: Invocation): Promise<CompiledInputs> {
  const files = args.filter((file) => file !== undefined);
  if (files.length === 0) throw new UsageError("name the files to compile", "write: heddle check flow.nemo");
  return compileFiles(files, { cwd: context.cwd, strict: options.flag("strict") });
}

/** Compiles files and folders of every kind. What is wrong with them is in the answer. */
export async function compileFiles(
  files: readonly string[],
  { cwd, strict = false, target }: CompileFilesOptions,
): Promise<CompiledInputs> {
  const { checkTarget, compile, isError, strictly } = await import("@heddle/compiler");
  const compileOptions: CompileOptions = strict ? { strict } : {};
  const inputs: CompiledInput[] = [];
  const diagnostics: Diagnostic[] = [];
  const problems: Problem[] = [];
  const sources = new Map<string, string>();
  for (const file of new Set(files)) {
    const path = resolve(cwd, file);
    const name = nameOf(path);
    if (textExtension.test(file)) {
      const text = await readSource(file, path, problems);
      if (text === undefined) continue;
      sources.set(file, text);
      const compilation = compile(new Map([[file, text]]), compileOptions);
      diagnostics.push(...compilation.diagnostics);
      inputs.push({ file, name, workflows: compilation.workflows.map(({ ir }) => ir) });
      continue;
    }
    const checked = await checkTarget(path, target);
    const read = await plainFindings(path, cwd, checked);
    const { bundle } = checked;
    const findings: PlainFindings = read ?? { diagnostics: checked.diagnostics, problems: bundle.problems, sources: checked.sources };
    for (const [of, text] of findings.sources) sources.set(of, text);
    const own = strict ? strictly(findings.diagnostics) : findings.diagnostics;
    const found = strict ? findings.problems.map(asError) : findings.problems;
    diagnostics.push(...own);
    problems.push(...found.map((problem) => (problem.path === path ? { ...problem, path: file } : problem)));
    const sound = bundle.valid && !own.some(isError) && !found.some(isErrorProblem);
    inputs.push(sound ? { file, name, workflows: mainFirst(bundle), bundle } : { file, name, workflows: [] });
  }
  return { inputs, diagnostics, problems, sources, failed: diagnostics.some(isError) || problems.some(isErrorProblem) };
}

function nameOf(path: string): string {
  const name = basename(path);
  return name === "manifest.json" ? basename(resolve(path, "..")) : name.replace(extension, "") || name;
}

function mainFirst({ manifest }: SoundBundle): readonly WorkflowIr[] {
  const isMain = (ir: WorkflowIr): boolean => ir.id === manifest.main;
  return [...manifest.workflows.filter(isMain), ...manifest.workflows.filter((ir) => !isMain(ir))];
}

function isErrorProblem({ severity }: Problem): boolean {
  return severity === undefined;
}

function asError({ path, message, help }: Problem): Problem {
  return { path, message, ...(help === undefined ? {} : { help }) };
}

async function readSource(file: string, path: string, problems: Problem[]): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size <= sourceBytesMax) return (await readFile(path)).toString("utf8");
    problems.push({ path: file, message: `has ${size} bytes, and at most ${sourceBytesMax} are read` });
  } catch (error) {
    const { code } = error as { code?: unknown };
    problems.push({ path: file, message: code === "ENOENT" ? "does not exist" : `cannot be read (${String(code)})` });
  }
  return undefined;
}

/** The bundle that a sound input makes; of a text, one that names its handlers and carries no code. Errors: `bundle-invalid`. */
export async function bundleOf({ file, workflows, bundle }: CompiledInput): Promise<SoundBundle> {
  if (bundle !== undefined) return bundle;
  const { createBundle } = await import("@heddle/compiler");
  const handlers = [...new Set(workflows.flatMap((ir) => handlerNamesOf(ir.nodes)))].map((name) => ({ name }));
  const made = createBundle({ main: workflows[0]?.id ?? "", workflows, handlers, files: new Map() });
  if (made.valid) return made;
  throw new InvalidBundleError(file, made.problems);
}

/** Tells what is wrong, on standard error. */
export async function tellFindings(
  { printer, context }: Pick<Invocation, "printer" | "context">,
  { diagnostics, problems, sources }: CompiledInputs,
): Promise<void> {
  const { renderDiagnostics } = await import("@heddle/compiler");
  for (const line of problemLines(problems)) printer.note(line);
  const colours = printer.notePaint("red", "") !== "";
  const text = renderDiagnostics(diagnostics, sources, { colours, width: Math.max(40, Math.min(context.columns(), 160)) });
  if (text !== "") printer.note(text.trimEnd());
}
