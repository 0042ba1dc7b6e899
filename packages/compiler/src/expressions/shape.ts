/**
 * Shapes: what is known of a value before a run. A set of kinds, and where it is known the values, the items
 * or the fields. `unknownShape` may be anything; a shape without kinds is a value that nobody has made yet.
 *
 * Architecture invariant: a shape promises too much nowhere. What it leaves out cannot be, so that what a
 * check calls wrong is wrong in every run.
 */
import { isJsonArray, isJsonObject, type JsonScalar, type JsonValue, jsonEquals, type ValueType } from "@heddle/core";

export const kind = { null: 1, boolean: 2, number: 4, string: 8, array: 16, object: 32 } as const;

export interface Shape {
  /** Bits of {@link kind}. */
  readonly kinds: number;
  /** All scalars that it can be, null left out; absent: not listed. */
  readonly values?: readonly JsonScalar[];
  /** Of a list. */
  readonly items?: Shape;
  /** Of an object; it may have more. */
  readonly fields?: ReadonlyMap<string, Shape>;
  /** Levels of items and fields below. */
  readonly depth?: number;
}

export const noShape: Shape = { kinds: 0 };
export const nullShape: Shape = { kinds: kind.null };
export const booleanShape: Shape = { kinds: kind.boolean };
export const numberShape: Shape = { kinds: kind.number };
export const stringShape: Shape = { kinds: kind.string };
export const unknownShape: Shape = { kinds: 63 };

/** Deeper than this a shape is not kept: in a loop it would grow with every round. */
const depthMax = 6;
const valuesMax = 32;
const fieldsMax = 64;

export function isUnknown(shape: Shape): boolean {
  return shape.kinds === unknownShape.kinds && shape.items === undefined && shape.fields === undefined;
}

/** Its kinds without null. */
export function presentKinds(shape: Shape): number {
  return shape.kinds & ~kind.null;
}

export function orNull(shape: Shape): Shape {
  return (shape.kinds & kind.null) === 0 ? { ...shape, kinds: shape.kinds | kind.null } : shape;
}

export function withoutNull(shape: Shape): Shape {
  return (shape.kinds & kind.null) === 0 ? shape : { ...shape, kinds: presentKinds(shape) };
}

export function listOf(items: Shape): Shape {
  const depth = (items.depth ?? 0) + 1;
  return depth > depthMax || items.kinds === 0 ? { kinds: kind.array } : { kinds: kind.array, items, depth };
}

export function objectOf(fields: ReadonlyMap<string, Shape>): Shape {
  let depth = 0;
  for (const field of fields.values()) depth = Math.max(depth, field.depth ?? 0);
  return depth >= depthMax || fields.size > fieldsMax ? { kinds: kind.object } : { kinds: kind.object, fields, depth: depth + 1 };
}

/** Either of two. */
export function joinShapes(a: Shape, b: Shape): Shape {
  if (a === b || b.kinds === 0) return a;
  if (a.kinds === 0) return b;
  const values = joinValues(a, b);
  const items = ofEither(a, b, kind.array, a.items, b.items);
  const fields = joinFields(a, b);
  const depth = Math.max(a.depth ?? 0, b.depth ?? 0);
  return {
    kinds: a.kinds | b.kinds,
    ...(values === undefined ? {} : { values }),
    ...(items === undefined ? {} : { items }),
    ...(fields === undefined ? {} : { fields }),
    ...(depth === 0 ? {} : { depth }),
  };
}

function joinValues(a: Shape, b: Shape): readonly JsonScalar[] | undefined {
  const left = presentKinds(a) === 0 ? [] : a.values;
  const right = presentKinds(b) === 0 ? [] : b.values;
  if (left === undefined || right === undefined) return undefined;
  const all = [...new Set([...left, ...right])];
  return all.length > valuesMax ? undefined : all;
}

function ofEither(a: Shape, b: Shape, bit: number, left: Shape | undefined, right: Shape | undefined): Shape | undefined {
  if ((a.kinds & bit) === 0) return right;
  if ((b.kinds & bit) === 0) return left;
  return left === undefined || right === undefined ? undefined : joinShapes(left, right);
}

function joinFields(a: Shape, b: Shape): ReadonlyMap<string, Shape> | undefined {
  if ((a.kinds & kind.object) === 0) return b.fields;
  if ((b.kinds & kind.object) === 0) return a.fields;
  if (a.fields === undefined || b.fields === undefined) return undefined;
  const joined = new Map<string, Shape>();
  // What one of the two does not name may be anything there.
  for (const [name, field] of a.fields) {
    const other = b.fields.get(name);
    if (other !== undefined) joined.set(name, joinShapes(field, other));
  }
  return joined;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.kinds !== b.kinds || a.values?.length !== b.values?.length) return false;
  if (a.values?.every((value, i) => value === b.values?.[i]) === false) return false;
  if ((a.items === undefined) !== (b.items === undefined) || a.fields?.size !== b.fields?.size) return false;
  if (a.items !== undefined && b.items !== undefined && !sameShape(a.items, b.items)) return false;
  for (const [name, field] of a.fields ?? []) {
    const other = b.fields?.get(name);
    if (other === undefined || !sameShape(field, other)) return false;
  }
  return true;
}

const known = new WeakMap<ValueType, Shape>();

export function shapeOfType(type: ValueType): Shape {
  switch (type.kind) {
    case "json":
      return unknownShape;
    case "number":
      return numberShape;
    case "boolean":
      return booleanShape;
    case "string":
    case "path":
      return stringShape;
    default: {
      const shape = known.get(type) ?? makeShape(type);
      known.set(type, shape);
      return shape;
    }
  }
}

function makeShape(type: Exclude<ValueType, { readonly kind: "string" | "number" | "boolean" | "path" | "json" }>): Shape {
  switch (type.kind) {
    case "array":
      return listOf(shapeOfType(type.items));
    case "enum":
      return type.values.map(shapeOfValue).reduce(joinShapes, noShape);
    default: {
      const fields = type.fields.map((field): [string, Shape] => {
        const shape = shapeOfType(field.type);
        return [field.name, field.optional === true ? orNull(shape) : shape];
      });
      return objectOf(new Map(fields));
    }
  }
}

/** Of a literal. */
export function shapeOfValue(value: JsonValue): Shape {
  if (value === null) return nullShape;
  if (isJsonArray(value)) return listOf(value.slice(0, fieldsMax).map(shapeOfValue).reduce(joinShapes, noShape));
  if (isJsonObject(value)) return objectOf(new Map(Object.entries(value).map(([name, field]) => [name, shapeOfValue(field ?? null)])));
  return { kinds: kind[typeof value as "boolean" | "number" | "string"], values: [value as JsonScalar] };
}

/** What a field of it is. */
export function fieldShape(shape: Shape, name: string): Shape {
  if ((shape.kinds & kind.object) === 0) return nullShape;
  const field = shape.fields?.get(name) ?? unknownShape;
  return shape.kinds === kind.object ? field : orNull(field);
}

/** Whether no value of the one shape can stand where the other is wanted. */
export function neverFits(shape: Shape, wanted: Shape): boolean {
  if (shape.kinds === 0) return false;
  if ((shape.kinds & wanted.kinds) === 0) return true;
  const common = presentKinds(shape) & wanted.kinds;
  // Null alone fits, where null is among what is wanted.
  if ((shape.kinds & wanted.kinds & kind.null) !== 0) return false;
  if (shape.values !== undefined && wanted.values !== undefined) {
    return !shape.values.some((value) => wanted.values?.some((other) => jsonEquals(value, other)));
  }
  if (common !== kind.object || shape.fields === undefined || wanted.fields === undefined) return false;
  for (const [name, field] of wanted.fields) {
    const given = shape.fields.get(name);
    if (given !== undefined && neverFits(given, field)) return true;
  }
  return false;
}

const words: readonly (readonly [number, string])[] = [
  [kind.boolean, "a boolean"],
  [kind.number, "a number"],
  [kind.string, "a string"],
  [kind.array, "a list"],
  [kind.object, "an object"],
  [kind.null, "null"],
];

/** A shape as people read it: `a number`, `"a" or "b"`, `a string or null`. */
export function showShape(shape: Shape): string {
  if (shape.kinds === unknownShape.kinds) return "some value";
  const listed = shape.values !== undefined && shape.values.length <= 4 && shape.values.length > 0;
  const names = words.filter(([bit]) => (shape.kinds & bit) !== 0 && !(listed && bit < kind.array && bit !== kind.null));
  const values = listed ? (shape.values ?? []).map((value) => JSON.stringify(value).slice(0, 40)) : [];
  return [...values, ...names.map(([, name]) => name)].join(" or ");
}
