/**
 * What conditions can turn out to be: all of them are evaluated over every combination of the values that
 * make a difference to them. A value that is compared with 3 may as well be 2, 3 or 4, missing or a text.
 *
 * Parts that depend on each other are taken for independent, so that more seems possible than is: "always"
 * and "never" hold, "may" may be wrong. What would take too many combinations is not judged at all.
 */
import { type Expr, evaluate, isJsonArray, type JsonValue, jsonEquals, refsOf } from "@heddle/core";
import { kind, type Shape } from "./shape.ts";
import { type ShapeScope, shapeOfExpr } from "./shape-of.ts";

/** Of one of several conditions that are asked in order. */
export interface Outlook {
  readonly always: boolean;
  readonly never: boolean;
  /** Never true where all before it are not. */
  readonly late: boolean;
}

export interface Outlooks {
  readonly each: readonly Outlook[];
  /** One of them is true, whatever the values. */
  readonly exhaustive: boolean;
}

/** Combinations that are tried, and work that is done for them, at most. */
const combinationsMax = 4_096;
const workMax = 200_000;

type Form =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "ask"; readonly question: number; readonly holds: (answer: JsonValue) => boolean }
  | { readonly kind: "not"; readonly of: Form }
  | { readonly kind: "all" | "any"; readonly of: readonly Form[] };

interface Question {
  readonly shape: Shape;
  /** Answers of its own; otherwise they follow from the shape and from what it is compared with. */
  readonly answers?: readonly JsonValue[];
  readonly numbers: number[];
  readonly literals: JsonValue[];
}

/** Undefined where there are too many combinations. */
export function outlooksOf(conditions: readonly Expr[], scope: ShapeScope): Outlooks | undefined {
  const maker = new FormMaker(scope);
  const forms = conditions.map((condition) => maker.form(condition));
  const domains = maker.questions.map(answersOf);
  const combinations = domains.reduce((count, domain) => Math.min(count * domain.length, combinationsMax + 1), 1);
  if (combinations > combinationsMax || combinations * maker.size > workMax) return undefined;
  const seen = conditions.map(() => ({ true: false, false: false, first: false }));
  let exhaustive = true;
  const answers: JsonValue[] = domains.map(() => null);
  for (let combination = 0; combination < combinations; combination++) {
    let rest = combination;
    for (const [i, domain] of domains.entries()) {
      answers[i] = domain[rest % domain.length] ?? null;
      rest = Math.floor(rest / domain.length);
    }
    let before = false;
    for (const [i, form] of forms.entries()) {
      const value = holds(form, answers);
      const entry = seen[i];
      if (entry === undefined) continue;
      if (value) entry.true = true;
      else entry.false = true;
      if (value && !before) entry.first = true;
      before ||= value;
    }
    exhaustive &&= before;
  }
  return { each: seen.map((each) => ({ always: !each.false, never: !each.true, late: each.true && !each.first })), exhaustive };
}

/** What a condition is that reads nothing. */
export function constantOf(expr: Expr): JsonValue | undefined {
  if (expr.kind === "literal") return expr.value;
  return refsOf(expr).length === 0 ? evaluate(expr, { var: () => undefined }) : undefined;
}

function holds(form: Form, answers: readonly JsonValue[]): boolean {
  switch (form.kind) {
    case "constant":
      return form.value;
    case "ask":
      return form.holds(answers[form.question] ?? null);
    case "not":
      return !holds(form.of, answers);
    case "all":
      return form.of.every((each) => holds(each, answers));
    default:
      return form.of.some((each) => holds(each, answers));
  }
}

class FormMaker {
  readonly questions: Question[] = [];
  size = 1;
  readonly #scope: ShapeScope;
  readonly #byKey = new Map<string, number>();

  constructor(scope: ShapeScope) {
    this.#scope = scope;
  }

  form(expr: Expr): Form {
    this.size++;
    const constant = expr.kind === "and" || expr.kind === "or" ? undefined : constantOf(expr);
    if (constant !== undefined) return { kind: "constant", value: constant === true };
    switch (expr.kind) {
      case "not":
        return { kind: "not", of: this.form(expr.of) };
      case "and":
      case "or":
        return { kind: expr.kind === "and" ? "all" : "any", of: expr.of.map((each) => this.form(each)) };
      case "if": {
        const test = this.form(expr.test);
        const then: Form = { kind: "all", of: [test, this.form(expr.then)] };
        return { kind: "any", of: [then, { kind: "all", of: [{ kind: "not", of: test }, this.form(expr.else)] }] };
      }
      case "eq":
        return this.#equality(expr.left, expr.right);
      case "compare":
        return this.#order(expr);
      case "in":
      case "contains": {
        const [part, whole] = expr.kind === "in" ? [expr.left, expr.right] : [expr.right, expr.left];
        const list = constantOf(whole);
        if (list === undefined || !isJsonArray(list)) return this.#opaque(expr);
        return { kind: "any", of: list.map((item) => this.#equals(part, item)) };
      }
      case "starts-with":
        return this.#opaque(expr);
      default:
        return this.#equals(expr, true);
    }
  }

  #equality(left: Expr, right: Expr): Form {
    const leftValue = constantOf(left);
    const rightValue = constantOf(right);
    if (rightValue !== undefined) return this.#equals(left, rightValue);
    if (leftValue !== undefined) return this.#equals(right, leftValue);
    return this.#relation(left, right, ["equal", "same"], ["equal", "same"]);
  }

  #equals(expr: Expr, literal: JsonValue): Form {
    const question = this.#ask(expr);
    this.questions[question]?.literals.push(literal);
    return { kind: "ask", question, holds: (answer) => jsonEquals(answer, literal) };
  }

  #order(expr: Extract<Expr, { readonly kind: "compare" }>): Form {
    const { op, left, right } = expr;
    const leftValue = constantOf(left);
    const rightValue = constantOf(right);
    const literal = rightValue ?? leftValue;
    if (literal === undefined) {
      const exact = op === "lte" || op === "gte" ? ["equal"] : [];
      const less = op === "lt" || op === "lte" ? "less" : "more";
      const turned = less === "less" ? "more" : "less";
      return this.#relation(left, right, [less, ...exact], [turned, ...exact]);
    }
    if (typeof literal !== "number") return this.#opaque(expr);
    const question = this.#ask(rightValue === undefined ? right : left);
    this.questions[question]?.numbers.push(literal);
    const than = (answer: JsonValue): number | undefined => (typeof answer === "number" ? answer - literal : undefined);
    const sign = rightValue === undefined ? -1 : 1;
    const tests = { lt: (d: number) => d < 0, lte: (d: number) => d <= 0, gt: (d: number) => d > 0, gte: (d: number) => d >= 0 };
    return {
      kind: "ask",
      question,
      holds: (answer) => {
        const distance = than(answer);
        return distance !== undefined && tests[op](distance * sign);
      },
    };
  }

  /** How two values stand to each other: one question, whichever is named first. */
  #relation(left: Expr, right: Expr, wanted: readonly string[], turned: readonly string[]): Form {
    const leftKey = JSON.stringify(left);
    const rightKey = JSON.stringify(right);
    const inOrder = leftKey <= rightKey;
    const shapes = [shapeOfExpr(left, this.#scope), shapeOfExpr(right, this.#scope)] as const;
    const comparable = shapes[0].kinds === shapes[1].kinds && (shapes[0].kinds === kind.number || shapes[0].kinds === kind.string);
    // `same` and `other`: equal or not, of kinds that have no order.
    const answers = leftKey === rightKey ? ["equal", "same"] : ["less", "equal", "more", "same", "other"];
    const possible = comparable ? answers.filter((each) => each !== "same" && each !== "other") : answers;
    const question = this.#asked(`${inOrder ? leftKey : rightKey}\u0000${inOrder ? rightKey : leftKey}`, {
      shape: shapes[0],
      answers: possible,
    });
    const right_ = inOrder ? wanted : turned;
    return { kind: "ask", question, holds: (answer) => right_.includes(String(answer)) };
  }

  #opaque(expr: Expr): Form {
    const question = this.#asked(JSON.stringify(expr), { shape: shapeOfExpr(expr, this.#scope), answers: [true, false] });
    return { kind: "ask", question, holds: (answer) => answer === true };
  }

  #ask(expr: Expr): number {
    return this.#asked(JSON.stringify(expr), { shape: shapeOfExpr(expr, this.#scope) });
  }

  #asked(key: string, question: Pick<Question, "shape" | "answers">): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#byKey.set(key, this.questions.length);
    return this.questions.push({ ...question, numbers: [], literals: [] }) - 1;
  }
}

/** One value for everything that makes a difference. */
function answersOf({ shape, answers, numbers, literals }: Question): readonly JsonValue[] {
  if (answers !== undefined) return answers;
  const found: JsonValue[] = (shape.kinds & kind.null) === 0 ? [] : [null];
  if (shape.values !== undefined) return [...found, ...shape.values];
  if ((shape.kinds & kind.boolean) !== 0) found.push(true, false);
  if ((shape.kinds & kind.number) !== 0) found.push(...numbersAround([...numbers, ...literals.filter((each) => typeof each === "number")]));
  if ((shape.kinds & kind.string) !== 0) {
    const texts = [...new Set(literals.filter((each) => typeof each === "string"))];
    found.push(...texts, `${texts.join("")}?`);
  }
  if ((shape.kinds & kind.array) !== 0) found.push(...literals.filter((each) => isJsonArray(each)), [[["?"]]]);
  if ((shape.kinds & kind.object) !== 0) {
    found.push(...literals.filter((each) => typeof each === "object" && each !== null && !isJsonArray(each)), { "?": { "?": "?" } });
  }
  // A value that nobody has made yet: nothing is known.
  return found.length === 0 ? [null, true, false] : found;
}

function numbersAround(points: readonly number[]): readonly number[] {
  const sorted = [...new Set(points)].sort((a, b) => a - b);
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return [0.5];
  const between = sorted.flatMap((point, i) => {
    const next = sorted[i + 1];
    return next === undefined ? [point] : [point, point + (next - point) / 2];
  });
  return [first - 1 - Math.abs(first), ...between, last + 1 + Math.abs(last)];
}
