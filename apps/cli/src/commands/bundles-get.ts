/** `heddle bundles get`. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { fields } from "../printer.ts";
import { inputsHelp } from "../run-input.ts";
import { requiredHash } from "../typed-ids.ts";

export const bundlesGet: CommandSpec = {
  name: "bundles get",
  args: "<hash>",
  summary: "Show a bundle: workflows and their inputs, handlers, files (--json: its manifest)",
  example: "heddle bundles get sha256:0000000000000000000000000000000000000000000000000000000000000000",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { view, manifest } = await client.bundles.get({ hash: requiredHash(invocation.args[0]) });
      invocation.printer.answer({ ...view, manifest }, () => [
        ...fields({
          bundle: view.hash,
          main: view.main,
          handlers: manifest.handlers.map(({ name }) => name).join(", ") || "none",
          files: `${view.files} (${view.bytes} bytes)`,
          stored: formatInstant(view.storedAtMs),
        }),
        ...manifest.workflows.map(({ id, inputs }) => `${id}: ${inputsHelp(inputs)}`),
      ]);
      return 0;
    }),
};
