// Reads the repository once: every text file, and for source files what is code and what they import.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { importsOf, lex } from "./lex.mjs";

const skippedFolders = new Set(["node_modules", "dist", ".git", ".turbo", ".heddle", "coverage"]);
const skippedPaths = new Set(["benchmarks/results/local"]);
const textFile = /\.(?:ts|tsx|mts|js|mjs|cjs|json|md|proto|ya?ml|sh|html|css|nemo|heddle)$|(?:^|\/)(?:run|LICENSE)$/;
const sourceFile = /\.(?:ts|tsx|mts|js|mjs)$/;
const sourceRoots = /^(?:packages|apps|plugins|examples|tests|benchmarks|scripts)\//;

function walk(root, folder, found) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name) && !skippedPaths.has(path)) walk(root, path, found);
    } else if (entry.isFile() && textFile.test(path)) found.push(path);
  }
  return found;
}

/** The folder of the workspace package that a path belongs to, or undefined. */
export function packageOf(path) {
  const deep = /^(?:packages|apps|plugins|examples|tests)\/[^/]+(?=\/)/.exec(path);
  if (deep) return deep[0];
  return /^(?:benchmarks|scripts)(?=\/)/.exec(path)?.[0];
}

export const isTest = (path) => /\.test\.tsx?$/.test(path);
export const isGenerated = (path) => path.startsWith("packages/wire/src/gen/");
export const isFixture = (path) => /(?:^|\/)fixtures\//.test(path);

/** What a relative import means, as a path of the repository; TypeScript and JavaScript spellings both resolve. */
function resolveRelative(from, specifier, present) {
  const target = posix.normalize(posix.join(posix.dirname(from), specifier));
  const stem = target.replace(/\.(?:js|mjs|jsx)$/, "");
  const candidates = [target, `${stem}.ts`, `${stem}.tsx`, `${stem}.mts`, `${target}.ts`, `${target}/index.ts`];
  return candidates.find((candidate) => present.has(candidate)) ?? target;
}

/**
 * @typedef {{ path: string, source: string, code: string, lines: number, package: string | undefined,
 *   comments: { text: string, at: number }[],
 *   imports: { specifier: string, target: string, relative: boolean, typeOnly: boolean, at: number }[] }} SourceFile
 */

/** @returns {{ root: string, texts: Map<string, string>, sources: SourceFile[], manifests: Map<string, any> }} */
export function readTree(root) {
  const paths = walk(root, "", []);
  const texts = new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
  const present = new Set(paths);
  const sources = [];
  for (const path of paths) {
    if (!sourceFile.test(path) || !sourceRoots.test(path) || isGenerated(path) || isFixture(path)) continue;
    const source = texts.get(path);
    const { code, comments } = lex(source);
    const imports = importsOf(source, code).map((found) => {
      const relative = found.specifier.startsWith(".");
      const builtin = !relative && !found.specifier.startsWith("node:") && isBuiltin(found.specifier);
      const target = relative ? resolveRelative(path, found.specifier, present) : `${builtin ? "node:" : ""}${found.specifier}`;
      return { ...found, relative, target };
    });
    const lines = source.split("\n").length - (source.endsWith("\n") ? 1 : 0);
    sources.push({ path, source, code, comments, imports, lines, package: packageOf(path) });
  }
  const manifests = new Map();
  for (const path of paths) {
    if (posix.basename(path) !== "package.json" || isFixture(path)) continue;
    manifests.set(posix.dirname(path), JSON.parse(texts.get(path)));
  }
  return { root, texts, sources, manifests, exists: (path) => existsSync(join(root, path)) };
}
