/** What bundles of either spelling are made of, once a report of the author's file is there: problems, the main workflow, handlers, places. */
import { dirname, join, relative, sep } from "node:path";
import { hashBytes } from "@heddle/core";
import type { Problem } from "../problem.ts";
import type { LoadedWorkflow, LoadReport } from "./load-report.ts";
import { bodySlots, uploadsAsPayloads } from "./program-files.ts";
import { fileAt, showPath } from "./source-closure.ts";

export function problemOf(failure: LoadReport["failures"][number], entry: string, base: string): Problem {
  const path = showPath(failure.file ?? entry, base);
  return {
    path: failure.line === undefined ? path : `${path}:${failure.line}`,
    message: failure.message,
    ...(failure.help === undefined ? {} : { help: failure.help }),
  };
}

export function inPlaces(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
}

/** What the parts of a report do not agree on. */
export function problemsOf(report: LoadReport, entry: string, base: string): Problem[] {
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
    for (const { name, code, owner } of handlers) {
      if (code === undefined) {
        const constant = name.replace(/\W+(\w)?/g, (_all, next: string | undefined) => next?.toUpperCase() ?? "");
        problems.push({
          path,
          message: `${owner === undefined ? "" : `class ${owner} of `}handler ${name} of workflow ${id} is not exported, so the process that runs it cannot find it`,
          help: owner === undefined ? `Write export const ${constant} = handler({ name: '${name}' }, …)` : `Write export class ${owner}`,
        });
        continue;
      }
      const place = `${showPath(code.file, base)}#${code.export}${code.method === undefined ? "" : `.${code.method}`}`;
      const known = places.get(name);
      if (known !== undefined && known !== place) problems.push({ path, message: `two handlers are named ${name}: ${known} and ${place}` });
      places.set(name, place);
    }
  }
  return problems;
}

export function mainOf(workflows: readonly LoadedWorkflow[], entry: string): string | undefined {
  const byDefault = workflows.find(({ code }) => code?.file === entry && code.export === "default");
  if (byDefault !== undefined) return byDefault.id;
  const started = new Set(workflows.flatMap(({ children }) => children));
  const [first, ...others] = workflows.filter(({ id }) => !started.has(id));
  return others.length === 0 ? first?.id : undefined;
}

export function noMain(workflows: readonly LoadedWorkflow[], path: string): Problem {
  const ids = workflows.map(({ id }) => id).join(", ");
  return { path, message: `exports several workflows (${ids}), and none is the main one`, help: "Export the main one as default" };
}

/** The folder of the nearest package.json around a file. */
export function packageFolder(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (fileAt(join(folder, "package.json")) !== undefined) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

export function payloadPath(file: string, root: string): string {
  return relative(root, file).split(sep).join("/");
}

/** The handlers of a bundle. `pathOf` says where the code of a file lies in it. */
export function handlersOf(
  report: LoadReport,
  root: string,
  pathOf: (file: string) => string | undefined = (file) => payloadPath(file, root),
): readonly unknown[] {
  const handlers = new Map<string, unknown>();
  for (const name of report.workflows.flatMap(({ served }) => served)) handlers.set(name, { name });
  for (const { name, code } of report.workflows.flatMap((workflow) => workflow.handlers)) {
    const file = code === undefined ? undefined : pathOf(code.file);
    if (code === undefined || file === undefined) continue;
    handlers.set(name, { name, code: { file, export: code.export, ...(code.method === undefined ? {} : { method: code.method }) } });
  }
  return [...handlers.values()];
}

/** A workflow with the places of its nodes and its programs, as files of the bundle. */
export function placed(
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
