/** `heddle nodes remove`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";

export const nodesRemove: CommandSpec = {
  name: "nodes remove",
  args: "<url>",
  summary: "Forget a node server, and its token",
  example: "heddle nodes remove ws://127.0.0.1:8080/",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const url = invocation.args[0] ?? "";
      await client.nodes.remove({ url });
      invocation.printer.answer({ url, removed: true }, () => [`node server ${url} is removed`]);
      return 0;
    }),
};
