/** `heddle status`: which daemon answers, and how it is. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { fields } from "../printer.ts";

export const status: CommandSpec = {
  name: "status",
  summary: "Show the daemon: version, open runs, storage",
  example: "heddle status",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const view = await client.runtime.status();
      const { storage, openRuns } = view;
      const open = Object.entries(openRuns).filter(([, count]) => count > 0);
      invocation.printer.answer({ target: client.target, ...view }, () =>
        fields({
          daemon: `${client.target} (version ${view.version})`,
          "up since": formatInstant(view.startedAtMs),
          "open runs": open.length === 0 ? "none" : open.map(([name, count]) => `${count} ${name}`).join(", "),
          storage: `${storage.kind}, ${storage.healthy ? "healthy" : `not healthy: ${storage.message ?? "unknown"}`}`,
          settings:
            Object.entries(storage.settings)
              .map(([name, value]) => `${name}=${value}`)
              .join(" ") || undefined,
        }),
      );
      return 0;
    }),
};
