/** The types of literals, where a value does not say its own: a path is written like a text. */
import type { JsonValue } from "@heddle/core";
import type { FlowExpr, FlowType } from "./flow-model.ts";

/** The type that a value is taken for. */
export function literalTypeOf(value: JsonValue): FlowType {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "number";
    case "boolean":
      return "bool";
    default:
      return "json";
  }
}

/** The types of all literals of expressions, in the order in which they stand; undefined where every value says its own. */
export function literalTypes(...exprs: readonly FlowExpr[]): FlowType[] | undefined {
  const types: FlowType[] = [];
  let plain = true;
  const visit = (expr: FlowExpr): void => {
    switch (expr.kind) {
      case "literal":
        types.push(expr.type);
        if (expr.type !== literalTypeOf(expr.value)) plain = false;
        break;
      case "ref":
        break;
      case "not":
        visit(expr.of);
        break;
      case "and":
      case "or":
        for (const each of expr.of) visit(each);
        break;
      case "method":
        visit(expr.receiver);
        visit(expr.arg);
        break;
      default:
        visit(expr.left);
        visit(expr.right);
    }
  };
  for (const expr of exprs) visit(expr);
  return plain ? undefined : types;
}
