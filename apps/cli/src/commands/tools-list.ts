/** `heddle tools list`: what the daemon was given to call. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { shortened } from "../printer.ts";

export const toolsList: CommandSpec = {
  name: "tools list",
  summary: "List the tools that workflows here may call",
  example: "heddle tools list --capability fs.read",
  daemon: true,
  options: [{ flags: "--capability <name>", summary: "those for one capability" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const capability = options.text("capability");
      const rows = await client.tools.list(capability === undefined ? {} : { capability });
      printer.list({ rows }, ["tool", "capability", "may", "arguments", "description"], (tool) => [
        tool.name,
        tool.capability,
        tool.permission,
        tool.parameters.map(({ name, required }) => (required ? name : `[${name}]`)).join(" "),
        shortened(tool.description, 80),
      ]);
      if (rows.length === 0 && !printer.json) printer.note("  name those that may be called under tools in heddle.yaml");
      return 0;
    }),
};
