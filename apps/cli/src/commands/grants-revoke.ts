/** `heddle grants revoke`. */
import { GrantId } from "@heddle/core";
import { type CommandSpec, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";

export const grantsRevoke: CommandSpec = {
  name: "grants revoke",
  args: "<id>",
  summary: "Revoke a grant, at once and for good",
  example: "heddle grants revoke grt_01jd0000000000000000000000",
  daemon: true,
  run: (invocation) => {
    const parsed = GrantId.safeParse(invocation.args[0]);
    if (!parsed.success)
      throw new UsageError(`${JSON.stringify(invocation.args[0])} is not the id of a grant`, "see which there are: heddle grants list");
    return withClient(invocation, async (client) => {
      await client.grants.revoke({ id: parsed.data });
      invocation.printer.answer({ id: parsed.data, revoked: true }, () => [`grant ${parsed.data} is revoked`]);
      return 0;
    });
  },
};
