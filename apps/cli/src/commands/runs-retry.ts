/** `heddle runs retry`: goes on in a run that has ended. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsRetry: CommandSpec = {
  name: "runs retry",
  args: "<run>",
  summary: "Go on in a run that has ended, from what failed or from an earlier activation",
  example: "heddle runs retry run_01jd0000000000000000000000 --from draft",
  daemon: true,
  options: [{ flags: "--from <node|activation>", summary: "a node id or an activation number (what failed the run)" }],
  run: (invocation) =>
    withClient(invocation, async (client, session) => {
      const runId = requiredRunId(invocation.args[0]);
      const given = invocation.options.text("from");
      const wanted = given === undefined ? {} : { from: /^[1-9]\d*$/.test(given) ? Number(given) : given };
      const { from, node } = await client.runs.retry({ runId, ...wanted });
      invocation.printer.answer({ runId, from, node }, () => [
        `run ${runId} goes on from ${node}, as activation ${from}`,
        "its calls from here on have new ids, and so new idempotency keys",
        `follow it: heddle run --attach ${runId}${session.flags}`,
      ]);
      return 0;
    }),
};
