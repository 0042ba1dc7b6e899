/** `heddle bundles list`. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { pageLimit, readPages } from "../pages.ts";

export const bundlesList: CommandSpec = {
  name: "bundles list",
  summary: "List the bundles that the daemon holds",
  example: "heddle bundles list",
  daemon: true,
  options: [
    { flags: "--limit <n>", summary: "at most so many (50)" },
    { flags: "--all", summary: "all of them" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const page = await readPages(pageLimit(invocation.options), (request) => client.bundles.list(request));
      invocation.printer.list(page, ["hash", "main", "files", "bytes", "stored"], (bundle) => [
        bundle.hash,
        bundle.main,
        String(bundle.files),
        String(bundle.bytes),
        formatInstant(bundle.storedAtMs),
      ]);
      return 0;
    }),
};
