/** `heddle version`. */
import type { CommandSpec } from "../command.ts";
import { cliVersion } from "../version.ts";

export const version: CommandSpec = {
  name: "version",
  summary: "Print the version",
  example: "heddle version",
  async run({ printer }) {
    printer.answer({ version: cliVersion }, () => [`heddle ${cliVersion}`]);
    return 0;
  },
};
