/** Expressions as one line of text, for people: labels of edges, details of nodes. Nothing parses it. */
import type { Expr } from "@heddle/core";

const operators = { lt: "<", lte: "<=", gt: ">", gte: ">=", add: "+", sub: "-", mul: "*", div: "/", mod: "%" } as const;
const lengthMax = 200;

/** One line, cut at 200 characters. */
export function exprText(expr: Expr): string {
  const text = show(expr, 0);
  return text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
}

/** Deeper than this nobody reads, and a stack has an end. */
const depthMax = 40;

function show(expr: Expr, depth: number): string {
  if (depth > depthMax) return "…";
  const of = (part: Expr): string => show(part, depth + 1);
  const operand = (part: Expr): string => (isSimple(part) ? of(part) : `(${of(part)})`);
  switch (expr.kind) {
    case "literal":
      return JSON.stringify(expr.value);
    case "ref":
      return [expr.scope === "var" ? undefined : expr.scope, expr.name].filter((part) => part !== undefined).join(".");
    case "field":
      return `${operand(expr.of)}.${expr.name}`;
    case "index":
      return `${operand(expr.of)}[${of(expr.at)}]`;
    case "length":
      return `${operand(expr.of)}.length`;
    case "not":
      return `not ${operand(expr.of)}`;
    case "and":
    case "or":
      return expr.of.length === 0 ? String(expr.kind === "and") : expr.of.map(operand).join(` ${expr.kind} `);
    case "compare":
    case "arithmetic":
      return `${operand(expr.left)} ${operators[expr.op]} ${operand(expr.right)}`;
    case "eq":
      return `${operand(expr.left)} == ${operand(expr.right)}`;
    case "starts-with":
      return `${operand(expr.left)} starts with ${operand(expr.right)}`;
    case "contains":
      return `${operand(expr.left)} contains ${operand(expr.right)}`;
    case "in":
      return `${operand(expr.left)} in ${operand(expr.right)}`;
    case "coalesce":
      return `${operand(expr.left)} ?? ${operand(expr.right)}`;
    case "if":
      return `${operand(expr.test)} ? ${operand(expr.then)} : ${operand(expr.else)}`;
    case "template":
      return expr.parts.map((part) => (part.kind === "literal" ? String(part.value ?? "") : `{${of(part)}}`)).join("");
    case "array":
      return `[${expr.items.map(of).join(", ")}]`;
    case "object":
      return `{ ${expr.fields.map((field) => `${field.name}: ${of(field.value)}`).join(", ")} }`;
    default:
      return expr satisfies never;
  }
}

function isSimple(expr: Expr): boolean {
  return ["literal", "ref", "field", "index", "length", "array", "object"].includes(expr.kind);
}
