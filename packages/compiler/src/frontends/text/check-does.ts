/** What goes with what a stage of `.heddle` does, and what would be without effect beside it. */

import { suggest } from "../../diagnostics/index.ts";
import { instead } from "./resolve.ts";
import type { Scanner } from "./scanner.ts";
import type { StageSyntax, Stretch } from "./syntax.ts";

export function checkDoes(stage: StageSyntax, scanner: Scanner): void {
  const { does } = stage;
  if (does === undefined) return;
  const what = does.kind === "signal" ? "wait" : does.kind;
  const region = what === "map" || what === "parallel" || what === "loop" || what === "try";
  const useless = (at: Stretch, key: string, reason: string, help: string): void => {
    scanner.report("HD1506", at, { message: `\`${key}\` has no effect on a stage that says \`${what}\``, reason, help });
  };
  const [read] = stage.inputs;
  if (read !== undefined) {
    useless(
      read,
      "input",
      "Only a model is shown what a stage reads.",
      region ? "pass values in with `with { name: Stage.output }`" : "pass values as arguments, or remove it",
    );
  }
  if (stage.exec !== undefined) useless(stage.exec, "exec", "A stage does one thing.", "make it two stages");
  if (stage.attempts !== undefined && (region || what === "wait" || what === "approve" || what === "ask")) {
    useless(
      stage.name,
      "retry",
      region ? "What fails in a region is a stage of it." : "Waiting for somebody or something does not fail.",
      region ? "put `retry` on the stages of the region" : "remove it",
    );
  }
  if (stage.timeoutMs !== undefined && does.kind === "wait")
    useless(stage.name, "timeout", "Its end is the time that it waits for.", "remove it");
  checkOutputs(stage, scanner);
}

/** Outputs of a region are named by what it gives. */
function checkOutputs(stage: StageSyntax, scanner: Scanner): void {
  const { does, outputs } = stage;
  if (does === undefined) return;
  const second = outputs[1];
  if ((does.kind === "map" || does.kind === "signal") && second !== undefined) {
    scanner.report("HD1507", second, {
      message: `a ${does.kind === "map" ? "map" : "signal"} gives one value, and this is another output`,
      reason: does.kind === "map" ? "The output takes the list of what the items gave." : "The output takes the value of the signal.",
      help: "keep one output",
    });
  }
  const given = givenNames(does);
  if (given === undefined) return;
  for (const { name } of outputs) {
    if (given.includes(name.text)) continue;
    scanner.report("HD1507", name, {
      message: `\`${does.kind}\` gives no \`${name.text}\``,
      reason: given.length === 0 ? "It gives nothing." : `It gives ${given.join(", ")}.`,
      ...instead(scanner, name, suggest(name.text, given)),
    });
  }
}

function givenNames(does: NonNullable<StageSyntax["does"]>): readonly string[] | undefined {
  switch (does.kind) {
    case "parallel":
      return does.branches.map((branch) => branch.name.text);
    case "loop":
      return does.body.carried.map((carried) => carried.name.text);
    case "approve":
      return ["approved", "by", "comment"];
    case "wait":
      return [];
    default:
      return undefined;
  }
}
