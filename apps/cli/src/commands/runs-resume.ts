/** `heddle runs resume`. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsResume: CommandSpec = {
  name: "runs resume",
  args: "<run>",
  summary: "Let a paused run go on; with --now, end its timers and retry delays too",
  example: "heddle runs resume run_01jd0000000000000000000000 --now",
  daemon: true,
  options: [{ flags: "--now", summary: "do not wait for timers and retry delays" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const runId = requiredRunId(invocation.args[0]);
      const now = invocation.options.flag("now");
      await client.runs.resume({ runId, ...(now ? { now } : {}) });
      invocation.printer.answer({ runId, resumed: true }, () => [`run ${runId} goes on`]);
      return 0;
    }),
};
