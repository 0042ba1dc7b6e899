/** Constant guards: a guard that comes out the same in every run decides nothing. */
import type { Edge, WorkflowIr } from "@heddle/core";
import type { Diagnostic } from "../diagnostics/index.ts";
import { type Outlook, outlooksOf } from "../expressions/conditions.ts";
import { unknownShape } from "../expressions/shape.ts";
import type { Check } from "./check.ts";
import type { Facts } from "./facts.ts";
import { guardsOf, nameOf, outlookOf } from "./guards.ts";

export const constantGuards: Check = {
  name: "constant-guards",
  ids: ["HD2401"],
  run(ir, facts) {
    if (ir.discipline === "graph") return inGraph(ir, facts);
    return [...guardsOf(facts)].flatMap((guards) => guards.edges.flatMap((edge, i) => tell(edge, outlookOf(guards, i), facts)));
  },
};

/** Messages may be anything, so that only what contradicts itself is constant. */
function inGraph(ir: WorkflowIr, facts: Facts): readonly Diagnostic[] {
  const scope = { var: () => unknownShape };
  return ir.edges.flatMap((edge) => (edge.guard === undefined ? [] : tell(edge, outlooksOf([edge.guard], scope)?.each[0], facts)));
}

function tell(edge: Edge, outlook: Outlook | undefined, facts: Facts): readonly Diagnostic[] {
  if (!facts.isWritten(edge)) return [];
  if (edge.guard === undefined || outlook === undefined || (!outlook.always && !outlook.never) || facts.isWrong(edge.guard)) return [];
  const { always } = outlook;
  return [
    facts.diagnostic(
      "HD2401",
      { of: "guard", edge: edge.id },
      {
        message: `${facts.isCode ? "this condition" : `the guard of ${nameOf(edge)}`} is ${always ? "always" : "never"} true`,
        reason: always
          ? "Whatever a run brings, it comes out true, so that it decides nothing."
          : `Whatever a run brings, ${facts.isCode ? "it comes out false" : "the edge is never taken"}.`,
        help: `remove the ${facts.isCode ? "condition" : always ? "guard" : "edge"}, or ask for what is meant`,
      },
    ),
  ];
}
