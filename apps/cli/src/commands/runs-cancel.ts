/** `heddle runs cancel`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsCancel: CommandSpec = {
  name: "runs cancel",
  args: "<run>",
  summary: "Cancel a run: abort what it does, run its cleanup, end it",
  example: "heddle runs cancel run_01jd0000000000000000000000 --wait",
  daemon: true,
  options: [
    { flags: "--reason <text>", summary: "for the record" },
    { flags: "--wait", summary: "wait until it has ended" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const runId = requiredRunId(invocation.args[0]);
      const reason = options.text("reason");
      await client.runs.cancel({ runId, ...(reason === undefined ? {} : { reason }) });
      const status = options.flag("wait") ? (await client.runs.result({ runId })).status : "cancelling";
      printer.answer({ runId, status }, () => [
        status === "cancelling" ? `run ${runId} is being cancelled` : `run ${runId} has ended: ${status}`,
      ]);
      return 0;
    }),
};
