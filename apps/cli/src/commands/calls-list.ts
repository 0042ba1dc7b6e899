/** `heddle calls list`. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { pageLimit, readPages } from "../pages.ts";

export const callsList: CommandSpec = {
  name: "calls list",
  summary: "List calls that were started and have not ended",
  example: "heddle calls list --status outcome-unknown",
  daemon: true,
  options: [
    { flags: "--status <status>", summary: "started, or outcome-unknown" },
    { flags: "--limit <n>", summary: "at most so many (50)" },
    { flags: "--all", summary: "all of them" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const status = options.choice("status", ["started", "outcome-unknown"]);
      const page = await readPages(pageLimit(options), (request) =>
        client.calls.list({ ...(status === undefined ? {} : { status }), ...request }),
      );
      printer.list(
        page,
        ["id", "node", "attempt", "status", "started"],
        (call) => [call.id, call.node, String(call.attempt), call.status, formatInstant(call.startedAtMs)],
        (cell, column, call) => (column === 3 && call.status === "outcome-unknown" ? printer.paint("yellow", cell) : cell),
      );
      return 0;
    }),
};
