/** Which section a commit belongs to, and how it reads there. Pure: rules over its message. */
import type { Commit, Entry, Section } from "./commit.ts";

const byPrefix: Readonly<Record<string, Section>> = {
  feat: "features",
  feature: "features",
  fix: "fixes",
  bugfix: "fixes",
  hotfix: "fixes",
  security: "fixes",
  perf: "performance",
  docs: "documentation",
  doc: "documentation",
  chore: "maintenance",
  build: "maintenance",
  ci: "maintenance",
  deps: "maintenance",
  refactor: "maintenance",
  revert: "maintenance",
  style: "maintenance",
  test: "maintenance",
  tests: "maintenance",
};

/** For messages without a prefix; the first rule that matches decides. */
const byKeyword: readonly (readonly [RegExp, Section])[] = [
  [/\b(?:readme|changelog|docs?|documentation|typos?|comments?)\b/i, "documentation"],
  [/^(?:bump|upgrade|update dep|release|merge|revert|rename|move|reformat|clean)/i, "maintenance"],
  [/\b(?:fix(?:e[sd])?|bugs?|crash(?:es|ed)?|regressions?|leaks?|correct(?:s|ed)?|wrong(?:ly)?)\b/i, "fixes"],
  [/\b(?:perf(?:ormance)?|faster|speed(?:s|ed)? ?up|optimi[sz]e[sd]?|cach(?:e[sd]?|ing))\b/i, "performance"],
  [/^(?:add|allow|enable|implement|introduce|let|provide|support)(?:s|ed)?\b/i, "features"],
];

const subjectCharactersMax = 120;

/** Classifies a commit by its conventional prefix, or else by the words of its subject. */
export function classify(commit: Commit): Entry {
  const prefixed = /^([a-z]+)(?:\(([^()]{1,60})\))?(!)?:\s+(\S.*)$/i.exec(commit.subject.trim());
  const known = prefixed === null ? undefined : byPrefix[prefixed[1]?.toLowerCase() ?? ""];
  const breaking = prefixed?.[3] === "!" || /^BREAKING[ -]CHANGES?:/m.test(commit.body) || /\bbreaking change\b/i.test(commit.subject);
  const takesPrefixOff = known !== undefined || prefixed?.[3] === "!";
  const subject = takesPrefixOff ? (prefixed?.[4] ?? "") : commit.subject;
  return {
    section: breaking ? "breaking" : (known ?? byWords(commit.subject)),
    subject: humanSubject(subject),
    scope: takesPrefixOff ? (prefixed?.[2]?.trim() ?? null) : null,
    author: commit.author,
    hash: commit.hash,
    date: commit.date,
  };
}

function byWords(subject: string): Section {
  return byKeyword.find(([words]) => words.test(subject))?.[1] ?? "maintenance";
}

/** One line without a final stop that starts with a capital, unless its first word is a name in code. */
export function humanSubject(subject: string): string {
  const line = subject.replace(/\s+/g, " ").trim().replace(/\.+$/, "");
  if (line === "") return "No subject";
  const first = line.split(" ")[0] ?? "";
  const isCode = /[A-Z_./()`]|\d|:./.test(first.slice(1));
  const capital = isCode ? line : line.charAt(0).toUpperCase() + line.slice(1);
  const characters = [...capital];
  return characters.length > subjectCharactersMax
    ? `${characters
        .slice(0, subjectCharactersMax - 1)
        .join("")
        .trimEnd()}…`
    : capital;
}
