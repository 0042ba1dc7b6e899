/** `heddle deadletters list`: messages of a run that could not be delivered. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { shortened } from "../printer.ts";
import { requiredRunId } from "../typed-ids.ts";

export const deadLettersList: CommandSpec = {
  name: "deadletters list",
  args: "<run>",
  summary: "List messages of a run that could not be delivered",
  example: "heddle deadletters list run_01jd0000000000000000000000",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { printer, args } = invocation;
      const rows = await client.deadLetters.list({ runId: requiredRunId(args[0]) });
      printer.list({ rows }, ["letter", "at", "from", "to", "type", "why", "replayed", "body"], (letter) => [
        String(letter.letter),
        formatInstant(letter.atMs),
        letter.from ?? "",
        letter.to ?? "",
        letter.messageType,
        `${shortened(letter.reason, 80)} (${letter.code})`,
        letter.replayedAtMs === undefined ? "" : formatInstant(letter.replayedAtMs),
        shortened(JSON.stringify(letter.body), 60),
      ]);
      return 0;
    }),
};
