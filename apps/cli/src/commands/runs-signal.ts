/** `heddle runs signal`. */
import { type CommandSpec, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredRunId } from "../typed-ids.ts";
import { jsonOf } from "../typed-text.ts";

export const runsSignal: CommandSpec = {
  name: "runs signal",
  args: "<run> <name> [json]",
  summary: "Send a named value to a run",
  example: `heddle runs signal run_01jd0000000000000000000000 paid '{"amount": 12}'`,
  daemon: true,
  options: [{ flags: "--idempotency-key <key>", summary: "the same key, the same signal" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const [run, name = "", text = "null"] = invocation.args;
      const runId = requiredRunId(run);
      const value = jsonOf(text);
      if (value === undefined)
        throw new UsageError(`${JSON.stringify(text)} is not JSON`, `a text needs quotes of its own: '${JSON.stringify(text)}'`);
      const idempotencyKey = invocation.options.text("idempotency-key");
      await client.runs.signal({ runId, name, value, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });
      invocation.printer.answer({ runId, signal: name }, () => [`run ${runId} received the signal ${name}`]);
      return 0;
    }),
};
