/**
 * The shape of an expression, from the shapes of what it reads; and on the way everything in it that cannot
 * work, whatever the values: an order between a number and a text, a sum of lists, a condition that is a text.
 */
import { type Expr, unreachable } from "@heddle/core";
import {
  booleanShape,
  fieldShape,
  joinShapes,
  kind,
  listOf,
  neverFits,
  noShape,
  nullShape,
  numberShape,
  objectOf,
  orNull,
  presentKinds,
  type Shape,
  shapeOfValue,
  stringShape,
  unknownShape,
  withoutNull,
} from "./shape.ts";

/** What names stand for. */
export interface ShapeScope {
  readonly var: (name: string) => Shape;
  readonly result?: Shape;
  readonly failure?: Shape;
  readonly input?: (name: string) => Shape;
  readonly bound?: (name: string) => Shape;
}

export type Trouble =
  | { readonly kind: "condition"; readonly expr: Expr; readonly shape: Shape }
  | { readonly kind: "operation"; readonly what: string; readonly left: Shape; readonly right?: Shape }
  | { readonly kind: "equality"; readonly left: Shape; readonly right: Shape };

type OnTrouble = (trouble: Trouble) => void;

const ignore: OnTrouble = () => undefined;

export function shapeOfExpr(expr: Expr, scope: ShapeScope, trouble: OnTrouble = ignore): Shape {
  const of = (part: Expr): Shape => shapeOfExpr(part, scope, trouble);
  switch (expr.kind) {
    case "literal":
      return shapeOfValue(expr.value);
    case "ref":
      return shapeOfRef(expr, scope);
    case "field":
      return fieldShape(operand(of(expr.of), kind.object, "a field", trouble), expr.name);
    case "index":
      return shapeOfIndex(expr, of, trouble);
    case "length": {
      const whole = operand(of(expr.of), kind.array | kind.string, "a length", trouble);
      return sure(whole, kind.array | kind.string) ? numberShape : orNull(numberShape);
    }
    case "not":
      condition(expr.of, of(expr.of), trouble);
      return booleanShape;
    case "and":
    case "or":
      for (const each of expr.of) condition(each, of(each), trouble);
      return booleanShape;
    case "if":
      condition(expr.test, of(expr.test), trouble);
      return joinShapes(of(expr.then), of(expr.else));
    case "template":
      for (const part of expr.parts) of(part);
      return stringShape;
    case "array":
      return listOf(expr.items.map(of).reduce(joinShapes, noShape));
    case "object":
      return objectOf(new Map(expr.fields.map((field) => [field.name, of(field.value)])));
    default:
      return shapeOfPair(expr, of(expr.left), of(expr.right), trouble);
  }
}

/** Complains about what is no condition: only `true` is true. */
export function condition(expr: Expr, shape: Shape, trouble: OnTrouble): void {
  if (presentKinds(shape) !== 0 && (shape.kinds & kind.boolean) === 0) trouble({ kind: "condition", expr, shape });
}

function shapeOfRef({ scope: of, name }: Extract<Expr, { readonly kind: "ref" }>, scope: ShapeScope): Shape {
  switch (of) {
    case "var":
      return name === undefined ? nullShape : scope.var(name);
    case "result":
    case "failure": {
      const whole = scope[of] ?? unknownShape;
      return name === undefined ? whole : fieldShape(whole, name);
    }
    case "input":
    case "bound":
      return name === undefined ? nullShape : (scope[of]?.(name) ?? unknownShape);
    default:
      return unreachable(of);
  }
}

function shapeOfIndex(expr: Extract<Expr, { readonly kind: "index" }>, of: (part: Expr) => Shape, trouble: OnTrouble): Shape {
  const at = of(expr.at);
  const whole = operand(of(expr.of), kind.array | kind.string | kind.object, "an index", trouble);
  operand(at, kind.number | kind.string, "a position", trouble);
  if (presentKinds(whole) !== kind.array || presentKinds(at) !== kind.number) return unknownShape;
  return orNull(whole.items ?? unknownShape);
}

type Pair = Extract<Expr, { readonly left: Expr }>;

function shapeOfPair(expr: Pair, left: Shape, right: Shape, trouble: OnTrouble): Shape {
  switch (expr.kind) {
    case "eq":
      if (isFixed(expr.left) !== isFixed(expr.right) && unequal(left, right)) trouble({ kind: "equality", left, right });
      return booleanShape;
    case "compare":
      ordered(left, right, "an order", trouble);
      return booleanShape;
    case "starts-with":
      both(left, right, kind.string, "`starts-with`", trouble);
      return booleanShape;
    case "contains":
      operand(left, kind.string | kind.array, "`contains`", trouble);
      return booleanShape;
    case "in":
      operand(right, kind.string | kind.array, "`in`", trouble);
      return booleanShape;
    case "coalesce":
      return joinShapes(withoutNull(left), right);
    case "arithmetic":
      return shapeOfArithmetic(expr.op, left, right, trouble);
    default:
      return unreachable(expr);
  }
}

function shapeOfArithmetic(op: string, left: Shape, right: Shape, trouble: OnTrouble): Shape {
  if (op !== "add") {
    both(left, right, kind.number, "a calculation", trouble);
    const whole = sure(left, kind.number) && sure(right, kind.number) && op !== "div" && op !== "mod";
    return whole ? numberShape : orNull(numberShape);
  }
  ordered(left, right, "a sum", trouble);
  const common = left.kinds & right.kinds & (kind.number | kind.string);
  const clear = left.kinds === right.kinds && (common === kind.number || common === kind.string);
  return { kinds: clear ? common : common | kind.null };
}

/** Two numbers, or two texts. */
function ordered(left: Shape, right: Shape, what: string, trouble: OnTrouble): void {
  if (presentKinds(left) === 0 || presentKinds(right) === 0) return;
  if ((left.kinds & right.kinds & (kind.number | kind.string)) === 0) trouble({ kind: "operation", what, left, right });
}

function both(left: Shape, right: Shape, kinds: number, what: string, trouble: OnTrouble): void {
  if (misses(left, kinds) || misses(right, kinds)) trouble({ kind: "operation", what, left, right });
}

function operand(shape: Shape, kinds: number, what: string, trouble: OnTrouble): Shape {
  if (misses(shape, kinds)) trouble({ kind: "operation", what, left: shape });
  return shape;
}

function misses(shape: Shape, kinds: number): boolean {
  return presentKinds(shape) !== 0 && (shape.kinds & kinds) === 0;
}

function sure(shape: Shape, kinds: number): boolean {
  return shape.kinds !== 0 && (shape.kinds & ~kinds) === 0;
}

/** A literal that is there: two values that may both be missing are equal whatever their types. */
function isFixed(expr: Expr): boolean {
  return expr.kind === "literal" && expr.value !== null;
}

function unequal(left: Shape, right: Shape): boolean {
  if (presentKinds(left) === 0 || presentKinds(right) === 0) return false;
  return neverFits(withoutNull(left), withoutNull(right));
}
