/** `heddle hooks delete`. */
import { HookId } from "@heddle/core";
import { type CommandSpec, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";

export const hooksDelete: CommandSpec = {
  name: "hooks delete",
  args: "<id>",
  summary: "Remove a hook",
  example: "heddle hooks delete hook_01jd0000000000000000000000",
  daemon: true,
  run: (invocation) => {
    const parsed = HookId.safeParse(invocation.args[0]);
    if (!parsed.success)
      throw new UsageError(`${JSON.stringify(invocation.args[0])} is not the id of a hook`, "see which there are: heddle hooks list");
    return withClient(invocation, async (client) => {
      await client.hooks.delete({ id: parsed.data });
      invocation.printer.answer({ id: parsed.data, deleted: true }, () => [`hook ${parsed.data} is gone`]);
      return 0;
    });
  },
};
