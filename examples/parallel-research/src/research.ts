import { type Path, workflow } from "@heddle/compiler/authoring";
import { compose, type Finding, listSources, type Outcome, readSource, review, termsOf } from "./steps.ts";

interface Input {
  question: string;
  /** A folder with Markdown files. */
  folder: Path;
  /** Sentences that a report may have for each source, before the reviewer wants fewer. Default 3. */
  sentencesMax?: number;
}

export default workflow({ name: "parallel-research" }, async (input: Input): Promise<Outcome> => {
  // What the question is about, and where to look, are found at the same time.
  const [terms, sources] = await Promise.all([termsOf(input.question), listSources(input.folder)]);

  // One step for each source, all at the same time. One that cannot be read is a finding as well.
  const findings = await Promise.all(
    sources.map(async (source): Promise<Finding> => {
      try {
        return await readSource({ folder: input.folder, source, terms });
      } catch (error) {
        return { source, sentences: [], problem: (error as Error).message };
      }
    }),
  );

  let sentencesMax = input.sentencesMax ?? 3;
  let report = await compose({ question: input.question, findings, sentencesMax });
  let verdict = await review(report);
  let rounds = 1;
  while (!verdict.accepted && sentencesMax > 1) {
    sentencesMax -= 1;
    report = await compose({ question: input.question, findings, sentencesMax });
    verdict = await review(report);
    rounds += 1;
  }
  return { summary: report.summary, words: report.words, problems: report.problems, rounds, accepted: verdict.accepted };
});
