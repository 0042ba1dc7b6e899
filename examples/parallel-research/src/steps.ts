/** The steps of the research: ordinary code, each testable by itself. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type HandlerContext, handler, type Path } from "@heddle/compiler/authoring";

export interface Finding {
  source: string;
  sentences: string[];
  /** Why nothing could be read. */
  problem: string | null;
}

export interface Report {
  summary: string;
  words: number;
  problems: string[];
}

export interface Outcome extends Report {
  /** Drafts that the reviewer has seen. */
  rounds: number;
  accepted: boolean;
}

export interface Verdict {
  accepted: boolean;
}

/** Words that a report may have. */
export const wordsMax = 60;

const smallWords: ReadonlySet<string> = new Set(["about", "does", "from", "have", "that", "there", "what", "when", "which", "with"]);

/** The words of a question that tell what it is about. */
export const termsOf = handler({ name: "terms" }, async (question: string): Promise<string[]> => {
  const words = question.toLowerCase().match(/\p{L}{4,}/gu) ?? [];
  return [...new Set(words)].filter((word) => !smallWords.has(word));
});

/** The Markdown files of a folder, by name. */
export const listSources = handler({ name: "sources" }, async (folder: Path): Promise<string[]> => {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith(".md")).sort();
});

/**
 * What a source says about some terms. One that is empty is still being written: it is read again, three times in all.
 */
export const readSource = handler(
  { name: "read-source", retry: { attemptsMax: 3, delayMs: 100, factor: 1, jitter: 0 } },
  async (input: { folder: Path; source: string; terms: string[] }, ctx: HandlerContext): Promise<Finding> => {
    const text = await readFile(join(input.folder, input.source), "utf8");
    if (text.trim() === "") throw Object.assign(new TypeError(`${input.source} is empty`), { code: "source-empty" });
    const sentences = text
      .split("\n")
      .filter((line) => !line.startsWith("#"))
      .join(" ")
      .split(/(?<=[.!?])\s+/)
      .map((sentence) => sentence.trim())
      .filter((sentence) => input.terms.some((term) => sentence.toLowerCase().includes(term)));
    ctx.log.info(`${input.source}: ${sentences.length} sentences`);
    return { source: input.source, sentences, problem: null };
  },
);

/** A report of what was found, with so many sentences of each source. */
export const compose = handler(
  { name: "compose" },
  async (input: { question: string; findings: Finding[]; sentencesMax: number }): Promise<Report> => {
    const lines = input.findings
      .filter(({ sentences }) => sentences.length > 0)
      .map(({ source, sentences }) => `- ${sentences.slice(0, input.sentencesMax).join(" ")} (${source})`);
    const summary = [input.question, ...(lines.length === 0 ? ["Nothing was found."] : lines)].join("\n");
    const problems = input.findings.flatMap(({ problem }) => (problem === null ? [] : [problem]));
    return { summary, words: summary.split(/\s+/).length, problems };
  },
);

/** A report that is too long goes back. */
export const review = handler({ name: "reviewer" }, async (report: Report): Promise<Verdict> => ({ accepted: report.words <= wordsMax }));
