/** `heddle bundles delete`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredHash } from "../typed-ids.ts";

export const bundlesDelete: CommandSpec = {
  name: "bundles delete",
  args: "<hash>",
  summary: "Delete a bundle that no open run is pinned to",
  example: "heddle bundles delete sha256:0000000000000000000000000000000000000000000000000000000000000000",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const hash = requiredHash(invocation.args[0]);
      await client.bundles.delete({ hash });
      invocation.printer.answer({ hash, deleted: true }, () => [`bundle ${hash} is deleted`]);
      return 0;
    }),
};
