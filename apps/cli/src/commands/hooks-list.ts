/** `heddle hooks list`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";

export const hooksList: CommandSpec = {
  name: "hooks list",
  summary: "List what is asked before calls and told after them, in its order",
  example: "heddle hooks list",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const rows = await client.hooks.list({});
      invocation.printer.list({ rows }, ["id", "owner", "name", "phase", "tools", "nodes", "fails", "url"], (hook) => [
        hook.id,
        hook.owner,
        hook.name,
        hook.phase,
        hook.tools?.join(" ") ?? "all",
        hook.nodes?.join(" ") ?? "all",
        hook.failMode ?? "open",
        hook.url,
      ]);
      return 0;
    }),
};
