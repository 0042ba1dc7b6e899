/** `heddle tokens list`. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { pageLimit, readPages } from "../pages.ts";

export const tokensList: CommandSpec = {
  name: "tokens list",
  summary: "List tokens, without their secrets",
  example: "heddle tokens list",
  daemon: true,
  options: [
    { flags: "--limit <n>", summary: "at most so many (50)" },
    { flags: "--all", summary: "all of them" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const page = await readPages(pageLimit(invocation.options), (request) => client.tokens.list(request));
      invocation.printer.list(page, ["id", "subject", "tenant", "roles", "created", "revoked"], (token) => [
        token.id,
        token.subject,
        token.tenant,
        token.roles.join(","),
        formatInstant(token.createdAtMs),
        token.revokedAtMs === undefined ? "" : formatInstant(token.revokedAtMs),
      ]);
      return 0;
    }),
};
