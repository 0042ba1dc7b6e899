/** `heddle grants list`. */
import { formatInstant, type GrantView } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { pageLimit, readPages } from "../pages.ts";
import { shortened } from "../printer.ts";

export const grantsList: CommandSpec = {
  name: "grants list",
  summary: "List calls that people agreed to beforehand",
  example: "heddle grants list --ended",
  daemon: true,
  options: [
    { flags: "--ended", summary: "also those that were revoked, used up or have expired" },
    { flags: "--limit <n>", summary: "at most so many (50)" },
    { flags: "--all", summary: "all of them" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const ended = options.flag("ended") ? { all: true } : {};
      const page = await readPages(pageLimit(options), (request) => client.grants.list({ ...ended, ...request }));
      printer.list(page, ["id", "capability", "tool", "of", "used", "until", "by", "reason"], (grant) => [
        grant.id,
        grant.capability,
        grant.tool ?? "any",
        grant.scope.kind === "run" ? grant.scope.runId : `${grant.scope.bundle.slice(0, 19)}…`,
        grant.count === undefined ? String(grant.uses) : `${grant.uses} of ${grant.count}`,
        untilOf(grant),
        grant.by,
        shortened(grant.reason, 60),
      ]);
      return 0;
    }),
};

function untilOf({ revokedAtMs, expiresAtMs }: GrantView): string {
  if (revokedAtMs !== undefined) return `revoked ${formatInstant(revokedAtMs)}`;
  return expiresAtMs === undefined ? "" : formatInstant(expiresAtMs);
}
