/**
 * What an expression reads of its frame, where a missing value would do harm, and what is known of the
 * variables once a condition has turned out true or false.
 */
import type { Expr } from "@heddle/core";

/** Of a variable: there, or known to be missing. */
export type Presence = "present" | "missing";

export interface Use {
  readonly name: string;
  /** What goes wrong without a value; absent where null does. */
  readonly need?: string;
}

type Known = ReadonlyMap<string, Presence>;

const nothing: Known = new Map();

/** Every variable that is read, except where the expression itself has asked whether it is there. */
export function usesOf(expr: Expr, need?: string): readonly Use[] {
  const uses: Use[] = [];
  collect(expr, need, nothing, uses);
  return uses;
}

function collect(expr: Expr, need: string | undefined, known: Known, uses: Use[]): void {
  const free = (part: Expr): void => collect(part, undefined, known, uses);
  switch (expr.kind) {
    case "literal":
      return;
    case "ref":
      if (expr.scope === "var" && expr.name !== undefined && known.get(expr.name) !== "present")
        uses.push({ name: expr.name, ...(need === undefined ? {} : { need }) });
      return;
    case "field":
    case "length":
    case "not":
      free(expr.of);
      return;
    case "index":
      free(expr.of);
      free(expr.at);
      return;
    case "and":
    case "or":
      collectInOrder(expr.of, expr.kind === "and", known, uses);
      return;
    case "if":
      free(expr.test);
      collect(expr.then, need, withFacts(known, expr.test, true), uses);
      collect(expr.else, need, withFacts(known, expr.test, false), uses);
      return;
    case "template":
      for (const part of expr.parts) free(part);
      return;
    case "array":
      for (const item of expr.items) free(item);
      return;
    case "object":
      for (const field of expr.fields) free(field.value);
      return;
    case "coalesce":
      // The left side may be missing: that is what the right side is for.
      free(expr.left);
      collect(expr.right, need, known, uses);
      return;
    case "compare":
      collect(expr.left, "it is compared", known, uses);
      collect(expr.right, "it is compared", known, uses);
      return;
    case "arithmetic":
      collect(expr.left, "it is calculated with", known, uses);
      collect(expr.right, "it is calculated with", known, uses);
      return;
    default:
      free(expr.left);
      free(expr.right);
  }
}

/** Each part is read only once those before it were true (`and`) or were not (`or`). */
function collectInOrder(parts: readonly Expr[], truth: boolean, known: Known, uses: Use[]): void {
  const grown = new Map(known);
  for (const part of parts) {
    collect(part, undefined, grown, uses);
    for (const [name, presence] of factsOf(part, truth)) grown.set(name, presence);
  }
}

function withFacts(known: Known, expr: Expr, truth: boolean): Known {
  const facts = factsOf(expr, truth);
  return facts.length === 0 ? known : new Map([...known, ...facts]);
}

/** What is known of variables once an expression is true, or is not. */
export function factsOf(expr: Expr, truth: boolean): readonly (readonly [string, Presence])[] {
  switch (expr.kind) {
    case "not":
      return factsOf(expr.of, !truth);
    case "and":
    case "or":
      if (expr.of.length === 1) return factsOf(expr.of[0] as Expr, truth);
      return (expr.kind === "and") === truth ? expr.of.flatMap((part) => factsOf(part, truth)) : [];
    case "eq":
      return factsOfEquality(expr.left, expr.right, truth);
    case "compare":
      return truth ? [...present(expr.left), ...present(expr.right)] : [];
    case "starts-with":
    case "contains":
      return truth ? present(expr.left) : [];
    case "in":
      return truth ? present(expr.right) : [];
    default:
      return truth ? present(expr) : [];
  }
}

function factsOfEquality(left: Expr, right: Expr, truth: boolean): readonly (readonly [string, Presence])[] {
  const [asked, literal] = right.kind === "literal" ? [left, right] : left.kind === "literal" ? [right, left] : [];
  if (asked === undefined || literal === undefined) return [];
  if (literal.value !== null) return truth ? present(asked) : [];
  if (!truth) return present(asked);
  return asked.kind === "ref" && asked.scope === "var" && asked.name !== undefined ? [[asked.name, "missing"]] : [];
}

/** The variables without which an expression would be null. */
function present(expr: Expr): readonly (readonly [string, Presence])[] {
  switch (expr.kind) {
    case "ref":
      return expr.scope === "var" && expr.name !== undefined ? [[expr.name, "present"]] : [];
    case "field":
    case "length":
    case "index":
      return present(expr.of);
    case "arithmetic":
      return [...present(expr.left), ...present(expr.right)];
    default:
      return [];
  }
}
