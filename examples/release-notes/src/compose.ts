/** The notes themselves, as Markdown. Pure: the same entries give the same text. */
import { type Entry, type Section, type Stretch, sections } from "./commit.ts";

/** What the notes are made of. */
export interface Draft {
  readonly title: string;
  readonly history: Stretch;
  readonly entries: readonly Entry[];
}

/** The notes, and what a person needs to know before agreeing to them. */
export interface Notes {
  readonly markdown: string;
  /** One line: how many changes, by how many people, of what. */
  readonly summary: string;
  readonly counts: Readonly<Record<Section, number>>;
  readonly authors: readonly { readonly name: string; readonly changes: number }[];
}

const headings: Readonly<Record<Section, string>> = {
  breaking: "Breaking changes",
  features: "Features",
  fixes: "Fixes",
  performance: "Performance",
  documentation: "Documentation",
  maintenance: "Maintenance",
};

/** Composes the notes: a summary, the sections that have entries, and the authors. */
export function compose({ title, history, entries }: Draft): Notes {
  const authors = authorsOf(entries);
  const summary = summaryOf(history, entries, authors.length);
  const bySection = sections.map((section) => [section, entries.filter((entry) => entry.section === section)] as const);
  const lines = [`# ${escaped(title)}`, "", `${escaped(summary)}.`];
  if (history.truncated) lines.push("", `Only the newest ${entries.length} changes are listed.`);
  if (history.shallow) lines.push("", "The repository is a shallow copy: older changes may be missing.");
  for (const [section, inSection] of bySection) {
    if (inSection.length > 0) lines.push("", `## ${headings[section]} (${inSection.length})`, "", ...inSection.map(lineOf));
  }
  if (authors.length > 0) lines.push("", "## Authors", "", ...authors.map(({ name, changes }) => `- ${escaped(name)} (${changes})`));
  return {
    markdown: `${lines.join("\n")}\n`,
    summary,
    counts: Object.fromEntries(bySection.map(([section, { length }]) => [section, length])) as Record<Section, number>,
    authors,
  };
}

function summaryOf(history: Stretch, entries: readonly Entry[], people: number): string {
  const since = history.since === null ? "" : ` since ${history.since}`;
  if (history.head === null) return "No changes: the repository has no commits";
  if (entries.length === 0) return `No changes on ${history.head}${since}`;
  return `${counted(entries.length, "change", "changes")} by ${counted(people, "person", "people")} on ${history.head}${since}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Most changes first, then by name. */
function authorsOf(entries: readonly Entry[]): Notes["authors"] {
  const changes = new Map<string, number>();
  for (const { author } of entries) changes.set(author, (changes.get(author) ?? 0) + 1);
  return [...changes]
    .map(([name, count]) => ({ name, changes: count }))
    .sort((a, b) => b.changes - a.changes || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function lineOf({ scope, subject, author, hash }: Entry): string {
  return `- ${scope === null ? "" : `**${escaped(scope)}:** `}${escaped(subject)} (${escaped(author)}, ${hash.slice(0, 7)})`;
}

/** Text as it is in Markdown; what stands in backticks already is left alone. */
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.length > 1 && part.startsWith("`") && part.endsWith("`") ? part : part.replace(/[\\`*_[\]<>]/g, "\\$&")))
    .join("");
}
