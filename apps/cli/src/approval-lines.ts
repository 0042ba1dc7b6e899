/** An approval or a question, for people: what is asked, by whom, and the call that a yes lets start. */
import { type ApprovalView, formatInstant, type InterruptionView, type JsonValue } from "@heddle/core";
import { fields } from "./printer.ts";
import { plainText } from "./style.ts";

/** The lines of `approvals show`, and of what is approved. */
export function approvalLines(view: ApprovalView): readonly string[] {
  const { call, rule, approvedBy } = view;
  return [
    ...questionFields(view, {
      tool: call?.tool,
      capability: call?.capability,
      may: call?.permission,
      approvers: rule?.roles?.join(" or "),
      needed: rule?.quorum === undefined ? undefined : `${approvedBy.length} of ${rule.quorum}`,
      "approved by": approvedBy.length === 0 ? undefined : approvedBy.join(", "),
      "not by": rule?.notRequester === true ? "whoever started the run" : undefined,
      hash: call?.hash,
    }),
    ...detailLines(view.details),
  ];
}

/** The lines of a question whose answer is a value. */
export function interruptionLines(view: InterruptionView): readonly string[] {
  return [...questionFields(view, { answer: view.answers }), ...detailLines(view.details)];
}

function questionFields(view: ApprovalView | InterruptionView, more: Readonly<Record<string, string | undefined>>): readonly string[] {
  const told = {
    id: view.id,
    asks: plainText(view.prompt),
    node: `${view.node} of ${view.workflow}`,
    "started by": view.requestedBy,
    asked: formatInstant(view.askedAtMs),
    until: view.deadlineMs === undefined ? undefined : formatInstant(view.deadlineMs),
  };
  const texts = { ...told, ...more };
  return fields(Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text === undefined ? undefined : plainText(text)])));
}

function detailLines(details: JsonValue | undefined): readonly string[] {
  if (details === undefined) return [];
  const text = typeof details === "string" ? details : JSON.stringify(details, null, 2);
  return plainText(text)
    .split("\n")
    .map((line) => `  ${line}`);
}
