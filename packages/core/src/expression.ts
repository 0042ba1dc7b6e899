/**
 * Expressions: the one small language of guards, arguments and policies, and its one evaluator.
 *
 * Architecture invariant: evaluation is total. Nothing throws, nothing loops, nothing reads a clock.
 * What has no sensible value is null, and null flows: docs/expressions.md tables every case, and the
 * tests walk that table.
 */
import * as z from "zod";
import { unreachable } from "./errors.ts";
import { isJsonArray, isJsonObject, type JsonValue, jsonEquals, valueBytesMax } from "./json.ts";
import { JsonValueSchema } from "./json-schema.ts";

/**
 * Where a name is looked up. `var`: the variables of the frame, a body's inputs among them; `result`:
 * the outcome of the node whose edges or writes are evaluated; `failure`: why it failed; `input`:
 * the run's inputs and `bound`: a policy's bound arguments (both in policies only).
 */
export type RefScope = "var" | "result" | "failure" | "input" | "bound";

export type Expr =
  | { readonly kind: "literal"; readonly value: JsonValue }
  | { readonly kind: "ref"; readonly scope: RefScope; readonly name?: string }
  | { readonly kind: "field"; readonly of: Expr; readonly name: string }
  | { readonly kind: "index"; readonly of: Expr; readonly at: Expr }
  | { readonly kind: "length"; readonly of: Expr }
  | { readonly kind: "not"; readonly of: Expr }
  | { readonly kind: "and" | "or"; readonly of: readonly Expr[] }
  | { readonly kind: "compare"; readonly op: "lt" | "lte" | "gt" | "gte"; readonly left: Expr; readonly right: Expr }
  | { readonly kind: "eq"; readonly left: Expr; readonly right: Expr }
  | { readonly kind: "arithmetic"; readonly op: "add" | "sub" | "mul" | "div" | "mod"; readonly left: Expr; readonly right: Expr }
  | { readonly kind: "starts-with" | "contains" | "in" | "coalesce"; readonly left: Expr; readonly right: Expr }
  | { readonly kind: "if"; readonly test: Expr; readonly then: Expr; readonly else: Expr }
  | { readonly kind: "template"; readonly parts: readonly Expr[] }
  | { readonly kind: "array"; readonly items: readonly Expr[] }
  | { readonly kind: "object"; readonly fields: readonly { readonly name: string; readonly value: Expr }[] };

const lazyExpr: z.ZodType<Expr> = z.lazy(() => Expr);
const pair = { left: lazyExpr, right: lazyExpr };

export const Expr: z.ZodType<Expr> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("literal"), value: JsonValueSchema }),
  z.strictObject({
    kind: z.literal("ref"),
    scope: z.enum(["var", "result", "failure", "input", "bound"]),
    name: z.string().min(1).max(128).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("field"), of: lazyExpr, name: z.string().max(256) }),
  z.strictObject({ kind: z.literal("index"), of: lazyExpr, at: lazyExpr }),
  z.strictObject({ kind: z.literal("length"), of: lazyExpr }),
  z.strictObject({ kind: z.literal("not"), of: lazyExpr }),
  z.strictObject({ kind: z.enum(["and", "or"]), of: z.array(lazyExpr) }),
  z.strictObject({ kind: z.literal("compare"), op: z.enum(["lt", "lte", "gt", "gte"]), ...pair }),
  z.strictObject({ kind: z.literal("eq"), ...pair }),
  z.strictObject({ kind: z.literal("arithmetic"), op: z.enum(["add", "sub", "mul", "div", "mod"]), ...pair }),
  z.strictObject({ kind: z.enum(["starts-with", "contains", "in", "coalesce"]), ...pair }),
  z.strictObject({ kind: z.literal("if"), test: lazyExpr, then: lazyExpr, else: lazyExpr }),
  z.strictObject({ kind: z.literal("template"), parts: z.array(lazyExpr) }),
  z.strictObject({ kind: z.literal("array"), items: z.array(lazyExpr) }),
  z.strictObject({ kind: z.literal("object"), fields: z.array(z.strictObject({ name: z.string().max(256), value: lazyExpr })) }),
]) as z.ZodType<Expr>;

/** What names mean during one evaluation. Absent scopes read as null. */
export interface EvalScope {
  /** A variable of the frame, or undefined where there is none. */
  readonly var: (name: string) => JsonValue | undefined;
  readonly result?: JsonValue | undefined;
  readonly failure?: JsonValue | undefined;
  readonly input?: ((name: string) => JsonValue | undefined) | undefined;
  readonly bound?: ((name: string) => JsonValue | undefined) | undefined;
}

export type Evaluate = (scope: EvalScope) => JsonValue;

/** Compiles an expression once, for many evaluations. */
export function compileExpr(expr: Expr): Evaluate {
  switch (expr.kind) {
    case "literal": {
      const { value } = expr;
      return () => value;
    }
    case "ref":
      return compileRef(expr.scope, expr.name);
    case "field": {
      const of = compileExpr(expr.of);
      const { name } = expr;
      return (scope) => fieldOf(of(scope), name);
    }
    case "index": {
      const of = compileExpr(expr.of);
      const at = compileExpr(expr.at);
      return (scope) => indexOf(of(scope), at(scope));
    }
    case "length": {
      const of = compileExpr(expr.of);
      return (scope) => lengthOf(of(scope));
    }
    case "not": {
      const of = compileExpr(expr.of);
      return (scope) => of(scope) !== true;
    }
    case "and": {
      const parts = expr.of.map(compileExpr);
      return (scope) => parts.every((part) => part(scope) === true);
    }
    case "or": {
      const parts = expr.of.map(compileExpr);
      return (scope) => parts.some((part) => part(scope) === true);
    }
    case "if": {
      const test = compileExpr(expr.test);
      const yes = compileExpr(expr.then);
      const no = compileExpr(expr.else);
      return (scope) => (test(scope) === true ? yes(scope) : no(scope));
    }
    case "coalesce": {
      const left = compileExpr(expr.left);
      const right = compileExpr(expr.right);
      return (scope) => left(scope) ?? right(scope);
    }
    case "template": {
      const parts = expr.parts.map(compileExpr);
      return (scope) => joinTexts(parts.map((part) => textOf(part(scope))));
    }
    case "array": {
      const items = expr.items.map(compileExpr);
      return (scope) => items.map((item) => item(scope));
    }
    case "object": {
      const fields = expr.fields.map((field) => [field.name, compileExpr(field.value)] as const);
      return (scope) => Object.fromEntries(fields.map(([name, value]) => [name, value(scope)]));
    }
    default:
      return compilePair(expr);
  }
}

/** Evaluates once. Prefer {@link compileExpr} where the same expression runs again. */
export function evaluate(expr: Expr, scope: EvalScope): JsonValue {
  return compileExpr(expr)(scope);
}

function compileRef(scope: RefScope, name: string | undefined): Evaluate {
  switch (scope) {
    case "result":
      return name === undefined ? (s) => s.result ?? null : (s) => fieldOf(s.result ?? null, name);
    case "failure":
      return name === undefined ? (s) => s.failure ?? null : (s) => fieldOf(s.failure ?? null, name);
    case "var":
      return name === undefined ? () => null : (s) => s.var(name) ?? null;
    case "input":
      return name === undefined ? () => null : (s) => s.input?.(name) ?? null;
    case "bound":
      return name === undefined ? () => null : (s) => s.bound?.(name) ?? null;
    default:
      return unreachable(scope);
  }
}

type PairExpr = Extract<Expr, { readonly left: Expr }>;

function compilePair(expr: Exclude<PairExpr, { readonly kind: "coalesce" }> | PairExpr): Evaluate {
  const left = compileExpr(expr.left);
  const right = compileExpr(expr.right);
  switch (expr.kind) {
    case "eq":
      return (scope) => jsonEquals(left(scope), right(scope));
    case "compare": {
      const { op } = expr;
      return (scope) => compare(op, left(scope), right(scope));
    }
    case "arithmetic": {
      const { op } = expr;
      return (scope) => calculate(op, left(scope), right(scope));
    }
    case "starts-with":
      return (scope) => {
        const text = left(scope);
        const prefix = right(scope);
        return typeof text === "string" && typeof prefix === "string" && text.startsWith(prefix);
      };
    case "contains":
      return (scope) => contains(left(scope), right(scope));
    case "in":
      return (scope) => contains(right(scope), left(scope));
    case "coalesce":
      return (scope) => left(scope) ?? right(scope);
    default:
      return unreachable(expr);
  }
}

function fieldOf(value: JsonValue, name: string): JsonValue {
  return isJsonObject(value) && Object.hasOwn(value, name) ? (value[name] as JsonValue) : null;
}

function indexOf(value: JsonValue, at: JsonValue): JsonValue {
  if (typeof at === "string") return fieldOf(value, at);
  if (typeof at !== "number" || !Number.isInteger(at)) return null;
  if (isJsonArray(value)) return value[at] ?? null;
  return typeof value === "string" ? (value[at] ?? null) : null;
}

function lengthOf(value: JsonValue): JsonValue {
  return typeof value === "string" || isJsonArray(value) ? value.length : null;
}

function contains(whole: JsonValue, part: JsonValue): boolean {
  if (typeof whole === "string") return typeof part === "string" && whole.includes(part);
  return isJsonArray(whole) && whole.some((item) => jsonEquals(item, part));
}

function compare(op: "lt" | "lte" | "gt" | "gte", left: JsonValue, right: JsonValue): boolean {
  const comparable = (typeof left === "number" && typeof right === "number") || (typeof left === "string" && typeof right === "string");
  if (!comparable) return false;
  switch (op) {
    case "lt":
      return left < right;
    case "lte":
      return left <= right;
    case "gt":
      return left > right;
    case "gte":
      return left >= right;
    default:
      return unreachable(op);
  }
}

function calculate(op: "add" | "sub" | "mul" | "div" | "mod", left: JsonValue, right: JsonValue): JsonValue {
  if (op === "add" && typeof left === "string" && typeof right === "string") return joinTexts([left, right]);
  if (typeof left !== "number" || typeof right !== "number") return null;
  const value = arithmetic(op, left, right);
  return Number.isFinite(value) ? value : null;
}

function arithmetic(op: "add" | "sub" | "mul" | "div" | "mod", left: number, right: number): number {
  switch (op) {
    case "add":
      return left + right;
    case "sub":
      return left - right;
    case "mul":
      return left * right;
    case "div":
      return left / right;
    case "mod":
      return left % right;
    default:
      return unreachable(op);
  }
}

/** Null over the size that any value may have: joined again and again, a text would outgrow the engine. */
function joinTexts(texts: readonly string[]): JsonValue {
  return texts.reduce((length, text) => length + text.length, 0) > valueBytesMax ? null : texts.join("");
}

/** How a value reads inside a text template: strings as they are, null as nothing, the rest as JSON. */
export function textOf(value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Every `ref` in an expression, outermost first: what checks and liveness read. */
export function refsOf(expr: Expr): readonly Extract<Expr, { readonly kind: "ref" }>[] {
  switch (expr.kind) {
    case "literal":
      return [];
    case "ref":
      return [expr];
    case "field":
    case "length":
    case "not":
      return refsOf(expr.of);
    case "index":
      return [...refsOf(expr.of), ...refsOf(expr.at)];
    case "and":
    case "or":
      return expr.of.flatMap(refsOf);
    case "if":
      return [...refsOf(expr.test), ...refsOf(expr.then), ...refsOf(expr.else)];
    case "template":
      return expr.parts.flatMap(refsOf);
    case "array":
      return expr.items.flatMap(refsOf);
    case "object":
      return expr.fields.flatMap((field) => refsOf(field.value));
    default:
      return [...refsOf(expr.left), ...refsOf(expr.right)];
  }
}

/** `scope.name.a.b` as a path, where an expression is nothing but such a read; undefined otherwise. */
export function pathOf(expr: Expr): { scope: RefScope; name: string | undefined; path: readonly (string | number)[] } | undefined {
  const path: (string | number)[] = [];
  let at: Expr = expr;
  for (;;) {
    if (at.kind === "field") {
      path.unshift(at.name);
      at = at.of;
    } else if (at.kind === "index" && at.at.kind === "literal" && typeof at.at.value === "number" && Number.isInteger(at.at.value)) {
      path.unshift(at.at.value);
      at = at.of;
    } else if (at.kind === "ref") {
      return { scope: at.scope, name: at.name, path };
    } else return undefined;
  }
}

/** Reads a path as `field` and `index` do: null where it leads nowhere. */
export function readPath(value: JsonValue, path: readonly (string | number)[]): JsonValue {
  let at = value;
  for (const step of path) {
    at = indexOf(at, step);
    if (at === null) return null;
  }
  return at;
}
