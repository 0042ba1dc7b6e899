/** Types: operations, conditions and places that do not take what they are given, whatever the run. */
import { type FieldType, showType } from "@heddle/core";
import type { Diagnostic, DiagnosticDraft, DiagnosticId } from "../diagnostics/index.ts";
import { isUnknown, kind, neverFits, orNull, shapeOfType, showShape } from "../expressions/shape.ts";
import { shapeOfExpr } from "../expressions/shape-of.ts";
import type { Check } from "./check.ts";
import type { Facts } from "./facts.ts";
import type { FrameNode } from "./frames.ts";
import type { TypeTrouble } from "./type-troubles.ts";

export const types: Check = {
  name: "types",
  ids: ["HD2101", "HD2102", "HD2103", "HD2104", "HD2106"],
  run: (ir, facts) => [
    ...facts.troubles.filter(({ edge }) => edge === undefined || facts.isWritten(edge)).map((each) => tell(each, facts)),
    ...outputs(ir.outputs ?? [], facts),
  ],
};

function tell(each: TypeTrouble, facts: Facts): Diagnostic {
  const [id, draft] = wordsOf(each, facts.isCode);
  return facts.diagnostic(id, each.part, draft);
}

function wordsOf({ trouble, node, part }: TypeTrouble, isCode: boolean): readonly [DiagnosticId, Omit<DiagnosticDraft, "span" | "path">] {
  // Routers that code makes have names that nobody wrote.
  const who = isCode && node.node.kind === "router" ? "this" : `\`${node.node.id}\``;
  switch (trouble.kind) {
    case "condition":
      return [
        "HD2101",
        {
          message: `a condition of ${who} is ${showShape(trouble.shape)}, which is never true`,
          reason: "Only `true` is true: no number, text, list or object counts as true.",
          help: "compare it, as in `x > 0` or `x != null`",
        },
      ];
    case "operation":
      return [
        "HD2102",
        {
          message:
            trouble.right === undefined
              ? `${who} takes ${trouble.what} of ${showShape(trouble.left)}`
              : `${who} asks for ${trouble.what} of ${showShape(trouble.left)} and ${showShape(trouble.right)}`,
          reason: "Nothing is converted: without a sensible value a comparison is false and everything else null, in every run.",
          help: "use values of one type, or make a text of them with a template",
        },
      ];
    case "equality":
      return [
        "HD2104",
        {
          message: `${who} compares ${showShape(trouble.left)} with ${showShape(trouble.right)}, which are never equal`,
          reason: "Values of different types, and values that are not among those listed, are never equal.",
          help:
            part.of === "guard" && !isCode
              ? "compare with a value that it can be, or remove the edge"
              : "compare with a value that it can be",
        },
      ];
    default:
      return [
        "HD2103",
        {
          message: `${trouble.what} of ${who} is to be ${showType(trouble.type)}, and is ${trouble.found}`,
          reason: "The value is to be of that type when a run comes here, and never is: the attempt would always fail.",
          help: "change the type, or the value",
        },
      ];
  }
}

/** What exits give, against what the workflow says that it gives. */
function outputs(declared: readonly FieldType[], facts: Facts): readonly Diagnostic[] {
  const [root] = facts.frames;
  if (root === undefined || declared.length === 0) return [];
  return root.nodes.flatMap((node) => {
    const { exit } = node.node;
    if (exit === undefined || node.fails) return [];
    const shape = shapeOfExpr(exit.output, facts.shapes.scope(root, { node, on: "success" }));
    if (isUnknown(shape)) return [];
    if ((shape.kinds & kind.object) === 0) return [misfit(node, `${showShape(shape)}, and not an object of its outputs`, facts)];
    const given = exit.output.kind === "object" ? new Set(exit.output.fields.map((field) => field.name)) : undefined;
    return declared.flatMap((field) => {
      const value = shape.fields?.get(field.name);
      if (given?.has(field.name) === false && field.optional !== true) return [misfit(node, `no \`${field.name}\``, facts)];
      if (value === undefined || !neverFits(value, orNull(shapeOfType(field.type)))) return [];
      return [misfit(node, `${showShape(value)} for \`${field.name}\`, which is to be ${showType(field.type)}`, facts)];
    });
  });
}

function misfit({ node }: FrameNode, what: string, facts: Facts): Diagnostic {
  return facts.diagnostic(
    "HD2106",
    { of: "exit", node: node.id },
    {
      message: `${facts.isCode ? "the workflow ends here and" : `exit \`${node.id}\``} gives ${what}`,
      reason: "Those who run the workflow are told what it gives, and rely on it.",
      help: "give what is declared, or declare what is given",
    },
  );
}
