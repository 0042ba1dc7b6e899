/** From the syntax of an expression to the model: names become references, `in` becomes `eq` joined by `or`. */
import { type FlowExpr, type FlowRef, flowMethods } from "./flow-model.ts";
import type { ExprSyntax } from "./syntax.ts";

/** What a bare name stands for; undefined where it stands for nothing. */
export type NameReading = (name: string) => FlowRef | undefined;

/** Undefined where something in it is unknown: somebody has complained about that. */
export function lowerExpr(expr: ExprSyntax, reading: NameReading): FlowExpr | undefined {
  const at = { at: { start: expr.start, end: expr.end } };
  const ref = (name: string): FlowExpr | undefined => {
    const found = reading(name);
    return found === undefined ? undefined : { kind: "ref", ref: found, ...at };
  };
  switch (expr.kind) {
    case "unread":
      return undefined;
    case "number":
      return { kind: "literal", type: "number", value: expr.value, ...at };
    case "string":
      return { kind: "literal", type: "string", value: expr.value, ...at };
    case "name":
      return ref(expr.name);
    case "field":
      return { kind: "ref", ref: { kind: "output", stage: expr.stage.text, field: expr.field.text }, ...at };
    case "not": {
      const of = lowerExpr(expr.of, reading);
      return of === undefined ? undefined : { kind: "not", of, ...at };
    }
    case "and":
    case "or": {
      const of = lowerAll(expr.of, reading);
      return of === undefined ? undefined : { kind: expr.kind, of, ...at };
    }
    case "compare":
    case "arithmetic": {
      const left = lowerExpr(expr.left, reading);
      const right = lowerExpr(expr.right, reading);
      if (left === undefined || right === undefined) return undefined;
      return expr.kind === "compare"
        ? { kind: "compare", op: expr.op, left, right, ...at }
        : { kind: "arithmetic", op: expr.op, left, right, ...at };
    }
    case "method": {
      const receiver = ref(expr.receiver.text);
      const [arg] = lowerAll(expr.args, reading) ?? [];
      const method = flowMethods.find((each) => each === expr.method.text);
      if (receiver === undefined || arg === undefined || method === undefined) return undefined;
      return { kind: "method", receiver, method, arg, ...at };
    }
    default: {
      const receiver = ref(expr.left.text);
      const items = lowerAll(expr.items, reading);
      if (receiver === undefined || items === undefined) return undefined;
      const each = items.map((arg): FlowExpr => ({ kind: "method", receiver, method: "eq", arg, ...at }));
      const [only] = each;
      return each.length === 1 ? only : { kind: "or", of: each, ...at };
    }
  }
}

function lowerAll(all: readonly ExprSyntax[], reading: NameReading): readonly FlowExpr[] | undefined {
  const lowered: FlowExpr[] = [];
  for (const each of all) {
    const one = lowerExpr(each, reading);
    if (one === undefined) return undefined;
    lowered.push(one);
  }
  return lowered;
}
