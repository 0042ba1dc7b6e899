/** `heddle approvals reject`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { openQuestion } from "../open-questions.ts";

export const approvalsReject: CommandSpec = {
  name: "approvals reject",
  args: "<id>",
  summary: "Say no; the workflow goes on where it says what happens then",
  example: 'heddle approvals reject run_01jd0000000000000000000000/3 --comment "not today"',
  daemon: true,
  options: [{ flags: "--comment <text>", summary: "a remark for the record" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const comment = invocation.options.text("comment");
      const view = await openQuestion(invocation.args[0], "approvals", (request) => client.approvals.list(request));
      await client.approvals.reject({ id: view.id, ...(comment === undefined ? {} : { comment }) });
      invocation.printer.answer({ id: view.id, rejected: true }, () => [`rejected ${view.node} of run ${view.runId}`]);
      return 0;
    }),
};
