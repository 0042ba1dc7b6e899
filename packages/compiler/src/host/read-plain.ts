/**
 * The report of an authoring file of plain TypeScript, made by reading alone: no line of the author's is run, and no
 * process is started. In the shape that loading a file gives, so that a bundle is made of either in the same way.
 */
import { bodiesOf, type JsonValue, type Node } from "@heddle/core";
import { checkWorkflow } from "../checks/index.ts";
import { createDiagnosticList, isError } from "../diagnostics/index.ts";
import { walk } from "../frontends/typescript/ast.ts";
import { compileTypeScript, type TypeScriptWorkflow } from "../frontends/typescript/compile-typescript.ts";
import { defaultName, type SourceModule } from "../frontends/typescript/module.ts";
import type { CodePlace, FilePattern, LoadedWorkflow, LoadFailure, LoadReport, Packaging } from "./load-report.ts";

/** Reads a file that {@link declaresWorkflows} says to be plain, with the files that it imports, by path. */
export function readPlain(entry: string, files: ReadonlyMap<string, Uint8Array>): LoadReport {
  const sources = new Map([...files].map(([file, bytes]) => [file, Buffer.from(bytes).toString("utf8")]));
  const entries = [entry];
  for (;;) {
    const diagnostics = createDiagnosticList();
    const compiled = compileTypeScript(sources, entries, diagnostics);
    const all = compiled.flatMap(({ workflows }) => workflows);
    if (diagnostics.errors === 0) for (const { ir, origins } of all) diagnostics.add(checkWorkflow(ir, { origins }));
    const failures = diagnostics
      .all()
      .filter(isError)
      .map(({ span, message, help }): LoadFailure => ({ message, help, file: span?.file, line: span?.start.line }));
    if (failures.length > 0) return { failures, workflows: [], loaded: [] };
    const further = all
      .flatMap(({ children }) => children.map(({ module }) => module.source.file))
      .filter((file) => !entries.includes(file));
    if (further.length === 0) {
      const loaded = [...files.keys()].map((file) => ({ file, format: "module" }));
      const warnings = diagnostics.all().filter(({ severity }) => severity === "warning");
      return { failures: [], warnings, workflows: startable(all, entry).map(describe), loaded };
    }
    entries.push(...new Set(further));
  }
}

/** The workflows of a file, and those that they start in turn. */
function startable(all: readonly TypeScriptWorkflow[], entry: string): readonly TypeScriptWorkflow[] {
  const found = new Set(all.filter(({ declared }) => declared.module.source.file === entry));
  for (const one of found) {
    for (const child of one.children) {
      const lowered = all.find(({ declared }) => declared === child || declared.node === child.node);
      if (lowered !== undefined) found.add(lowered);
    }
  }
  return [...found];
}

function describe({ ir, declared, steps, children }: TypeScriptWorkflow): LoadedWorkflow {
  const handlers = steps.filter(({ kind, served }) => kind === "handler" && !served);
  const { module, local } = declared;
  return {
    id: ir.id,
    ir,
    code: placeOf(module, local) ?? { file: module.source.file, export: local === defaultName ? "default" : local },
    children: children.map(({ name }) => name),
    handlers: handlers.map(({ name, module: of, local: as, method }) => ({
      name,
      code: placeOf(of, as, method),
      ...(method === undefined ? {} : { owner: as }),
    })),
    served: steps.filter(({ served }) => served).map(({ name }) => name),
    packaging: packagingOf(declared),
    sites: Object.fromEntries(sitesOf(ir.nodes)),
  };
}

/** What a workflow says about files, each pattern in its place where that is written out. */
function packagingOf({ module, node, options }: TypeScriptWorkflow["declared"]): Packaging {
  const places = new Map<string, { readonly start: number; readonly end: number }>();
  walk(node, (at) => {
    if (at.type === "Literal" && typeof at.value === "string" && !places.has(at.value)) places.set(at.value, at);
    return true;
  });
  const patternsOf = (option: JsonValue | undefined): readonly FilePattern[] =>
    (Array.isArray(option) ? option : [option])
      .filter((pattern): pattern is string => typeof pattern === "string")
      .map((pattern) => {
        const { start, end } = places.get(pattern) ?? { start: node.start, end: node.start };
        return { pattern, file: module.source.file, start, end };
      });
  return { includes: patternsOf(options["includes"]), excludes: patternsOf(options["excludes"]) };
}

/** Where a value is found by a process that imports it; undefined where it is not exported. */
function placeOf(module: SourceModule, local: string, method?: string): CodePlace | undefined {
  const names = [...module.exports].filter(([, of]) => of === local).map(([name]) => name);
  const name = names.includes("default") ? "default" : names[0];
  return name === undefined ? undefined : { file: module.source.file, export: name, ...(method === undefined ? {} : { method }) };
}

function sitesOf(nodes: readonly Node[]): readonly (readonly [string, { file: string; line: number; column: number }])[] {
  return nodes.flatMap((node) => {
    const { source } = node;
    const own =
      source?.file === undefined ? [] : [[node.id, { file: source.file, line: source.line, column: source.column ?? 1 }] as const];
    return [...own, ...bodiesOf(node).flatMap(({ body }) => sitesOf(body.nodes))];
  });
}
