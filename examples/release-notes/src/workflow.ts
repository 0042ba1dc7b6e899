/**
 * Release notes: reads the commits of a git repository, sorts each into a section, composes the notes,
 * shows them to a person, and writes the file once that person has agreed.
 */
import { approval, type HandlerContext, handler, type Path, workflow } from "@heddle/compiler/authoring";
import { classify } from "./classify.ts";
import type { Commit, Entry, History } from "./commit.ts";
import { compose, type Draft, type Notes } from "./compose.ts";
import { type HistoryQuestion, readHistory } from "./git-history.ts";
import { type Written, writeFileOnce } from "./write-file.ts";

export const readCommits = handler(
  { name: "read-commits", label: "Read the commits", timeoutMs: 60_000, retry: { attemptsMax: 3 } },
  async (question: HistoryQuestion, ctx: HandlerContext): Promise<History> => {
    const history = await readHistory(question, ctx.signal);
    ctx.log.info(`read ${history.commits.length} commits of ${history.head ?? "an empty repository"}`, { truncated: history.truncated });
    if (history.shallow) ctx.log.warn("the repository is shallow: older commits may be missing");
    return history;
  },
);

export const classifyCommit = handler({ name: "classify-commit" }, (commit: Commit, ctx: HandlerContext): Entry => {
  const entry = classify(commit);
  ctx.log.debug(`${commit.hash.slice(0, 7)} is ${entry.section}`);
  return entry;
});

export const composeNotes = handler({ name: "compose-notes", template: "reduce" }, (draft: Draft, ctx: HandlerContext): Notes => {
  const notes = compose(draft);
  ctx.log.info(notes.summary, { ...notes.counts });
  return notes;
});

export const writeNotes = handler(
  { name: "write-notes", label: "Write the file", retry: { attemptsMax: 3 } },
  async (input: { output: string; markdown: string }, ctx: HandlerContext): Promise<Written> => {
    const written = await writeFileOnce(input.output, input.markdown, ctx.idempotencyKey);
    ctx.log.info(written.changed ? `wrote ${written.path}` : `${written.path} is up to date`, { bytes: written.bytes });
    return written;
  },
);

interface Input {
  /** A folder in the repository. */
  repo: Path;
  /** The file to write. */
  output: Path;
  /** A tag, branch or commit; without it, the whole history. */
  since?: string;
  /** Commits to read at most, newest first. Default 500. */
  commitsMax?: number;
  /** The heading. Default "Release notes". */
  title?: string;
}

export default workflow(
  { name: "release-notes", description: "Writes release notes from a git history, once a person has agreed" },
  async (input: Input) => {
    const history = await readCommits({ repo: input.repo, since: input.since ?? null, commitsMax: input.commitsMax ?? 500 });
    const entries = await Promise.all(history.commits.map((commit) => classifyCommit(commit)));
    const { head, since, truncated, shallow } = history;
    const notes = await composeNotes({ title: input.title ?? "Release notes", history: { head, since, truncated, shallow }, entries });

    const decision = await approval({
      prompt: `Write release notes to ${input.output}? ${notes.summary}.`,
      details: { summary: notes.summary, counts: notes.counts, authors: notes.authors, markdown: notes.markdown },
    });
    if (!decision.approved) return { written: false };

    const file = await writeNotes({ output: input.output, markdown: notes.markdown });
    return { written: true, path: file.path, bytes: file.bytes, summary: notes.summary };
  },
);
