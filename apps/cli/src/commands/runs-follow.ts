/** `heddle runs follow`: events as they become facts, until the run has ended. */
import { HeddleError, type RunEvent } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { type Interrupt, interruptedCode } from "../context.ts";
import { createEventTeller } from "../follow/describe-event.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsFollow: CommandSpec = {
  name: "runs follow",
  args: "<run>",
  summary: "Print the events of a run as they happen, until it has ended",
  example: "heddle runs follow run_01jd0000000000000000000000",
  daemon: true,
  options: [{ flags: "--after <n>", summary: "events after this one" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { printer, options, context } = invocation;
      const runId = requiredRunId(invocation.args[0]);
      const after = options.count("after", 0, Number.MAX_SAFE_INTEGER) ?? 0;
      const tell = createEventTeller();
      const stop = new AbortController();
      let why: Interrupt | undefined;
      const ignore = context.onInterrupt((given) => {
        why = given;
        stop.abort();
      });
      let last: RunEvent | undefined;
      try {
        for await (const records of client.runs.follow({ runId, after }, { signal: stop.signal })) {
          for (const record of records) {
            last = record.event;
            if (printer.json) printer.jsonLine(record);
            else printer.line(tell(record));
          }
        }
      } catch (error) {
        if (why === undefined || !HeddleError.is(error)) throw error;
      } finally {
        ignore();
      }
      if (why !== undefined) return interruptedCode(why);
      return last?.kind === "run-failed" || last?.kind === "run-cancelled" ? 1 : 0;
    }),
};
