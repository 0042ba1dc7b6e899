// What no committed text may hold, whatever its kind: pictures instead of words, the paths of somebody's machine, the
// address of a registry, and references to things that are not in the repository.
import { homedir } from "node:os";
import { lex } from "./lex.mjs";
import { isGenerated } from "./tree.mjs";

// Spelled in pieces, so that this file does not contain what it looks for.
const foreign = "shared";
const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function machinePaths(root) {
  const folders = ["/work", "/root", root, homedir()].filter((path) => path.split("/").length > 2 || /^\/(?:work|root)$/.test(path));
  return new RegExp(`(?<![\\w.$}@~-])(?:${[...new Set(folders)].map(quoted).join("|")})/[\\w.]`, "g");
}

const everywhere = [
  ["emoji", /\p{Emoji_Presentation}|\uFE0F/gu, "an emoji"],
  ["registry-host", /\bregistry\.(?:npm|yarn)[\w.-]*|\b(?:npm|pkg)\.pkg\.[\w.-]+|\bartifactory\b/gi, "the host of a registry"],
  ["outside", new RegExp(`(?<![\\w@./-])(?:\\.\\./|/)*${foreign}/`, "g"), "a folder outside the repository"],
];

const inProse = [["outside", /(?<![\w/])(?:issue|pull request|PR)\s+#?\d+\b|(?<![\w/(&#])#\d{1,5}\b(?![-\w])/gi, "the number of an issue"]];

/** Names of documents in capitals, like README.md, that the repository does not have. */
function* missingDocuments(text, tree) {
  for (const match of text.matchAll(/(?<![\w/.-])(?:[\w-]+\/)*([A-Z][A-Z_-]+\.md)\b/g)) {
    const somewhere = [...tree.texts.keys()].some((path) => path === match[0] || path.endsWith(`/${match[0]}`));
    if (!somewhere) yield { at: match.index, what: `a document that is not there: ${match[0]}` };
  }
}

/** @returns {Iterable<{ rule: string, path: string, at?: number, message: string }>} */
export function* textFaults(tree) {
  const paths = machinePaths(tree.root);
  for (const [path, text] of tree.texts) {
    if (isGenerated(path) || path === "package-lock.json") continue;
    const source = tree.sources.find((file) => file.path === path);
    const fault = (rule, at, what) => ({ rule, path, at, message: `mentions ${what}` });
    for (const [rule, pattern, what] of everywhere) {
      for (const match of text.matchAll(pattern)) yield fault(rule, match.index, what);
    }
    for (const match of text.matchAll(paths)) yield fault("machine-path", match.index, `a path of one machine: ${match[0]}`);
    const prose = path.endsWith(".md") ? [{ text, at: 0 }] : (source?.comments ?? (path.endsWith(".ts") ? lex(text).comments : []));
    for (const part of prose) {
      for (const [rule, pattern, what] of inProse) {
        for (const match of part.text.matchAll(pattern)) yield fault(rule, part.at + match.index, what);
      }
      for (const { at, what } of missingDocuments(part.text, tree)) yield fault("outside", part.at + at, what);
    }
  }
  const lock = tree.texts.get("package-lock.json");
  const address = lock === undefined ? -1 : lock.search(/"resolved": "\w+:\/\//);
  if (address !== -1) yield { rule: "registry-host", path: "package-lock.json", at: address, message: "names a registry" };
}
