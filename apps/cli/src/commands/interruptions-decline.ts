/** `heddle interruptions decline`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { openQuestion } from "../open-questions.ts";

export const interruptionsDecline: CommandSpec = {
  name: "interruptions decline",
  args: "<id>",
  summary: "Leave a question without an answer; the workflow goes on where it says what happens then",
  example: 'heddle interruptions decline run_01jd0000000000000000000000/3 --comment "ask ops"',
  daemon: true,
  options: [{ flags: "--comment <text>", summary: "a remark for the record" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const comment = invocation.options.text("comment");
      const view = await openQuestion(invocation.args[0], "interruptions", (request) => client.interruptions.list(request));
      await client.interruptions.decline({ id: view.id, ...(comment === undefined ? {} : { comment }) });
      invocation.printer.answer({ id: view.id, declined: true }, () => [`declined to answer ${view.node} of run ${view.runId}`]);
      return 0;
    }),
};
