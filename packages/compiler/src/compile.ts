/**
 * `compile`: sources to workflows and diagnostics. Pure, total and deterministic: the same bytes give the same
 * workflows and the same words, nothing throws on any source, and everything wrong is said at once.
 */
import type { WorkflowIr } from "@heddle/core";
import { type Check, checkWorkflow } from "./checks/index.ts";
import {
  createDiagnosticList,
  createSourceText,
  type Diagnostic,
  type DiagnosticList,
  isError,
  type Origins,
} from "./diagnostics/index.ts";
import { type CompiledSource, compileText } from "./frontends/text/compile-text.ts";
import { compileTypeScript, declaresWorkflows, isTypeScript } from "./frontends/typescript/compile-typescript.ts";
import { compileVisual } from "./frontends/visual/compile-visual.ts";

export interface CompileOptions {
  /** Warnings become errors. */
  readonly strict?: boolean;
  /** The checks that a lowered workflow is held to. Default: all of them. */
  readonly checks?: readonly Check[];
}

/** One workflow that compiled. */
export interface CompiledWorkflow {
  /** The source that it comes from. */
  readonly file: string;
  readonly ir: WorkflowIr;
  /** Where its parts come from. */
  readonly origins: Origins;
}

export interface Compilation {
  /** Of the sources without errors, in the order of the sources. */
  readonly workflows: readonly CompiledWorkflow[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles `.nemo` and `.heddle` texts, visual documents (`.visual.json`) and plain TypeScript, by path; the extension
 * picks the frontend. Of TypeScript sources those that import `workflow` are compiled; the others are read where these import them.
 */
export function compile(sources: ReadonlyMap<string, string>, options: CompileOptions = {}): Compilation {
  const diagnostics = createDiagnosticList();
  const workflows: CompiledWorkflow[] = [];
  /** Checks what a frontend gave, and keeps what nothing is wrong with. */
  const take = (found: readonly CompiledWorkflow[], list: DiagnosticList): void => {
    const { checks } = options;
    for (const { ir, origins } of found) list.add(checkWorkflow(ir, { origins, ...(checks === undefined ? {} : { checks }) }));
    const own = options.strict === true ? strictly(list.all()) : list.all();
    diagnostics.add(own);
    const failed = new Set(own.filter(isError).map(({ span }) => span?.file));
    // An error without a place may be anybody's.
    if (!failed.has(undefined)) workflows.push(...found.filter(({ file }) => !failed.has(file)));
  };
  const scripts = new Map(
    [...sources].filter(([file]) => isTypeScript(file)).map(([file, text]) => [file, text.replace(/\p{Surrogate}/gu, "\ufffd")]),
  );
  const plain = [...scripts].filter(([, text]) => declaresWorkflows(text)).map(([file]) => file);
  const told = createDiagnosticList();
  const lowered = compileTypeScript(scripts, plain, told);
  // What is wrong in a source that others import is wrong for all of them.
  const shared = told.all().some((diagnostic) => isError(diagnostic) && !plain.includes(diagnostic.span?.file ?? ""));
  const found = lowered.flatMap(({ file, workflows: all }) => all.map(({ ir, origins }) => ({ file, ir, origins })));
  // What was refused stands as null, of which checks would have much to say.
  const refused = new Set(
    told
      .all()
      .filter(isError)
      .map(({ span }) => span?.file),
  );
  take(shared ? [] : found.filter(({ file }) => !refused.has(file)), told);
  for (const [file, text] of sources) {
    if (plain.length > 0 && scripts.has(file)) continue;
    const list = createDiagnosticList();
    const compiled = compileSource(file, text, list);
    take(compiled === undefined ? [] : [{ file, ...compiled }], list);
  }
  return { workflows, diagnostics: diagnostics.all() };
}

function compileSource(file: string, text: string, diagnostics: DiagnosticList): CompiledSource | undefined {
  // Half a surrogate pair is no character, and no JSON text can hold one.
  const source = createSourceText(file, text.replace(/\p{Surrogate}/gu, "\ufffd"));
  if (file.endsWith(".nemo")) return compileText(source, "nemo", diagnostics);
  if (file.endsWith(".heddle")) return compileText(source, "heddle", diagnostics);
  if (file.endsWith(".visual.json")) return compileVisual(source, diagnostics);
  diagnostics.report("HD1003", {
    span: source.span(0, 0),
    message: `no frontend reads \`${file}\``,
    reason: "The extension says how a source is read.",
    help: "name it .nemo, .heddle or .visual.json; a .ts source imports `workflow` from `@heddle/compiler/authoring`",
  });
  return undefined;
}

/** Warnings as errors. */
export function strictly(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) => (diagnostic.severity === "warning" ? { ...diagnostic, severity: "error" } : diagnostic));
}
