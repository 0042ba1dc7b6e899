/** `heddle interruptions answer`: a value, of the type that the question wants. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { typeOfQuestion } from "../follow/questions.ts";
import { openQuestion } from "../open-questions.ts";
import { typedText } from "../typed-text.ts";

export const interruptionsAnswer: CommandSpec = {
  name: "interruptions answer",
  args: "<id> <answer>",
  summary: "Answer a question with a value (JSON or text)",
  example: "heddle interruptions answer run_01jd0000000000000000000000/3 '[\"oslo\"]'",
  daemon: true,
  options: [{ flags: "--comment <text>", summary: "a remark for the record" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { args, options, printer } = invocation;
      const comment = options.text("comment");
      const view = await openQuestion(args[0], "interruptions", (request) => client.interruptions.list(request));
      const type = view.answers === undefined ? await typeOfQuestion(client, view.runId, view.node) : ({ kind: view.answers } as const);
      const answer = typedText(args[1] ?? "", type);
      await client.interruptions.answer({ id: view.id, answer, ...(comment === undefined ? {} : { comment }) });
      printer.answer({ id: view.id, answered: true }, () => [`answered ${view.node} of run ${view.runId}`]);
      return 0;
    }),
};
