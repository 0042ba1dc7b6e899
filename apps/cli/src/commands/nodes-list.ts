/** `heddle nodes list`: node servers, and the nodes that they offer. */
import type { NodeServerView } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { shortened } from "../printer.ts";

export const nodesList: CommandSpec = {
  name: "nodes list",
  summary: "List node servers with their nodes",
  example: "heddle nodes list",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { printer } = invocation;
      const rows = await client.nodes.list();
      printer.list(
        { rows },
        ["url", "server", "status", "in flight", "nodes"],
        (server) => [
          server.url,
          server.serverPackageId ?? server.serverUid ?? "",
          statusOf(server),
          String(server.inFlight),
          server.nodes.map(({ uid }) => uid).join(", "),
        ],
        (cell, column, server) => (column === 2 && server.status !== "connected" ? printer.paint("yellow", cell) : cell),
      );
      return 0;
    }),
};

function statusOf({ status, message }: NodeServerView): string {
  return message === undefined ? status : `${status}: ${shortened(message, 80)}`;
}
