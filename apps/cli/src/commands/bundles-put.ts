/** `heddle bundles put`: compiles or reads a bundle, and stores it. */
import { loadBundle, uploadBundle } from "../bundle-source.ts";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";

export const bundlesPut: CommandSpec = {
  name: "bundles put",
  args: "<path>",
  summary: "Store a bundle folder, or what a .ts or .js file compiles to, and print its hash",
  example: "heddle bundles put flow.ts",
  daemon: true,
  async run(invocation) {
    const { context, printer, args } = invocation;
    const bundle = await loadBundle(context, args[0] ?? "");
    return withClient(invocation, async (client) => {
      const view = await uploadBundle(client, bundle);
      printer.answer(view, () => [view.hash]);
      return 0;
    });
  },
};
