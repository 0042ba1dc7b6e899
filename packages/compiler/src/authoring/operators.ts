/** The operators of expressions, as functions: what JavaScript's own cannot do with values of a run. */
import type { Expr } from "@heddle/core";
import { lower, type Owner, symbolic } from "./symbolic.ts";
import type { Given, Plain, Symbolic, Value } from "./value.ts";

function operate<T>(operands: readonly unknown[], what: string, build: (of: readonly Expr[]) => Expr): Value<T> {
  // Lowered as one list, so that operands of two workflows are noticed.
  let owner: Owner | undefined;
  lower(operands, what);
  const exprs = operands.map((operand, i) => {
    const lowered = lower(operand, `operand ${i + 1} of ${what}`);
    owner ??= lowered.owner;
    return lowered.expr;
  });
  return symbolic<T>(build(exprs), owner);
}

function pair<T>(left: unknown, right: unknown, what: string, build: (left: Expr, right: Expr) => Expr): Value<T> {
  return operate<T>([left, right], what, (of) => build(of[0] as Expr, of[1] as Expr));
}

const comparison =
  (op: "lt" | "lte" | "gt" | "gte") =>
  <T extends string | number | null>(left: Given<T>, right: Given<T>): Value<boolean> =>
    pair(left, right, op, (l, r) => ({ kind: "compare", op, left: l, right: r }));

const arithmetic =
  (op: "sub" | "mul" | "div" | "mod") =>
  (left: Given<number | null>, right: Given<number | null>): Value<number> =>
    pair(left, right, op, (l, r) => ({ kind: "arithmetic", op, left: l, right: r }));

/** Whether two values are equal, member by member. */
export function eq(left: unknown, right: unknown): Value<boolean> {
  return pair(left, right, "eq", (l, r) => ({ kind: "eq", left: l, right: r }));
}

/** Whether two values differ. */
export function ne(left: unknown, right: unknown): Value<boolean> {
  return not(eq(left, right));
}

/** True unless the value is `true`. */
export function not(value: Given<boolean | null>): Value<boolean> {
  return operate([value], "not", (of) => ({ kind: "not", of: of[0] as Expr }));
}

/** True when every value is `true`. */
export function and(...values: readonly Given<boolean | null>[]): Value<boolean> {
  return operate(values, "and", (of) => ({ kind: "and", of }));
}

/** True when some value is `true`. */
export function or(...values: readonly Given<boolean | null>[]): Value<boolean> {
  return operate(values, "or", (of) => ({ kind: "or", of }));
}

/** Less than, of two numbers or two texts; false for anything else. */
export const lt = comparison("lt");
/** At most. */
export const lte = comparison("lte");
/** Greater than. */
export const gt = comparison("gt");
/** At least. */
export const gte = comparison("gte");

/** The sum of two numbers, or two texts one after the other. */
export function add<T extends number | string>(left: Given<T | null>, right: Given<T | null>): Value<T extends number ? number : string> {
  return pair(left, right, "add", (l, r) => ({ kind: "arithmetic", op: "add", left: l, right: r }));
}
/** The difference. */
export const sub = arithmetic("sub");
/** The product. */
export const mul = arithmetic("mul");
/** The quotient; null when dividing by zero. */
export const div = arithmetic("div");
/** The remainder. */
export const mod = arithmetic("mod");

/** A text with values in it: strings as they are, null as nothing, the rest as JSON. */
export function text(strings: TemplateStringsArray, ...values: readonly unknown[]): Value<string> {
  return operate(values, "text", (of) => {
    const parts = strings.flatMap((string, i): Expr[] => [
      ...(string === "" ? [] : [{ kind: "literal" as const, value: string }]),
      ...(of[i] === undefined ? [] : [of[i]]),
    ]);
    return { kind: "template", parts };
  });
}

/** Whether a text contains a text, or a list an item. */
export function contains(whole: Given<string | null> | Given<readonly unknown[] | null>, part: unknown): Value<boolean> {
  return pair(whole, part, "contains", (left, right) => ({ kind: "contains", left, right }));
}

/** Whether a text starts with another. */
export function startsWith(whole: Given<string | null>, prefix: Given<string | null>): Value<boolean> {
  return pair(whole, prefix, "startsWith", (left, right) => ({ kind: "starts-with", left, right }));
}

/** Whether a value is one of a list. */
export function isIn(value: unknown, list: Given<readonly unknown[]>): Value<boolean> {
  return pair(value, list, "isIn", (left, right) => ({ kind: "in", left, right }));
}

/** The first value that is not null. */
export function coalesce<T>(
  first: Symbolic<T>,
  ...others: readonly Given<Exclude<T, null | undefined>>[]
): Value<Exclude<T, null | undefined>> {
  return operate([first, ...others], "coalesce", (of) =>
    of.slice(0, -1).reduceRight((right, left) => ({ kind: "coalesce", left, right }), of[of.length - 1] as Expr),
  );
}

/** `yes` when the test is true, else `no`: a value, decided in a run. For steps, use `b.branch`. */
export function cond<A, B>(test: Given<boolean | null>, yes: A, no: B): Value<Plain<A> | Plain<B>> {
  return operate([test, yes, no], "cond", (of) => ({
    kind: "if",
    test: of[0] as Expr,
    then: of[1] as Expr,
    else: of[2] as Expr,
  }));
}

/** The length of a text or a list; null for anything else. */
export function length(value: Given<string | null> | Given<readonly unknown[] | null>): Value<number> {
  return operate([value], "length", (of) => ({ kind: "length", of: of[0] as Expr }));
}

/** An element of a list by an index that only the run knows. */
export function at<T>(list: Symbolic<readonly T[]>, index: Given<number>): Value<T | null> {
  return pair(list, index, "at", (of, position) => ({ kind: "index", of, at: position }));
}

/** A member by name: for names that are taken (`length`, `then`) and for values of type json. */
export function field<T = unknown>(value: Symbolic<unknown>, name: string): Value<T> {
  return operate([value], "field", (of) => ({ kind: "field", of: of[0] as Expr, name }));
}

/** A plain value or literal as a symbolic one. */
export function value<G>(given: G): Value<Plain<G>> {
  return operate([given], "value", (of) => of[0] as Expr);
}
