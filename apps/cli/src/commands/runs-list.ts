/** `heddle runs list`. */
import { formatDuration, formatInstant, RunStatus, type RunSummary } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { pageLimit, readPages } from "../pages.ts";
import { colourOfStatus } from "../style.ts";

export const runsList: CommandSpec = {
  name: "runs list",
  summary: "List runs, newest first",
  example: "heddle runs list --status waiting",
  daemon: true,
  options: [
    { flags: "--status <status>", summary: `one of ${RunStatus.options.join(", ")}` },
    { flags: "--workflow <id>", summary: "runs of this workflow" },
    { flags: "--limit <n>", summary: "at most so many (50)" },
    { flags: "--all", summary: "all of them" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const status = options.choice("status", RunStatus.options);
      const workflow = options.text("workflow");
      const filter = { ...(status === undefined ? {} : { status }), ...(workflow === undefined ? {} : { workflow }) };
      const page = await readPages(pageLimit(options), (request) => client.runs.list({ ...filter, ...request }));
      printer.list(page, ["id", "status", "workflow", "started", "took"], rowOf, (cell, column, run) =>
        column === 1 ? printer.paint(colourOfStatus(run.status), cell) : cell,
      );
      return 0;
    }),
};

function rowOf({ id, status, workflow, startedAtMs, endedAtMs }: RunSummary): readonly string[] {
  return [id, status, workflow, formatInstant(startedAtMs), endedAtMs === undefined ? "" : formatDuration(endedAtMs - startedAtMs)];
}
