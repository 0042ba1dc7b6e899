/**
 * The TypeScript frontend: sources to workflows, without running a line of them. Pure and total: whatever a source
 * says, there is an answer, and everything wrong is said at once.
 */
import { type Class, parseSync } from "oxc-parser";
import { createSourceText, type DiagnosticList, eachOnce, type Origins, originsOf, type SourceText } from "../../diagnostics/index.ts";
import { isWorkflowClass, readWorkflowClass, refuseMisplaced } from "./classes.ts";
import type { Reader } from "./context.ts";
import { type DeclaredWorkflow, readWorkflow } from "./declarations.ts";
import { type Known, type LoweredWorkflow, lowerWorkflow } from "./lower-workflow.ts";
import { authoringCall, authoringModule, moduleOf, type SourceModule } from "./module.ts";
import { excessOf } from "./pre-scan.ts";

export interface TypeScriptWorkflow extends LoweredWorkflow {
  readonly origins: Origins;
}

export interface TypeScriptSource {
  readonly file: string;
  readonly module: SourceModule;
  readonly workflows: readonly TypeScriptWorkflow[];
}

const extension = /\.[cm]?[jt]s$/;

export function isTypeScript(file: string): boolean {
  return extension.test(file);
}

/** Whether a source declares workflows in plain TypeScript: it imports `workflow` to do so. */
export function declaresWorkflows(text: string): boolean {
  for (const [, names = ""] of text.matchAll(/\bimport\s*\{([^}]*)\}\s*from\s*["']@heddle\/compiler\/authoring["']/g)) {
    if (names.split(",").some((name) => /^\s*workflow(?:\s+as\s+\w+)?\s*$/.test(name))) return true;
  }
  return false;
}

/** Compiles the sources of `entries`, and reads of the others what these import. */
export function compileTypeScript(
  sources: ReadonlyMap<string, string>,
  entries: readonly string[],
  diagnostics: DiagnosticList,
): readonly TypeScriptSource[] {
  const parsed = new Map<string, SourceModule | undefined>();
  const get = (file: string): SourceModule | undefined => {
    const path = [file, file.replace(/\.js$/, ".ts"), file.replace(/\.mjs$/, ".mts")].find((one) => sources.has(one));
    if (path === undefined || !isTypeScript(path)) return undefined;
    if (!parsed.has(path)) parsed.set(path, parse(createSourceText(path, sources.get(path) ?? ""), diagnostics));
    return parsed.get(path);
  };
  const reader: Reader = { modules: { get }, diagnostics: eachOnce(diagnostics) };
  const known: Known = new Map();
  const names = new Map<string, string>();
  return entries.flatMap((file) => {
    const module = get(file);
    if (module === undefined) return [];
    const workflows = lowerModule(reader, module, known);
    if (workflows.length === 0 && !declares(module)) {
      diagnostics.report("HD3003", {
        span: module.source.span(0, 0),
        message: "no workflow is declared here",
        reason: `The source imports \`workflow\` from \`${authoringModule}\` and calls it nowhere at its top.`,
        help: 'write `export default workflow({ name: "…" }, async (input: Input) => { … })`',
      });
    }
    for (const { declared } of workflows) {
      const before = names.get(declared.name);
      names.set(declared.name, file);
      if (before === undefined) continue;
      diagnostics.report("HD3104", {
        span: module.source.span(declared.head.start, declared.head.end),
        message: `two workflows are named \`${declared.name}\``,
        reason: "A workflow is started by its name.",
        help: "give one of them another name",
      });
    }
    return [{ file, module, workflows }];
  });
}

function lowerModule(reader: Reader, module: SourceModule, known: Known): readonly TypeScriptWorkflow[] {
  const workflows: TypeScriptWorkflow[] = [];
  const steps = new Map<string, string>();
  refuseMisplaced(reader, module);
  for (const [local, read] of readersOf(reader, module)) {
    const key = `${module.source.file} ${local}`;
    const before = known.get(key);
    const declared = before === undefined ? read() : before.kind === "workflow" ? before.workflow : undefined;
    known.set(key, declared === undefined ? { kind: "unreadable" } : { kind: "workflow", workflow: declared });
    const lowered = declared === undefined ? undefined : lowerWorkflow(reader, declared, known);
    if (lowered === undefined) continue;
    for (const { name, local: of, method, module: from } of lowered.steps) {
      const place = `${from.source.file} ${of}${method === undefined ? "" : `.${method}`}`;
      const other = steps.get(name);
      steps.set(name, place);
      if (other === undefined || other === place) continue;
      reader.diagnostics.report("HD3104", {
        span: module.source.span(lowered.declared.head.start, lowered.declared.head.end),
        message: `two handlers are named \`${name}\``,
        reason: "A handler is found by its name.",
        help: "give one of them another name",
      });
    }
    workflows.push({ ...lowered, origins: originsOf(lowered.ir, module.source, lowered.written) });
  }
  // The default export first: it is the one that is meant.
  const main = module.exports.get("default");
  return workflows.sort((a, b) => Number(b.declared.local === main) - Number(a.declared.local === main));
}

/** How each workflow of a module is read, by its local name. */
function readersOf(reader: Reader, module: SourceModule): readonly (readonly [string, () => DeclaredWorkflow | undefined])[] {
  const calls = [...module.values].flatMap(([local, value]) =>
    value.type === "CallExpression" && authoringCall(module, value) === "workflow"
      ? [[local, () => readWorkflow(reader, module, local, value)] as const]
      : [],
  );
  const classes = [...module.classes].flatMap(([local, node]) =>
    isWorkflowClass(module, node) ? [[local, () => readWorkflowClass(reader, module, local, node)] as const] : [],
  );
  return [...calls, ...classes];
}

function declares(module: SourceModule): boolean {
  return (
    [...module.values.values()].some((value) => authoringCall(module, value) === "workflow") ||
    [...module.classes.values(), ...module.values.values()].some((node) => "decorators" in node && isWorkflowClass(module, node as Class))
  );
}

function parse(source: SourceText, diagnostics: DiagnosticList): SourceModule | undefined {
  const excess = excessOf(source.text);
  if (excess !== undefined) {
    diagnostics.report("HD3002", {
      span: source.span(excess.offset, excess.offset + 1),
      message: excess.message,
      reason: "A parser that runs out of stack ends the process, so what is far beyond any program is not given to it.",
      help: excess.help,
    });
    return undefined;
  }
  const { program, errors } = parseSync(source.file, source.text, {
    lang: /\.[cm]?js$/.test(source.file) ? "js" : "ts",
    sourceType: "module",
    astType: "ts",
    preserveParens: false,
  });
  const [first] = errors.filter(({ severity }) => severity === "Error");
  if (first === undefined) return moduleOf(source, program);
  const [label] = first.labels;
  diagnostics.report("HD3001", {
    span: source.span(label?.start ?? 0, label?.end ?? 0),
    message: `this does not parse: ${first.message}`,
    reason: "Nothing of a source is read before all of it parses.",
    help: first.helpMessage ?? "mend it here",
  });
  return undefined;
}
