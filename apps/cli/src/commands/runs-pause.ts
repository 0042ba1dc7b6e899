/** `heddle runs pause`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsPause: CommandSpec = {
  name: "runs pause",
  args: "<run>",
  summary: "Pause a run: what is under way ends, nothing new starts",
  example: "heddle runs pause run_01jd0000000000000000000000",
  daemon: true,
  options: [{ flags: "--reason <text>", summary: "for the record" }],
  run: (invocation) =>
    withClient(invocation, async (client, session) => {
      const runId = requiredRunId(invocation.args[0]);
      const reason = invocation.options.text("reason");
      await client.runs.pause({ runId, ...(reason === undefined ? {} : { reason }) });
      invocation.printer.answer({ runId, paused: true }, () => [
        `run ${runId} is paused; it goes on with: heddle runs resume ${runId}${session.flags}`,
      ]);
      return 0;
    }),
};
