/** Operators: arithmetic, comparison and negation, as far as both languages mean the same. */
import type { Expr } from "@heddle/core";
import type { Expression } from "oxc-parser";
import { literal } from "../../authoring/expressions.ts";
import { booleanType, numberType, stringType, type Typed } from "./context.ts";
import { isBoolean, isNumber, isText, isUnknown, type Lowering, type Place, refuse, textAt } from "./lowering.ts";

const arithmetic: Readonly<Record<string, "add" | "sub" | "mul" | "div" | "mod">> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "mod",
};
const order: Readonly<Record<string, "lt" | "lte" | "gt" | "gte">> = { "<": "lt", "<=": "lte", ">": "gt", ">=": "gte" };

export function unary(ctx: Lowering, node: Extract<Expression, { type: "UnaryExpression" }>, at: Place): Typed {
  if (node.operator === "!") return { expr: { kind: "not", of: ctx.condition(node.argument, at).expr }, ...booleanType };
  if (node.operator === "-") {
    const value = ctx.expression(node.argument, at);
    if (value.expr.kind === "literal" && typeof value.expr.value === "number") return { expr: literal(-value.expr.value), ...numberType };
    return calculate(ctx, "sub", { expr: literal(0), ...numberType }, value, node);
  }
  return refuseOperator(ctx, node, node.operator);
}

export function binary(ctx: Lowering, node: Extract<Expression, { type: "BinaryExpression" }>, at: Place): Typed {
  const { operator } = node;
  if (node.left.type === "PrivateIdentifier") return refuseOperator(ctx, node, operator);
  if (!(operator in arithmetic) && !(operator in order) && !["===", "!==", "==", "!="].includes(operator))
    return refuseOperator(ctx, node, operator);
  const left = ctx.expression(node.left, at);
  const right = ctx.expression(node.right, at);
  const calculation = arithmetic[operator];
  if (calculation !== undefined) return calculate(ctx, calculation, left, right, node);
  const ordering = order[operator];
  return ordering === undefined ? equal(ctx, operator, left, right, node) : compare(ctx, ordering, left, right, node);
}

/** `+` of a text and a scalar joins; of numbers it adds. */
export function calculate(
  ctx: Lowering,
  op: "add" | "sub" | "mul" | "div" | "mod",
  left: Typed,
  right: Typed,
  node: { readonly start: number; readonly end: number },
): Typed {
  const expr: Expr = { kind: "arithmetic", op, left: left.expr, right: right.expr };
  const scalar = (value: Typed): boolean => isText(value) || isNumber(value) || isBoolean(value) || isUnknown(value);
  if (op === "add" && (isText(left) || isText(right)) && scalar(left) && scalar(right)) {
    return { expr: { kind: "template", parts: [left.expr, right.expr] }, ...stringType };
  }
  const numeric = (value: Typed): boolean => isNumber(value) || isUnknown(value);
  if (numeric(left) && numeric(right))
    return isUnknown(left) && isUnknown(right) && op === "add" ? { expr, type: { kind: "json" }, nullable: true } : { expr, ...numberType };
  if (op === "add" && (isText(left) || isUnknown(left)) && (isText(right) || isUnknown(right))) return { expr, ...stringType };
  return refuse(ctx, "HD3205", node, {
    message: `\`${textAt(ctx, node)}\` calculates with what is no number`,
    reason: "Nothing is turned into a number; only `+` with a text on one side makes a text of a scalar on the other.",
    help: "calculate with numbers, or use a template text",
  });
}

function compare(
  ctx: Lowering,
  op: "lt" | "lte" | "gt" | "gte",
  left: Typed,
  right: Typed,
  node: { readonly start: number; readonly end: number },
): Typed {
  const same = (isNumber(left) && isNumber(right)) || (isText(left) && isText(right)) || isUnknown(left) || isUnknown(right);
  if (same) return { expr: { kind: "compare", op, left: left.expr, right: right.expr }, ...booleanType };
  return refuse(ctx, "HD3203", node, {
    message: `\`${textAt(ctx, node)}\` orders values that have no order`,
    reason: "Numbers have an order among each other, and so have texts.",
    help: "compare two numbers or two texts",
  });
}

function equal(ctx: Lowering, operator: string, left: Typed, right: Typed, node: { readonly start: number; readonly end: number }): Typed {
  const withNull = isNull(left.expr) || isNull(right.expr);
  if ((operator === "==" || operator === "!=") && !withNull) {
    return refuse(ctx, "HD3202", node, {
      message: `\`${operator}\` turns one side into the type of the other`,
      reason: "Nothing is converted in a workflow.",
      help: `write \`${operator}=\``,
    });
  }
  const big = ({ type }: Typed): boolean => type.kind === "object" || type.kind === "array";
  if (!withNull && (big(left) || big(right))) {
    return refuse(ctx, "HD3203", node, {
      message: `\`${textAt(ctx, node)}\` compares lists or objects`,
      reason: "JavaScript would ask whether they are the same object, which a value of a workflow never is.",
      help: "compare a field of each",
    });
  }
  const expr: Expr = { kind: "eq", left: left.expr, right: right.expr };
  return { expr: operator.startsWith("!") ? { kind: "not", of: expr } : expr, ...booleanType };
}

function isNull(expr: Expr): boolean {
  return expr.kind === "literal" && expr.value === null;
}

function refuseOperator(ctx: Lowering, node: { readonly start: number; readonly end: number }, operator: string): Typed {
  return refuse(ctx, "HD3204", node, {
    message: `the operator \`${operator}\` is not one of a workflow`,
    reason: "There are + - * / % < <= > >= === !== ! && || ?? and the conditional.",
    help: "use one of these, or do it in a handler",
  });
}
