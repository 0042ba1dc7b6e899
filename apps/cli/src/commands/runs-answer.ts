/** `heddle runs answer`: answers the question of a human node. */
import type { JsonValue, OpenQuestion } from "@heddle/core";
import { type CommandSpec, type Options, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";
import { answerOf, yesOrNo } from "../follow/answers.ts";
import { typeOfQuestion } from "../follow/questions.ts";
import { requiredRunId } from "../typed-ids.ts";
import { typedText } from "../typed-text.ts";

export const runsAnswer: CommandSpec = {
  name: "runs answer",
  args: "<run> [answer]",
  summary: "Answer a question: yes or no to an approval, a value (JSON or text) else",
  example: 'heddle runs answer run_01jd0000000000000000000000 yes --comment "looks good"',
  daemon: true,
  options: [
    { flags: "--node <id>", summary: "the node that asks, where several do" },
    { flags: "--activation <n>", summary: "its activation, where one node asks several times" },
    { flags: "--decline", summary: "decline to answer" },
    { flags: "--comment <text>", summary: "a remark for the record" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { args, options, printer } = invocation;
      const runId = requiredRunId(args[0]);
      const [, text] = args;
      const decline = options.flag("decline");
      if (decline === (text !== undefined)) {
        throw new UsageError(decline ? "--decline takes no answer" : "the answer is missing", `write: heddle runs answer ${runId} yes`);
      }
      const node = options.text("node");
      const activation = options.count("activation", 1, Number.MAX_SAFE_INTEGER);
      const comment = options.text("comment");
      const { questions } = await client.runs.get({ runId });
      const question = theOne(questions, node, activation);
      let answer: JsonValue | undefined;
      if (text !== undefined) {
        // Without a question the runtime refuses, and says why.
        if (question === undefined) answer = yesOrNo(text) ?? typedText(text, undefined);
        else
          answer = answerOf(
            text,
            question.mode,
            question.mode === "answer" ? await typeOfQuestion(client, runId, question.node) : undefined,
          );
      }
      await client.runs.answer({
        runId,
        ...whichOf(question, node, options),
        ...(answer === undefined ? {} : { answer }),
        ...(comment === undefined ? {} : { comment }),
      });
      const of = question?.node ?? node;
      printer.answer({ runId, ...(of === undefined ? {} : { node: of }), answered: true }, () => [
        `${decline ? "declined to answer" : "answered"}${of === undefined ? "" : ` ${of}`} of run ${runId}`,
      ]);
      return 0;
    }),
};

/** The question that is meant. Errors: `UsageError` where several are. */
function theOne(questions: readonly OpenQuestion[], node: string | undefined, activation: number | undefined): OpenQuestion | undefined {
  const meant = questions.filter(
    (one) => (node === undefined || one.node === node) && (activation === undefined || one.activation === activation),
  );
  const [first, ...others] = meant;
  if (others.length === 0) return first;
  const each = meant.map((one) => `--activation ${one.activation} (${one.node}: ${one.prompt})`).join(", ");
  throw new UsageError("several questions are open", `say which one is meant: ${each}`);
}

function whichOf(question: OpenQuestion | undefined, node: string | undefined, options: Options): { node?: string; activation?: number } {
  if (question !== undefined) return { activation: question.activation };
  const activation = options.count("activation", 1, Number.MAX_SAFE_INTEGER);
  return { ...(node === undefined ? {} : { node }), ...(activation === undefined ? {} : { activation }) };
}
