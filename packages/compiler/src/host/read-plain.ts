/**
 * The report of an authoring file of plain TypeScript, made by reading alone: no line of the author's is run, and no
 * process is started. In the shape that loading a file gives, so that a bundle is made of either in the same way.
 */
import { bodiesOf, type Node } from "@heddle/core";
import { createDiagnosticList, isError } from "../diagnostics/index.ts";
import { compileTypeScript, type TypeScriptWorkflow } from "../frontends/typescript/compile-typescript.ts";
import { defaultName, type SourceModule } from "../frontends/typescript/module.ts";
import type { CodePlace, LoadedWorkflow, LoadFailure, LoadReport } from "./load-report.ts";

/** Reads a file that {@link declaresWorkflows} says to be plain, with the files that it imports, by path. */
export function readPlain(entry: string, files: ReadonlyMap<string, Uint8Array>): LoadReport {
  const sources = new Map([...files].map(([file, bytes]) => [file, Buffer.from(bytes).toString("utf8")]));
  const entries = [entry];
  for (;;) {
    const diagnostics = createDiagnosticList();
    const compiled = compileTypeScript(sources, entries, diagnostics);
    const failures = diagnostics
      .all()
      .filter(isError)
      .map(({ span, message, help }): LoadFailure => ({ message, help, file: span?.file, line: span?.start.line }));
    if (failures.length > 0) return { failures, workflows: [], loaded: [] };
    const all = compiled.flatMap(({ workflows }) => workflows);
    const further = all
      .flatMap(({ children }) => children.map(({ module }) => module.source.file))
      .filter((file) => !entries.includes(file));
    if (further.length === 0) {
      const loaded = [...files.keys()].map((file) => ({ file, format: "module" }));
      return { failures: [], workflows: startable(all, entry).map(describe), loaded };
    }
    entries.push(...new Set(further));
  }
}

/** The workflows of a file, and those that they start in turn. */
function startable(all: readonly TypeScriptWorkflow[], entry: string): readonly TypeScriptWorkflow[] {
  const found = new Set(all.filter(({ declared }) => declared.module.source.file === entry));
  for (const one of found) {
    for (const child of one.children) {
      const lowered = all.find(({ declared }) => declared === child || declared.call === child.call);
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
    handlers: handlers.map(({ name, module: of, local: as }) => ({ name, code: placeOf(of, as) })),
    served: steps.filter(({ served }) => served).map(({ name }) => name),
    sites: Object.fromEntries(sitesOf(ir.nodes)),
  };
}

/** Where a value is found by a process that imports it; undefined where it is not exported. */
function placeOf(module: SourceModule, local: string): CodePlace | undefined {
  const names = [...module.exports].filter(([, of]) => of === local).map(([name]) => name);
  const name = names.includes("default") ? "default" : names[0];
  return name === undefined ? undefined : { file: module.source.file, export: name };
}

function sitesOf(nodes: readonly Node[]): readonly (readonly [string, { file: string; line: number; column: number }])[] {
  return nodes.flatMap((node) => {
    const { source } = node;
    const own =
      source?.file === undefined ? [] : [[node.id, { file: source.file, line: source.line, column: source.column ?? 1 }] as const];
    return [...own, ...bodiesOf(node).flatMap(({ body }) => sitesOf(body.nodes))];
  });
}
