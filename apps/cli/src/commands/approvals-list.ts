/** `heddle approvals list`. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { pageLimit, readPages } from "../pages.ts";
import { shortened } from "../printer.ts";
import { requiredRunId } from "../typed-ids.ts";

export const approvalsList: CommandSpec = {
  name: "approvals list",
  summary: "List what waits for somebody's yes, oldest first",
  example: "heddle approvals list",
  daemon: true,
  options: [
    { flags: "--run <run>", summary: "those of one run" },
    { flags: "--limit <n>", summary: "at most so many (50)" },
    { flags: "--all", summary: "all of them" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const run = options.text("run");
      const of = run === undefined ? {} : { runId: requiredRunId(run) };
      const page = await readPages(pageLimit(options), (request) => client.approvals.list({ ...of, ...request }));
      printer.list(page, ["id", "workflow", "node", "tool", "may", "asked", "asks"], (view) => [
        view.id,
        view.workflow,
        view.node,
        view.call?.tool ?? "",
        view.call?.permission ?? "",
        formatInstant(view.askedAtMs),
        shortened(view.prompt, 80),
      ]);
      return 0;
    }),
};
