/** Names: what an expression, a query or a policy reads has to be there to be read. */
import { type Expr, refsOf, type WorkflowIr } from "@heddle/core";
import { type Diagnostic, type Part, suggest } from "../diagnostics/index.ts";
import type { Check } from "./check.ts";
import type { Facts } from "./facts.ts";
import type { PlacedUse } from "./presence.ts";

export const names: Check = {
  name: "names",
  ids: ["HD2001", "HD2002", "HD2003"],
  run: (ir, facts) => [...unsetVariables(facts), ...queries(ir, facts), ...policies(ir, facts)],
};

function unsetVariables(facts: Facts): readonly Diagnostic[] {
  const told = new Set<string>();
  return facts.presence.uses.flatMap((use) => {
    const { frame, node, name } = use;
    const key = `${frame.number} ${node.index} ${name}`;
    if (facts.shapes.has(frame, name) || told.has(key)) return [];
    told.add(key);
    return [unset(use, facts)];
  });
}

function unset({ frame, node, name, part, need }: PlacedUse, facts: Facts): Diagnostic {
  const near = suggest(name, facts.shapes.names(frame));
  const outside = frame.owner !== undefined && facts.shapes.has(frame.owner.frame, name);
  return facts.diagnostic("HD2001", part, {
    message: `\`${node.node.id}\` reads \`${name}\`, which nothing sets`,
    reason: outside
      ? "A body sees its own inputs and what its nodes write, and nothing of the frame around it."
      : "No input has that name, and no node of this frame writes it, so it is always null.",
    ...(near === undefined ? {} : { help: `did you mean \`${near}\`?` }),
    ...(outside && near === undefined ? { help: `make it an input of the body: \`${name}\`` } : {}),
    // Null alone may be meant: a step that gives nothing gives null.
    ...(need === undefined && isWhole(node.node, name) ? { severity: "warning" as const } : {}),
  });
}

/** Whether the variable is handed on as it is, and not a part of something larger. */
function isWhole(node: PlacedUse["node"]["node"], name: string): boolean {
  const exprs = [...(node.reads ?? []), ...(node.writes ?? [])].map(({ value }) => value);
  if (node.exit !== undefined) exprs.push(node.exit.output);
  if (node.kind === "human" && node.details !== undefined) exprs.push(node.details);
  const reading = exprs.filter((expr) => refsOf(expr).some((ref) => ref.scope === "var" && ref.name === name));
  return reading.length > 0 && reading.every((expr) => handsOn(expr, name));
}

function handsOn(expr: Expr, name: string): boolean {
  if (expr.kind === "ref") return true;
  const parts = expr.kind === "object" ? expr.fields.map((field) => field.value) : expr.kind === "array" ? expr.items : undefined;
  if (parts === undefined) return !refsOf(expr).some((ref) => ref.scope === "var" && ref.name === name);
  return parts.every((part) => handsOn(part, name));
}

function queries(ir: WorkflowIr, facts: Facts): readonly Diagnostic[] {
  const [root] = facts.frames;
  if (root === undefined) return [];
  return (ir.queries ?? []).flatMap((query) => {
    const unknown = new Set(refsOf(query.value).flatMap(({ scope, name }) => (scope === "var" && name !== undefined ? [name] : [])));
    return [...unknown]
      .filter((name) => !facts.shapes.has(root, name))
      .map((name) => {
        const near = suggest(name, facts.shapes.names(root));
        return facts.diagnostic(
          "HD2002",
          { of: "workflow" },
          {
            message: `query \`${query.name}\` reads \`${name}\`, which nothing sets`,
            reason: "A query reads the variables of the outermost frame, and none of them has that name: it would always answer null.",
            help: near === undefined ? "write the variable at a node of the workflow, outside of every body" : `did you mean \`${near}\`?`,
          },
        );
      });
  });
}

function policies(ir: WorkflowIr, facts: Facts): readonly Diagnostic[] {
  const inputs = new Set(ir.inputs.map((input) => input.name));
  return (ir.policies ?? []).flatMap((policy, index) => {
    const part: Part = { of: "policy", index };
    const bound = new Set(Object.keys(policy.trigger.bind ?? {}));
    const exprs = [
      ...(policy.condition === undefined ? [] : [policy.condition]),
      ...(policy.requires ?? []).flatMap((need) => Object.values(need.args ?? {})),
    ];
    const refs = new Map(exprs.flatMap(refsOf).map((ref) => [`${ref.scope} ${ref.name}`, ref]));
    return [...refs.values()].flatMap((ref) => {
      const known = ref.scope === "bound" ? bound : inputs;
      if ((ref.scope === "bound" || ref.scope === "input") && ref.name !== undefined && known.has(ref.name)) return [];
      const what =
        ref.scope === "bound" ? `\`${ref.name}\`, which its trigger does not bind` : `\`${ref.name ?? ref.scope}\`, which is no input`;
      const near = ref.name === undefined ? undefined : suggest(ref.name, [...inputs, ...bound]);
      return [
        facts.diagnostic("HD2003", part, {
          message: `policy ${index + 1} on \`${policy.trigger.capability}\` reads ${what}`,
          reason: "A policy reads the inputs of the workflow and the arguments that its trigger binds. Everything else is null there.",
          ...(near === undefined ? {} : { help: `did you mean \`${near}\`?` }),
        }),
      ];
    });
  });
}
