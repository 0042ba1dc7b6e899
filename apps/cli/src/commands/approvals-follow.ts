/** `heddle approvals follow`: what waits for a yes, and what changes, until Ctrl-C. */
import { type ApprovalChange, HeddleError } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { type Interrupt, interruptedCode } from "../context.ts";
import { shortened } from "../printer.ts";
import { requiredRunId } from "../typed-ids.ts";

export const approvalsFollow: CommandSpec = {
  name: "approvals follow",
  summary: "Print what waits for a yes, and what changes, until Ctrl-C",
  example: "heddle approvals follow",
  daemon: true,
  options: [{ flags: "--run <run>", summary: "of one run" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { printer, options, context } = invocation;
      const run = options.text("run");
      const of = run === undefined ? {} : { runId: requiredRunId(run) };
      const stop = new AbortController();
      let why: Interrupt | undefined;
      const ignore = context.onInterrupt((given) => {
        why = given;
        stop.abort();
      });
      try {
        for await (const changes of client.approvals.follow(of, { signal: stop.signal })) {
          for (const change of changes) {
            if (printer.json) printer.jsonLine(change);
            else for (const line of linesOf(change)) printer.line(line);
          }
        }
      } catch (error) {
        if (why === undefined || !HeddleError.is(error)) throw error;
      } finally {
        ignore();
      }
      return interruptedCode(why ?? "SIGINT");
    }),
};

function linesOf(change: ApprovalChange): readonly string[] {
  if (change.kind === "current") return [];
  if (change.kind === "closed") return [`closed  ${change.id}`];
  const { id, workflow, node, prompt, call, approvedBy } = change.approval;
  const by = approvedBy.length === 0 ? "" : `  (yes from ${approvedBy.join(", ")})`;
  return [`asked   ${id}  ${workflow}/${node}${call === undefined ? "" : `  ${call.tool}`}  ${shortened(prompt, 100)}${by}`];
}
