/**
 * The files that an authoring file needs, found by reading: itself, and whatever its relative imports
 * lead to. Nothing is run. What a bundle cannot carry is a problem with a file, a line and a way out.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { payloadFileBytesMax } from "@heddle/core";
import type { Problem } from "../problem.ts";
import { type Import, importsOf } from "./scan-imports.ts";

/** The one package that a bundle brings along. */
export const authoringSpecifier = "@heddle/compiler/authoring";

const filesMax = 5_000;
const codeExtensions = new Set([".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"]);

export interface SourceClosure {
  /** By real path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly problems: readonly Problem[];
}

/** How problems name a file: relative to where the author stands. */
export function showPath(path: string, from: string): string {
  return relative(from, path).split(sep).join("/");
}

/** Reads from these files on. `base` is what problems name files relative to. */
export function readClosure(entries: readonly string[], base: string): SourceClosure {
  const files = new Map<string, Uint8Array>();
  const problems: Problem[] = [];
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (files.has(path)) continue;
    const shown = showPath(path, base);
    if (files.size >= filesMax)
      return { files, problems: [...problems, { path: shown, message: `more than ${filesMax} files are imported` }] };
    if (statSync(path).size > payloadFileBytesMax) {
      problems.push({ path: shown, message: `has more than ${payloadFileBytesMax} bytes` });
      continue;
    }
    const bytes = readFileSync(path);
    files.set(path, bytes);
    if (!codeExtensions.has(extname(path))) continue;
    for (const one of importsOf(bytes.toString("utf8"))) {
      const target = targetOf(one, path, `${shown}:${one.line}`, problems);
      if (target !== undefined) open.push(target);
    }
  }
  return { files, problems };
}

/** The file that an import leads to, where it is one that belongs into the bundle. */
function targetOf(one: Import, from: string, place: string, problems: Problem[]): string | undefined {
  if (one.kind === "computed") {
    problems.push({
      path: place,
      message: "imports something that is computed while it runs, which a bundle cannot know",
      help: "Import each file by its literal name: import('./one.ts')",
    });
    return undefined;
  }
  const { specifier } = one;
  if (/^\.{1,2}(?:\/|$)/.test(specifier)) return relativeTarget(specifier, one.kind, from, place, problems);
  if (specifier.startsWith("node:") || isBuiltin(specifier) || specifier === authoringSpecifier || specifier.startsWith("data:"))
    return undefined;
  if (/^(?:\/|[a-z]+:|#)/i.test(specifier)) {
    problems.push({
      path: place,
      message: `imports ${specifier}, which is not a relative path`,
      help: "Import files by a path that starts with ./ or ../, so that they can go into the bundle",
    });
    return undefined;
  }
  problems.push({
    path: place,
    message: `imports the package ${specifier}, which a bundle cannot carry`,
    help: "Use `import type` if only its types are needed; else bundle what you need of it into a file of your own and import that by a relative path, or use what node: offers",
  });
  return undefined;
}

function relativeTarget(
  specifier: string,
  kind: "static" | "dynamic" | "asset",
  from: string,
  place: string,
  problems: Problem[],
): string | undefined {
  const path = fileURLToPath(new URL(specifier, pathToFileURL(from)));
  const real = fileAt(path);
  if (real === undefined) {
    // A path that is read may be one that is yet to be made, or a folder.
    if (kind === "asset") return undefined;
    const near = nearest(path);
    problems.push({
      path: place,
      message: `imports ${specifier}, which does not exist`,
      ...(near === undefined ? {} : { help: `Write ${spelled(from, near)}` }),
    });
    return near;
  }
  if (real.split(sep).includes("node_modules")) {
    problems.push({
      path: place,
      message: `imports ${specifier}, which lies in node_modules`,
      help: "Copy the file next to yours, or bundle it into one of your own",
    });
    return undefined;
  }
  if (/\.[jt]sx$/.test(real)) {
    problems.push({ path: place, message: `imports ${specifier}, and Node does not run JSX`, help: "Compile it to a .js file first" });
    return undefined;
  }
  return real;
}

/** The real path of a file; undefined where there is none. */
export function fileAt(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** What was probably meant: TypeScript and bundlers accept names that Node does not. */
function nearest(path: string): string | undefined {
  const bare = path.replace(/\.[cm]?js$/, "");
  const candidates = [".ts", ".mts", ".js", ".mjs", ".json"].flatMap((end) => [`${bare}${end}`, join(path, `index${end}`)]);
  return candidates.map(fileAt).find((candidate) => candidate !== undefined);
}

function spelled(from: string, target: string): string {
  const path = showPath(target, dirname(from));
  return path.startsWith(".") ? path : `./${path}`;
}
