/** `heddle tokens revoke`. */
import { TokenId } from "@heddle/core";
import { type CommandSpec, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";

export const tokensRevoke: CommandSpec = {
  name: "tokens revoke",
  args: "<id>",
  summary: "Revoke a token, at once and for good",
  example: "heddle tokens revoke tok_01jd0000000000000000000000",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const parsed = TokenId.safeParse(invocation.args[0]);
      if (!parsed.success)
        throw new UsageError(`${JSON.stringify(invocation.args[0])} is not the id of a token`, "see which there are: heddle tokens list");
      await client.tokens.revoke({ id: parsed.data });
      invocation.printer.answer({ id: parsed.data, revoked: true }, () => [`token ${parsed.data} is revoked`]);
      return 0;
    }),
};
