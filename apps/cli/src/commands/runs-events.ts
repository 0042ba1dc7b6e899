/** `heddle runs events`: what has happened so far, one line for each event. */
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { createEventTeller } from "../follow/describe-event.ts";
import { requiredRunId } from "../typed-ids.ts";

const batch = 1_000;

export const runsEvents: CommandSpec = {
  name: "runs events",
  args: "<run>",
  summary: "Print the events of a run so far",
  example: "heddle runs events run_01jd0000000000000000000000 --after 10",
  daemon: true,
  options: [{ flags: "--after <n>", summary: "events after this one" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { printer, options } = invocation;
      const runId = requiredRunId(invocation.args[0]);
      const tell = createEventTeller();
      let after = options.count("after", 0, Number.MAX_SAFE_INTEGER) ?? 0;
      for (;;) {
        const records = await client.runs.events({ runId, after, limit: batch });
        for (const record of records) {
          if (printer.json) printer.jsonLine(record);
          else printer.line(tell(record));
        }
        after = records.at(-1)?.seq ?? after;
        if (records.length < batch) return 0;
      }
    }),
};
