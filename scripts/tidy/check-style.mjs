// How a source file is written: types that hide nothing, errors with codes, chosen surfaces, names, size, a first word.
import { posix } from "node:path";
import { closingBracket } from "./lex.mjs";
import { limits } from "./rules.mjs";
import { isFixture, isTest } from "./tree.mjs";

const inPackageSource = (path) => /^(?:packages|apps|plugins)\/[^/]+\/src\//.test(path);
const isConfig = (path) => /\.config\.(?:ts|mts|js|mjs)$/.test(path);
const isTypeScript = (path) => /\.(?:ts|tsx|mts)$/.test(path);

const emptyNames = new Set(["util", "utils", "helper", "helpers", "common", "misc", "impl"]);
const goodName = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|system|host|bench|config|d))*\.(?:ts|tsx|mts|js|mjs)$/;

function* matchesOf(file, rule, pattern, message) {
  for (const match of file.code.matchAll(pattern)) yield { rule, path: file.path, at: match.index, message };
}

function* typeFaults(file) {
  if (!isTypeScript(file.path)) return;
  const typePosition = /(?:[:<,|&=([]|=>|\b(?:as|extends|is|readonly|keyof))\s*any\b(?!\s*[?]?[:(.=])/g;
  yield* matchesOf(file, "any", typePosition, "any hides what the value is; use unknown and parse it");
  yield* matchesOf(file, "any", /\bz\.any\s*\(/g, "a schema of any gives the type any; use unknown");
  for (const comment of file.comments) {
    const banned = isTest(file.path) ? /@ts-(?:ignore|nocheck)/ : /@ts-(?:ignore|nocheck|expect-error)/;
    const match = banned.exec(comment.text);
    if (match) yield { rule: "ts-ignore", path: file.path, at: comment.at, message: `${match[0]} silences the compiler` };
  }
}

/** TypeScript 7.0 drops the brackets of `new (x as T).C()` and emits a call of the wrong thing, without an error. */
function* emitBugFaults(file) {
  if (!isTypeScript(file.path)) return;
  for (const match of file.code.matchAll(/\bnew\s*\(/g)) {
    const open = match.index + match[0].length - 1;
    const close = closingBracket(file.code, open);
    if (close === -1 || /^\s*(?:=>|:)/.test(file.code.slice(close + 1, close + 20))) continue;
    if (/\s(?:as|satisfies)\s|^\s*</.test(file.code.slice(open + 1, close))) {
      const message = "the compiler emits `new (x as T)` wrongly; bind the class to a const first";
      yield { rule: "emit-bug", path: file.path, at: match.index, message };
    }
  }
}

function* surfaceFaults(file) {
  if (!inPackageSource(file.path) || isTest(file.path)) return;
  if (posix.basename(file.path) === "index.ts") {
    yield* matchesOf(file, "export-star", /\bexport\s+(?:type\s+)?\*/g, "name what is exported, one by one");
  }
  if (!isConfig(file.path)) {
    const pattern = /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g;
    yield* matchesOf(file, "default-export", pattern, "a default export has no name to choose");
  }
  const bareError = /(?<![.\w$])(?:new\s+)?(?:Error|TypeError|RangeError|AggregateError|SyntaxError)\s*\(/g;
  yield* matchesOf(file, "bare-error", bareError, "raise an error with a registered code");
}

function* namingFaults(file) {
  const name = posix.basename(file.path);
  if (!goodName.test(name)) yield { rule: "file-name", path: file.path, message: "is not in kebab-case" };
  const stem = name.slice(0, name.indexOf("."));
  const lastWord = stem.slice(stem.lastIndexOf("-") + 1);
  const folders = posix.dirname(file.path).split("/").slice(2);
  const empty = [...(emptyNames.has(lastWord) ? [stem] : []), ...folders.filter((folder) => emptyNames.has(folder))];
  for (const word of empty) yield { rule: "file-name", path: file.path, message: `"${word}" says nothing about its contents` };
}

function* sizeFaults(file) {
  const daemon = file.path.startsWith("apps/daemon/src/");
  const cap = isTest(file.path) ? limits.linesPerTestFile : daemon ? limits.linesPerDaemonFile : limits.linesPerFile;
  if (file.lines > cap) yield { rule: "file-length", path: file.path, message: `${file.lines} lines, at most ${cap}` };
}

function* headerFaults(file) {
  if (file.lines <= limits.linesWithoutHeader || isTest(file.path)) return;
  const start = file.source.replace(/^#![^\n]*\n/, "").trimStart();
  if (!start.startsWith("//") && !start.startsWith("/*")) {
    yield { rule: "header", path: file.path, message: "opens without a word about what it is" };
  }
}

/** A note of unfinished work names, in brackets, the file of the repository where it is tracked. */
function* todoFaults(file, tree) {
  for (const comment of file.comments) {
    for (const match of comment.text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b(?:\(([^)]*)\))?/g)) {
      const place = match[1]?.split("#")[0];
      if (place === undefined || place === "" || !tree.exists(place)) {
        const message = "unfinished work that is tracked nowhere; write TODO(path/of/the/list)";
        yield { rule: "todo", path: file.path, at: comment.at + match.index, message };
      }
    }
  }
}

/** @returns {Iterable<{ rule: string, path: string, at?: number, message: string }>} */
export function* styleFaults(tree) {
  for (const file of tree.sources) {
    if (isFixture(file.path)) continue;
    yield* typeFaults(file);
    yield* emitBugFaults(file);
    yield* surfaceFaults(file);
    yield* namingFaults(file);
    yield* sizeFaults(file);
    yield* headerFaults(file);
    yield* todoFaults(file, tree);
  }
}
