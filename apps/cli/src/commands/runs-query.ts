/** `heddle runs query`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsQuery: CommandSpec = {
  name: "runs query",
  args: "<run> <name>",
  summary: "Read a named value of a run",
  example: "heddle runs query run_01jd0000000000000000000000 progress",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const [run, name = ""] = invocation.args;
      invocation.printer.value(await client.runs.query({ runId: requiredRunId(run), name }));
      return 0;
    }),
};
