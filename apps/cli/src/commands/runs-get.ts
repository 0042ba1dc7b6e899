/** `heddle runs get`. */
import { formatDuration, formatInstant, type RunView } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { answerCommands } from "../follow/answers.ts";
import { fields } from "../printer.ts";
import { colourOfStatus, type Paint, plainText } from "../style.ts";
import { requiredRunId } from "../typed-ids.ts";

export const runsGet: CommandSpec = {
  name: "runs get",
  args: "<run>",
  summary: "Show one run: status, input, output, open questions",
  example: "heddle runs get run_01jd0000000000000000000000",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client, session) => {
      const { printer } = invocation;
      const view = await client.runs.get({ runId: requiredRunId(invocation.args[0]) });
      printer.answer(view, () => linesOf(view, session.flags, printer.paint));
      return 0;
    }),
};

function linesOf(view: RunView, flags: string, paint: Paint): string[] {
  const { endedAtMs, startedAtMs, failure } = view;
  const lines = fields({
    run: view.id,
    status: paint(colourOfStatus(view.status), view.status),
    workflow: view.workflow,
    bundle: view.bundle,
    parent: view.parent,
    started: formatInstant(startedAtMs),
    ended: endedAtMs === undefined ? undefined : `${formatInstant(endedAtMs)} (after ${formatDuration(endedAtMs - startedAtMs)})`,
    steps: String(view.steps),
    events: String(view.seq),
    input: JSON.stringify(view.input),
    output: view.output === undefined ? undefined : JSON.stringify(view.output),
    failure:
      failure === undefined
        ? undefined
        : `${plainText(failure.message)} (${failure.code})${failure.node === undefined ? "" : ` at ${failure.node}`}`,
  });
  for (const question of view.questions) {
    lines.push(`${question.node} asks: ${plainText(question.prompt)}`);
    lines.push(...answerCommands(view.id, question, flags).map((command) => `  ${command}`));
  }
  return lines;
}
