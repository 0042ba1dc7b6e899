/** `heddle approvals show`: the call word for word, before anybody says yes to it. */
import { approvalLines } from "../approval-lines.ts";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { openQuestion } from "../open-questions.ts";

export const approvalsShow: CommandSpec = {
  name: "approvals show",
  args: "<id>",
  summary: "Show what waits for a yes, with the call word for word",
  example: "heddle approvals show run_01jd0000000000000000000000/3",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const view = await openQuestion(invocation.args[0], "approvals", (request) => client.approvals.list(request));
      invocation.printer.answer(view, () => approvalLines(view));
      return 0;
    }),
};
