/** The two things that recording does with expressions: rewrite their references, and show them to people. */
import type { Expr } from "@heddle/core";

/** A reference in an expression. */
export type Ref = Extract<Expr, { readonly kind: "ref" }>;

/** The expression with each reference replaced by what `change` gives for it. */
export function mapRefs(expr: Expr, change: (ref: Ref) => Expr): Expr {
  const go = (inner: Expr): Expr => mapRefs(inner, change);
  switch (expr.kind) {
    case "literal":
      return expr;
    case "ref":
      return change(expr);
    case "field":
    case "length":
    case "not":
      return { ...expr, of: go(expr.of) };
    case "index":
      return { ...expr, of: go(expr.of), at: go(expr.at) };
    case "and":
    case "or":
      return { ...expr, of: expr.of.map(go) };
    case "if":
      return { kind: "if", test: go(expr.test), then: go(expr.then), else: go(expr.else) };
    case "template":
      return { kind: "template", parts: expr.parts.map(go) };
    case "array":
      return { kind: "array", items: expr.items.map(go) };
    case "object":
      return { kind: "object", fields: expr.fields.map(({ name, value }) => ({ name, value: go(value) })) };
    default:
      return { ...expr, left: go(expr.left), right: go(expr.right) };
  }
}

/** An expression as an author would recognise it: `commits.length`, `eq(…)`. */
export function showExpr(expr: Expr): string {
  switch (expr.kind) {
    case "ref":
      return expr.name ?? expr.scope;
    case "field":
      return `${showExpr(expr.of)}.${expr.name}`;
    case "index":
      return `${showExpr(expr.of)}[${expr.at.kind === "literal" ? String(expr.at.value) : "…"}]`;
    case "length":
      return `${showExpr(expr.of)}.length`;
    case "literal":
      return JSON.stringify(expr.value)?.slice(0, 40) ?? "null";
    case "compare":
    case "arithmetic":
      return `${expr.op}(…)`;
    default:
      return `${expr.kind}(…)`;
  }
}

/** A literal expression. */
export function literal(value: null | boolean | number | string): Expr {
  return { kind: "literal", value };
}

/** Reads a variable of the frame. */
export function variableRef(name: string): Expr {
  return { kind: "ref", scope: "var", name };
}

/** The outcome of the node whose writes, guards or exit hold the expression. */
export const resultRef: Expr = { kind: "ref", scope: "result" };

/** Why the node failed whose writes or guards hold the expression. */
export const failureRef: Expr = { kind: "ref", scope: "failure" };
