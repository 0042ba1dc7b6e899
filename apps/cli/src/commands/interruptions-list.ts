/** `heddle interruptions list`. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { pageLimit, readPages } from "../pages.ts";
import { shortened } from "../printer.ts";
import { requiredRunId } from "../typed-ids.ts";

export const interruptionsList: CommandSpec = {
  name: "interruptions list",
  summary: "List questions that wait for a value, oldest first",
  example: "heddle interruptions list",
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
      const page = await readPages(pageLimit(options), (request) => client.interruptions.list({ ...of, ...request }));
      printer.list(page, ["id", "workflow", "node", "asked", "asks"], (view) => [
        view.id,
        view.workflow,
        view.node,
        formatInstant(view.askedAtMs),
        shortened(view.prompt, 80),
      ]);
      return 0;
    }),
};
