/**
 * Value types, and the checker that holds values to them at every boundary of a run.
 *
 * Optional is a property of a place (a field, an input), not of a value: a missing optional place
 * reads as null. Objects keep members that their type does not name; inputs of a workflow do not.
 */
import * as z from "zod";
import { unreachable } from "./errors.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonScalar, type JsonValue, type ValueProblem } from "./json.ts";

export type ValueType =
  | { readonly kind: "string" | "number" | "boolean" | "path" | "json" }
  | { readonly kind: "array"; readonly items: ValueType }
  | { readonly kind: "enum"; readonly values: readonly JsonScalar[] }
  | { readonly kind: "object"; readonly fields: readonly FieldType[] };

export interface FieldType {
  readonly name: string;
  readonly type: ValueType;
  readonly optional?: boolean;
  readonly description?: string;
}

export const ValueType: z.ZodType<ValueType> = z.lazy(() =>
  z.union([
    z.strictObject({ kind: z.enum(["string", "number", "boolean", "path", "json"]) }),
    z.strictObject({ kind: z.literal("array"), items: ValueType }),
    z.strictObject({
      kind: z.literal("enum"),
      values: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1),
    }),
    z.strictObject({ kind: z.literal("object"), fields: z.array(FieldType) }),
  ]),
);

export const FieldType: z.ZodType<FieldType> = z.lazy(() =>
  z.strictObject({
    name: z.string().min(1).max(128),
    type: ValueType,
    optional: z.boolean().exactOptional(),
    description: z.string().exactOptional(),
  }),
);

const problemsMax = 20;

/** All the ways (at most 20) in which a value does not fit a type; empty when it fits. */
export function checkValue(type: ValueType, value: JsonValue, path = ""): readonly ValueProblem[] {
  const problems: ValueProblem[] = [];
  check(type, value, path, problems);
  return problems;
}

/** Whether a value fits, without saying why not: for hot paths. */
export function fitsType(type: ValueType, value: JsonValue): boolean {
  switch (type.kind) {
    case "json":
      return true;
    case "string":
    case "path":
      return typeof value === "string";
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "boolean":
      return typeof value === "boolean";
    case "enum":
      return type.values.includes(value as JsonScalar);
    case "array":
      return isJsonArray(value) && value.every((item) => fitsType(type.items, item));
    case "object":
      return isJsonObject(value) && type.fields.every((field) => fitsField(field, memberOf(value, field.name)));
    default:
      return unreachable(type);
  }
}

/** Own members only: a field may be called `constructor`. */
function memberOf(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function fitsField(field: FieldType, value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return field.optional === true || (value === null && fitsType(field.type, null));
  return fitsType(field.type, value);
}

function check(type: ValueType, value: JsonValue, path: string, problems: ValueProblem[]): void {
  if (problems.length >= problemsMax || fitsType(type, value)) return;
  if (type.kind === "array" && isJsonArray(value)) {
    value.forEach((item, i) => {
      check(type.items, item, `${path}[${i}]`, problems);
    });
  } else if (type.kind === "object" && isJsonObject(value)) {
    for (const field of type.fields) {
      const member = memberOf(value, field.name);
      if (problems.length >= problemsMax) return;
      if (fitsField(field, member)) continue;
      const memberPath = path === "" ? field.name : `${path}.${field.name}`;
      if (member === undefined || member === null) problems.push({ path: memberPath, message: `is required (${showType(field.type)})` });
      else check(field.type, member, memberPath, problems);
    }
  } else {
    problems.push({ path, message: `is ${showKind(value)}, expected ${showType(type)}` });
  }
}

/** A type as people read it: `string`, `number[]`, `"a" | "b"`, `{ title: string, tags?: string[] }`. */
export function showType(type: ValueType): string {
  switch (type.kind) {
    case "array":
      return type.items.kind === "enum" ? `(${showType(type.items)})[]` : `${showType(type.items)}[]`;
    case "enum":
      return type.values.map((value) => JSON.stringify(value)).join(" | ");
    case "object":
      if (type.fields.length === 0) return "{}";
      return `{ ${type.fields.map((field) => `${field.name}${field.optional === true ? "?" : ""}: ${showType(field.type)}`).join(", ")} }`;
    default:
      return type.kind;
  }
}

function showKind(value: JsonValue): string {
  if (value === null) return "null";
  if (isJsonArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return `${typeof value === "string" ? "the string " : ""}${JSON.stringify(value).slice(0, 60)}`;
}
