/**
 * `const { a, b } = await work(…)`: a result whose fields are all taken at once is written into a variable each, and so
 * is what `const [a, b] = await Promise.all([…])` gives. The whole has no name, so nobody can ask for it later.
 */
import type { Expr } from "@heddle/core";
import type { Node } from "oxc-parser";
import { variableRef } from "../../authoring/expressions.ts";
import { keyOf } from "./ast.ts";
import { anyType, type StaticType, type Typed } from "./context.ts";
import { lastNode, type NodeDraft } from "./draft.ts";
import type { Lowering, Place } from "./lowering.ts";
import { declareLet } from "./patterns.ts";

interface Part {
  /** The name that the pattern gives it. */
  readonly local: string;
  /** The field of the result. */
  readonly field: string;
  readonly type: StaticType;
}

/** Binds the names of a pattern to fields of the result of the step just written; false where it has to be done otherwise. */
export function takenApart(ctx: Lowering, pattern: Node, value: Typed, at: Place, kind: "const" | "let"): boolean {
  const step = lastNode(at.block);
  const [write, ...others] = step?.writes ?? [];
  if (step === undefined || write === undefined || others.length > 0 || !isResult(write.value)) return false;
  const parts = pattern.type === "ObjectPattern" ? fieldsOf(pattern, step, value) : branchesOf(pattern, step, value);
  if (parts === undefined) return false;
  const { frame } = at.block;
  step.writes.splice(
    0,
    1,
    ...parts.map(({ local, field, type }) => {
      const variable = kind === "let" ? declareLet(ctx, local, type, at) : ctx.draft.declare(local, frame);
      if (kind === "const") at.scope.set(local, { expr: variableRef(variable), ...type, kind, frame });
      // A region's result is made of values that were held to their types inside.
      const held = pattern.type === "ObjectPattern" && type.type.kind !== "json";
      if (held && kind === "const" && !type.nullable) ctx.draft.held.set(variable, type.type);
      const from: Expr = { kind: "ref", scope: "result", name: field };
      return { variable, value: from, on: "success" as const, ...(held ? { type: type.type, optional: type.nullable } : {}) };
    }),
  );
  return true;
}

function isResult(expr: Expr): boolean {
  return expr.kind === "ref" && expr.scope === "result" && expr.name === undefined;
}

/** All the fields of what a handler or a model gives, each by a name. */
function fieldsOf(pattern: Extract<Node, { type: "ObjectPattern" }>, step: NodeDraft, value: Typed): readonly Part[] | undefined {
  const { type } = value;
  if (!["handler", "model"].includes(String(step.fields["kind"])) || value.nullable || type.kind !== "object") return undefined;
  const parts = pattern.properties.flatMap((property): readonly Part[] => {
    const name = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
    const local = property.type === "Property" ? nameOf(property.value) : undefined;
    const field = type.fields.find((one) => one.name === name);
    if (local === undefined || field === undefined) return [];
    const nullable = field.optional === true || field.type.kind === "json";
    return [{ local, field: field.name, type: { type: field.type, nullable } }];
  });
  const taken = new Set(parts.map(({ field }) => field));
  const whole = parts.length === pattern.properties.length && taken.size === parts.length && taken.size === type.fields.length;
  // Where every field may be missing, nothing would hold the result to be an object at all.
  return whole && type.fields.some(({ optional }) => optional !== true) ? parts : undefined;
}

/** What the branches of `Promise.all` give, each by a name. */
function branchesOf(pattern: Node, step: NodeDraft, value: Typed): readonly Part[] | undefined {
  if (pattern.type !== "ArrayPattern" || value.expr.kind !== "array" || typeof step.fields["late"] !== "function") return undefined;
  const { items } = value.expr;
  if (pattern.elements.length !== items.length) return undefined;
  const parts = pattern.elements.flatMap((element, i): readonly Part[] => {
    const local = element === null ? undefined : nameOf(element);
    const item = items[i];
    return local === undefined || item?.kind !== "field" ? [] : [{ local, field: item.name, type: value.parts?.[i] ?? anyType }];
  });
  return parts.length === items.length ? parts : undefined;
}

/** A name alone: an annotation would say what is taken for known. */
function nameOf(node: Node): string | undefined {
  return node.type === "Identifier" && (node.typeAnnotation === null || node.typeAnnotation === undefined) ? node.name : undefined;
}
