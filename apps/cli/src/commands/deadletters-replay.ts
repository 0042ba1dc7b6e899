/** `heddle deadletters replay`: sends messages again that could not be delivered. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";

export const deadLettersReplay: CommandSpec = {
  name: "deadletters replay",
  args: "<run>",
  summary: "Send messages again that could not be delivered",
  example: "heddle deadletters replay run_01jd0000000000000000000000 --letter 2",
  daemon: true,
  options: [{ flags: "--letter <n>", summary: "this one; all that were not replayed yet, where none is named", repeat: true }],
  run(invocation) {
    const { printer, args, options } = invocation;
    const runId = requiredRunId(args[0]);
    const letters = options.counts("letter", 1, Number.MAX_SAFE_INTEGER);
    return withClient(invocation, async (client) => {
      const { replayed } = await client.deadLetters.replay({ runId, ...(letters.length === 0 ? {} : { letters: [...letters] }) });
      printer.answer({ runId, replayed }, () => [
        `${replayed === 1 ? "one dead letter" : `${replayed} dead letters`} of run ${runId} ${replayed === 1 ? "was" : "were"} sent again`,
      ]);
      return 0;
    });
  },
};
