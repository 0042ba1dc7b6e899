/** `heddle runs delete`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsDelete: CommandSpec = {
  name: "runs delete",
  args: "<run>",
  summary: "Delete a run that has ended, with its events and logs",
  example: "heddle runs delete run_01jd0000000000000000000000",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const runId = requiredRunId(invocation.args[0]);
      await client.runs.delete({ runId });
      invocation.printer.answer({ runId, deleted: true }, () => [`run ${runId} is deleted`]);
      return 0;
    }),
};
