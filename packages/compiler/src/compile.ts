/**
 * `compile`: sources to workflows and diagnostics. Pure, total and deterministic: the same bytes give the same
 * workflows and the same words, nothing throws on any source, and everything wrong is said at once.
 */
import type { WorkflowIr } from "@heddle/core";
import { createDiagnosticList, createSourceText, type Diagnostic, type DiagnosticList, type Origins } from "./diagnostics/index.ts";
import { type CompiledSource, compileText } from "./frontends/text/compile-text.ts";
import { compileVisual } from "./frontends/visual/compile-visual.ts";

export interface CompileOptions {
  /** Warnings become errors. */
  readonly strict?: boolean;
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

/** Compiles `.nemo` and `.heddle` texts and visual documents (`.visual.json`), by path; the extension picks the frontend. */
export function compile(sources: ReadonlyMap<string, string>, options: CompileOptions = {}): Compilation {
  const diagnostics = createDiagnosticList();
  const workflows: CompiledWorkflow[] = [];
  for (const [file, text] of sources) {
    const list = createDiagnosticList();
    const compiled = compileSource(file, text, list);
    diagnostics.add(list.all());
    if (compiled !== undefined) workflows.push({ file, ...compiled });
  }
  const all = options.strict === true ? diagnostics.all().map(stricter) : diagnostics.all();
  const failed = new Set(all.filter((diagnostic) => diagnostic.severity === "error").map((diagnostic) => diagnostic.span?.file));
  return { workflows: workflows.filter(({ file }) => !failed.has(file)), diagnostics: all };
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
    help: "name it .nemo, .heddle or .visual.json",
  });
  return undefined;
}

function stricter(diagnostic: Diagnostic): Diagnostic {
  return diagnostic.severity === "warning" ? { ...diagnostic, severity: "error" } : diagnostic;
}
