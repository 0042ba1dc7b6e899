/**
 * Conditions of policies and grants, strictly typed. An expression has a value or a fault, and a fault is never taken
 * for false: what has no value denies.
 *
 * Architecture invariant: evaluation is total, and reads the call and the context alone. docs/policies.md tables every
 * case, and a test walks that table.
 */
import { canonicalJson, type Expr, type JsonValue, valueBytesMax } from "@heddle/core";
import { describeValue, Fault, type Value } from "./fault.ts";
import { booleanOf, type Condition, faulty, holdsPaths, type Operand, type OperandType, type Run } from "./operand.ts";
import { containsOf, equalityOf, memberOf, prefixOf } from "./predicates.ts";

/** What the names of an expression stand for. */
export interface Names {
  readonly bound: (name: string) => Operand;
  readonly input: (name: string) => Operand;
  /** Told of each part that can never have a value. */
  readonly report?: (problem: string) => void;
}

export function compileCondition(expr: Expr, names: Names): Condition {
  const { type, run } = compileOperand(expr, names);
  if (type !== "boolean" && type !== "json" && type !== "fault") names.report?.("the condition is neither true nor false");
  return (call, context) => booleanOf(run(call, context), "the condition");
}

/** Compiles any expression; a mistake that is plain before any call makes an operand of type `fault`, and is reported. */
export function compileOperand(expr: Expr, names: Names): Operand {
  const operand = operandOf(expr, names);
  if (operand.problem !== undefined) names.report?.(operand.problem);
  return operand;
}

function operandOf(expr: Expr, names: Names): Operand {
  const compile = (each: Expr): Operand => compileOperand(each, names);
  switch (expr.kind) {
    case "literal":
      return literalOf(expr.value);
    case "ref":
      return referenceOf(expr, names);
    case "not":
      return notOf(compile(expr.of));
    case "and":
    case "or":
      return junctionOf(expr.kind === "or", expr.of.map(compile));
    case "eq":
      return predicate(equalityOf(compile(expr.left), compile(expr.right)));
    case "contains":
      return predicate(containsOf(compile(expr.left), compile(expr.right)));
    case "in":
      return predicate(memberOf(compile(expr.left), compile(expr.right)));
    case "starts-with":
      return predicate(prefixOf(compile(expr.left), compile(expr.right)));
    case "compare":
      return predicate(orderOf(expr.op, compile(expr.left), compile(expr.right)));
    case "arithmetic":
      return arithmeticOf(expr.op, compile(expr.left), compile(expr.right));
    case "coalesce":
      return coalesceOf(compile(expr.left), compile(expr.right));
    case "if":
      return choiceOf(compile(expr.test), compile(expr.then), compile(expr.else));
    case "field":
      return fieldOf(compile(expr.of), literalOf(expr.name));
    case "index":
      return fieldOf(compile(expr.of), compile(expr.at));
    case "length":
      return lengthOf(compile(expr.of));
    case "template":
      return templateOf(expr.parts.map(compile));
    case "array":
      return listOf(expr.items.map(compile));
    default:
      return objectOf(expr.fields.map(({ name, value }) => [name, compile(value)] as const));
  }
}

function predicate(found: Condition | Operand): Operand {
  return typeof found === "function" ? { type: "boolean", run: found } : found;
}

const nothing = new Fault("null stands for nothing", true);

function literalOf(value: JsonValue): Operand {
  if (value === null) return { type: "json", run: () => nothing };
  const run = () => value;
  return typeof value === "object" ? { type: "json", run } : { type: typeof value as "string" | "number" | "boolean", run };
}

function referenceOf({ scope, name }: Extract<Expr, { readonly kind: "ref" }>, names: Names): Operand {
  if (name === undefined) return faulty(`a condition names what it reads of ${scope}`);
  if (scope === "bound") return names.bound(name);
  if (scope === "input") return names.input(name);
  return faulty(`a condition cannot read ${scope}.${name}: it sees the arguments of the call and the inputs of the run`);
}

function notOf({ run }: Operand): Operand {
  return {
    type: "boolean",
    run: (call, context) => {
      const value = booleanOf(run(call, context), "what `not` is asked of");
      return value instanceof Fault ? value : !value;
    },
  };
}

/** In order, and no further than needed: a fault before the deciding part is a fault, one after it is never seen. */
function junctionOf(decisive: boolean, parts: readonly Operand[]): Operand {
  const what = `a part of \`${decisive ? "or" : "and"}\``;
  return {
    type: "boolean",
    run: (call, context) => {
      for (const { run } of parts) {
        const value = booleanOf(run(call, context), what);
        if (value instanceof Fault || value === decisive) return value;
      }
      return !decisive;
    },
  };
}

type OrderOp = Extract<Expr, { readonly kind: "compare" }>["op"];

function orderOf(op: OrderOp, left: Operand, right: Operand): Condition | Operand {
  if (holdsPaths(left) || holdsPaths(right)) return faulty("paths have no order");
  return (call, context) => {
    const a = left.run(call, context);
    if (a instanceof Fault) return a;
    const b = right.run(call, context);
    if (b instanceof Fault) return b;
    if (!((typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string"))) {
      return new Fault(`${describeValue(a)} and ${describeValue(b)} have no order`);
    }
    if (op === "lt") return a < b;
    if (op === "lte") return a <= b;
    return op === "gt" ? a > b : a >= b;
  };
}

type ArithmeticOp = Extract<Expr, { readonly kind: "arithmetic" }>["op"];

function arithmeticOf(op: ArithmeticOp, left: Operand, right: Operand): Operand {
  if (holdsPaths(left) || holdsPaths(right)) return faulty("nothing is calculated with paths: join them with `contains`");
  const run: Run = (call, context) => {
    const a = left.run(call, context);
    if (a instanceof Fault) return a;
    const b = right.run(call, context);
    if (b instanceof Fault) return b;
    if (op === "add" && typeof a === "string" && typeof b === "string") return bounded(a + b);
    if (typeof a !== "number" || typeof b !== "number")
      return new Fault(`nothing is calculated with ${describeValue(a)} and ${describeValue(b)}`);
    const value = calculate(op, a, b);
    return Number.isFinite(value) ? value : new Fault("a calculation has no finite result");
  };
  return { type: "json", run };
}

function calculate(op: ArithmeticOp, a: number, b: number): number {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return a / b;
    default:
      return a % b;
  }
}

function bounded(text: string): string | Fault {
  return text.length > valueBytesMax ? new Fault("a text grew longer than a value may be") : text;
}

/** The type of either; undefined where one is a path and the other is not. */
function eitherType(left: Operand, right: Operand): OperandType | undefined {
  if (left.type === "fault") return right.type;
  if (right.type === "fault" || left.type === right.type) return left.type;
  return holdsPaths(left) || holdsPaths(right) ? undefined : "json";
}

const mixed = "either a path or something else: what it is compared with cannot be told";

function coalesceOf(left: Operand, right: Operand): Operand {
  const type = eitherType(left, right);
  if (type === undefined || type === "list") return faulty(`\`??\` gives ${mixed}`);
  const run: Run = (call, context) => {
    const value = left.run(call, context);
    return value instanceof Fault && value.absent ? right.run(call, context) : value;
  };
  return { type, run };
}

function choiceOf(test: Operand, yes: Operand, no: Operand): Operand {
  const type = eitherType(yes, no);
  if (type === undefined || type === "list") return faulty(`\`if\` gives ${mixed}`);
  const run: Run = (call, context) => {
    const chosen = booleanOf(test.run(call, context), "the test of `if`");
    if (chosen instanceof Fault) return chosen;
    return chosen ? yes.run(call, context) : no.run(call, context);
  };
  return { type, run };
}

const noMember = new Fault("nothing is there under that name or at that place", true);

function fieldOf(of: Operand, at: Operand): Operand {
  if (of.type === "paths") return { type: "path", run: memberRun(of, at) };
  if (holdsPaths(of) || holdsPaths(at)) return faulty("a path has no parts that a condition could read");
  return { type: "json", run: memberRun(of, at) };
}

function memberRun(of: Operand, at: Operand): Run {
  return (call, context) => {
    const value = of.run(call, context);
    if (value instanceof Fault) return value;
    const key = at.run(call, context);
    if (key instanceof Fault) return key;
    if (Array.isArray(value)) {
      if (typeof key !== "number") return new Fault(`a list has no member under ${describeValue(key)}`);
      return (value[key] as JsonValue | undefined) ?? noMember;
    }
    if (typeof value !== "object" || value === null || typeof key !== "string") {
      return new Fault(`${describeValue(value)} has no member under ${describeValue(key)}`);
    }
    return Object.hasOwn(value, key) ? ((value as { readonly [name: string]: JsonValue })[key] ?? noMember) : noMember;
  };
}

function lengthOf(of: Operand): Operand {
  if (of.type === "path") return faulty("a path has no length");
  const run: Run = (call, context) => {
    const value = of.run(call, context);
    if (value instanceof Fault) return value;
    return typeof value === "string" || Array.isArray(value) ? value.length : new Fault(`${describeValue(value)} has no length`);
  };
  return { type: "number", run };
}

function templateOf(parts: readonly Operand[]): Operand {
  if (parts.some(holdsPaths)) return faulty("a text is not made of paths: compare them as paths");
  const run: Run = (call, context) => {
    let text = "";
    for (const part of parts) {
      const value = part.run(call, context);
      if (value instanceof Fault) return value;
      text += typeof value === "string" ? value : canonicalJson(value);
      if (text.length > valueBytesMax) return bounded(text);
    }
    return text;
  };
  return { type: "string", run };
}

function listOf(items: readonly Operand[]): Operand {
  const run: Run = (call, context) => {
    const values: JsonValue[] = [];
    for (const item of items) {
      const value = item.run(call, context);
      if (value instanceof Fault) return value;
      values.push(value);
    }
    return values;
  };
  return { type: "list", items, run };
}

function objectOf(fields: readonly (readonly [string, Operand])[]): Operand {
  if (fields.some(([, value]) => holdsPaths(value))) return faulty("a path inside an object cannot be compared as a path");
  const run: Run = (call, context): Value => {
    const members: [string, JsonValue][] = [];
    for (const [name, of] of fields) {
      const value = of.run(call, context);
      if (value instanceof Fault) return value;
      members.push([name, value]);
    }
    return Object.fromEntries(members);
  };
  return { type: "json", run };
}
