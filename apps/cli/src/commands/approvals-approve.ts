/**
 * `heddle approvals approve`: shows what it says yes to, and sends the hash of what it showed. A call that became
 * another one in between is refused by the daemon, not approved by mistake.
 */
import { approvalLines } from "../approval-lines.ts";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { openQuestion } from "../open-questions.ts";
import { requiredHash } from "../typed-ids.ts";

export const approvalsApprove: CommandSpec = {
  name: "approvals approve",
  args: "<id>",
  summary: "Say yes; the id may be shortened, or that of a run which asks one thing",
  example: 'heddle approvals approve run_01jd0000000000000000000000/3 --comment "looks good"',
  daemon: true,
  options: [
    { flags: "--hash <hash>", summary: "the call that was seen before; another one is refused" },
    { flags: "--comment <text>", summary: "a remark for the record" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { args, options, printer } = invocation;
      const comment = options.text("comment");
      const seen = options.text("hash");
      const view = await openQuestion(args[0], "approvals", (request) => client.approvals.list(request));
      const hash = seen === undefined ? view.call?.hash : requiredHash(seen, "a call", "see it: heddle approvals show <id>");
      if (!printer.json) for (const line of approvalLines(view)) printer.note(line);
      await client.approvals.approve({
        id: view.id,
        ...(hash === undefined ? {} : { hash }),
        ...(comment === undefined ? {} : { comment }),
      });
      printer.answer({ id: view.id, approved: true, ...(hash === undefined ? {} : { hash }) }, () => [
        `approved ${view.node} of run ${view.runId}`,
      ]);
      return 0;
    }),
};
