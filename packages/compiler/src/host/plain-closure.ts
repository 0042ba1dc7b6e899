/**
 * The author's own files that a plain workflow is read from: its file, and whatever relative imports lead to, imports of
 * types included. Nothing is run. What code imports and nobody could find is a diagnostic in its place, all at once.
 */
import { readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { payloadFileBytesMax } from "@heddle/core";
import { isCode, type ModuleSource, type Reference, readModule } from "../backends/package/module-source.ts";
import { createSourceText, type DiagnosticList, type SourceText } from "../diagnostics/index.ts";
import { liesBelow, pathFrom } from "./package-files.ts";
import { fileAt } from "./source-closure.ts";

const filesMax = 5_000;

export interface OwnFile {
  readonly bytes: Uint8Array;
  /** Named relative to the package folder. */
  readonly source: SourceText;
  /** Undefined where it is no code, or does not parse. */
  readonly module: ModuleSource | undefined;
}

/** Reads from the entry on. Files by real path. */
export function readPlainClosure(entry: string, base: string, diagnostics: DiagnosticList): ReadonlyMap<string, OwnFile> {
  const files = new Map<string, OwnFile>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (files.has(path)) continue;
    const shown = pathFrom(base, path);
    const bytes = files.size >= filesMax ? `more than ${filesMax} files are imported` : readBounded(path, shown);
    if (typeof bytes === "string") {
      diagnostics.report("HD3807", {
        path: shown,
        message: bytes,
        reason: `A bundle carries at most ${filesMax} files of code, of ${payloadFileBytesMax} bytes each.`,
        help: "make it readable, import less of it, or serve the handler from a worker",
      });
      if (files.size >= filesMax) break;
      continue;
    }
    const file = ownFileOf(path, shown, bytes);
    const { source } = file;
    files.set(path, file);
    for (const reference of file.module?.references ?? []) {
      const target = targetOf(reference, path, base, source, diagnostics);
      if (target !== undefined) open.push(target);
    }
  }
  return files;
}

/** A file of the author's, read as what it is. `shown`: its path from the package folder on. */
export function ownFileOf(path: string, shown: string, bytes: Uint8Array): OwnFile {
  const source = createSourceText(shown, new TextDecoder().decode(bytes));
  return { bytes, source, module: isCode(path) ? readModule(path, source.text) : undefined };
}

/** The bytes of a file, or what is wrong with it. */
export function readBounded(path: string, shown: string): Uint8Array | string {
  try {
    const { size } = statSync(path);
    return size > payloadFileBytesMax ? `\`${shown}\` has ${size} bytes` : readFileSync(path);
  } catch (error) {
    return `\`${shown}\` cannot be read (${String((error as { readonly code?: unknown }).code)})`;
  }
}

/** The author's file that a reference leads to. */
function targetOf(reference: Reference, from: string, base: string, source: SourceText, diagnostics: DiagnosticList): string | undefined {
  const { kind, specifier, start, end } = reference;
  const span = source.span(start, end);
  if (kind === "asset") return undefined;
  if (kind === "computed") {
    diagnostics.report("HD3804", {
      span,
      message: "what is imported here is computed while it runs",
      reason: "A bundle carries what its code imports, and nobody knows this before it runs.",
      help: 'import each file by its literal name: `import("./one.ts")`',
    });
    return undefined;
  }
  if (isBuiltin(specifier) || specifier.startsWith("data:")) return undefined;
  if (/^(?:\/|file:)/.test(specifier)) {
    diagnostics.report("HD3803", {
      span,
      message: `\`${specifier}\` is a place on this machine`,
      reason: "A bundle runs on other machines, so that its code imports what comes along.",
      help: "import it by a path that starts with `./` or `../`",
    });
    return undefined;
  }
  if (!/^\.{1,2}(?:\/|$)/.test(specifier)) return undefined;
  const path = fileURLToPath(new URL(specifier, pathToFileURL(from)));
  const real = ownFileAt(path, kind === "require");
  if (real === undefined) {
    if (kind === "type") return undefined;
    const near = nearest(path);
    diagnostics.report("HD3801", {
      span,
      message: `\`${specifier}\` does not exist`,
      reason: "A bundle carries what its code imports.",
      help: near === undefined ? "mend the path, or make the file" : `write \`${spelled(from, near)}\``,
    });
    return undefined;
  }
  const shown = pathFrom(base, real);
  if (liesBelow(real, base) && !shown.split("/").includes("node_modules")) return real;
  if (kind === "type") return undefined;
  const packaged = real.split(sep).includes("node_modules");
  diagnostics.report("HD3803", {
    span,
    message: packaged ? `\`${specifier}\` leads into node_modules` : `\`${specifier}\` leads out of the package folder`,
    reason: packaged
      ? "Where packages are installed differs from machine to machine."
      : "A bundle holds the folder of the nearest package.json, and names its files from there.",
    help: packaged
      ? "import it by the name of its package"
      : "move the file into the package folder, make it a package of its own and import that by name, or put a package.json into the folder that both share",
  });
  return undefined;
}

/** A name that TypeScript accepts for a source: `./a.js` is `./a.ts` where there is no `./a.js`. */
function ownFileAt(path: string, loosely: boolean): string | undefined {
  const typed = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  return fileAt(path) ?? (typed === path ? undefined : fileAt(typed)) ?? (loosely ? nearest(path) : undefined);
}

/** What was probably meant. */
function nearest(path: string): string | undefined {
  const bare = path.replace(/\.[cm]?[jt]sx?$/, "");
  const ends = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".json"];
  return ends
    .flatMap((end) => [`${path}${end}`, `${bare}${end}`, join(path, `index${end}`)])
    .filter((candidate) => extname(candidate) !== "")
    .map(fileAt)
    .find((candidate) => candidate !== undefined);
}

function spelled(from: string, target: string): string {
  const path = pathFrom(dirname(from), target);
  return path.startsWith(".") ? path : `./${path}`;
}
