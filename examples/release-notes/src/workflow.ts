/**
 * Release notes: reads the commits of a git repository, sorts each into a section, composes the notes,
 * shows them to a person, and writes the file once that person has agreed.
 */
import { buildWorkflow, type HandlerContext, handler, not, t, text } from "@heddle/compiler/authoring";
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

export default buildWorkflow(
  {
    id: "release-notes",
    description: "Writes release notes from a git history, once a person has agreed",
    input: {
      repo: t.describe(t.path, "A folder in the repository"),
      output: t.describe(t.path, "The file to write"),
      since: t.describe(t.optional(t.string), "A tag, branch or commit; without it, the whole history"),
      commitsMax: t.describe(t.default(t.number, 500), "Commits to read at most, newest first"),
      title: t.default(t.string, "Release notes"),
    },
  },
  (b, input) => {
    const history = b.call(readCommits, { repo: input.repo, since: input.since, commitsMax: input.commitsMax });
    const entries = b.map(history.commits, { id: "classify", concurrencyMax: 16 }, (commit, b) => b.call(classifyCommit, commit));
    const { head, since, truncated, shallow } = history;
    const notes = b.call(composeNotes, { title: input.title, history: { head, since, truncated, shallow }, entries });
    b.query("summary", notes.summary);

    const decision = b.approve({
      id: "approve",
      prompt: text`Write release notes to ${input.output}? ${notes.summary}.`,
      details: { summary: notes.summary, counts: notes.counts, authors: notes.authors, markdown: notes.markdown },
    });
    b.branch(not(decision.approved), (b) => b.return({ written: false }));

    const file = b.call(writeNotes, { output: input.output, markdown: notes.markdown });
    return { written: true, path: file.path, bytes: file.bytes, summary: notes.summary };
  },
);
