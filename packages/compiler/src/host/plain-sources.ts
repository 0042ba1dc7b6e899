/**
 * What an authoring file is made of, as far as reading tells: for tools that show its diagnostics in their place, and for
 * those that watch it. Nothing is run.
 */
import { dirname, join, resolve } from "node:path";
import { createDiagnosticList, type Diagnostic } from "../diagnostics/index.ts";
import { declaresWorkflows, isTypeScript } from "../frontends/typescript/compile-typescript.ts";
import { readPlainClosure } from "./plain-closure.ts";
import { packageFolder } from "./report-parts.ts";
import { fileAt } from "./source-closure.ts";

export interface PlainSources {
  /** The text of each source by its real path: the file first, then what its relative imports lead to. */
  readonly files: ReadonlyMap<string, string>;
  /** Every path that they refer to, whether something is there or not. */
  readonly referred: readonly string[];
  /** What is wrong with the imports. Spans name files by their real paths. */
  readonly diagnostics: readonly Diagnostic[];
  /** It declares workflows in plain TypeScript, which `compile` reads. */
  readonly plain: boolean;
  /** The folder that the paths of a bundle are relative to. */
  readonly folder: string;
}

/** Reads a .ts or .js file and what it imports; undefined where it is not there. */
export function readPlainSources(path: string): PlainSources | undefined {
  const entry = fileAt(resolve(path));
  if (entry === undefined || !isTypeScript(entry)) return undefined;
  const folder = packageFolder(entry) ?? dirname(entry);
  const diagnostics = createDiagnosticList();
  const own = [...readPlainClosure(entry, folder, diagnostics)];
  const referred = own.flatMap(([file, { module }]) =>
    (module?.references ?? []).flatMap(({ kind, specifier }) =>
      kind !== "computed" && /^\.{1,2}(?:\/|$)/.test(specifier) ? [resolve(dirname(file), specifier)] : [],
    ),
  );
  const files = new Map(own.flatMap(([file, { source }]) => (isTypeScript(file) ? [[file, source.text] as const] : [])));
  return {
    files,
    referred: [...new Set(referred)],
    diagnostics: diagnostics.all().map(({ span, ...rest }) => ({
      ...rest,
      ...(span === undefined ? {} : { span: { ...span, file: join(folder, ...span.file.split("/")) } }),
    })),
    plain: declaresWorkflows(files.get(entry) ?? ""),
    folder,
  };
}
