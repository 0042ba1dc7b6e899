/** `heddle why`: each reason why a run has not ended, with the command that would end it; or how it ended. */
import { type Explanation, formatInstant, isTerminalStatus, type RunView } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { plainText } from "../style.ts";
import { requiredRunId } from "../typed-ids.ts";

export const why: CommandSpec = {
  name: "why",
  args: "<run>",
  summary: "Say why a run has not ended, and what would end it",
  example: "heddle why run_01jd0000000000000000000000",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client, session) => {
      const runId = requiredRunId(invocation.args[0]);
      const view = await client.runs.get({ runId });
      const reasons = isTerminalStatus(view.status) ? [] : await client.runs.why({ runId });
      const shown = reasons.map((reason) => ({ ...reason, commands: reason.commands.map((command) => `${command}${session.flags}`) }));
      invocation.printer.answer({ runId, status: view.status, reasons: shown }, () => linesOf(view, shown));
      return 0;
    }),
};

function linesOf(view: RunView, reasons: readonly Explanation[]): string[] {
  if (isTerminalStatus(view.status)) return [endOf(view)];
  if (reasons.length === 0) return [`run ${view.id} is ${view.status}, and has ended its wait just now`];
  const lines = [`run ${view.id} is ${view.status}:`];
  for (const { message, commands, run } of reasons) {
    const sentence = plainText(message).trim();
    const stop = /[.!?]$/.test(sentence) ? "" : ".";
    lines.push(`- ${run === view.id ? "" : `in run ${run}: `}${sentence}${stop}`, ...commands.map((command) => `    ${command}`));
  }
  return lines;
}

function endOf({ id, status, failure, endedAtMs }: RunView): string {
  const when = endedAtMs === undefined ? "" : ` at ${formatInstant(endedAtMs)}`;
  if (status === "failed" && failure !== undefined) return `run ${id} failed${when}: ${plainText(failure.message)} (${failure.code})`;
  return `run ${id} ${status === "succeeded" ? "succeeded" : status === "failed" ? "failed" : "was cancelled"}${when}`;
}
