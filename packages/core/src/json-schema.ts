/**
 * zod's view of JSON values, for fields that carry any value. It checks without copying, so that every
 * member survives (zod's own records drop a key named `__proto__`); what foreign code made is adopted
 * with `adoptJson` before it gets here.
 */
import * as z from "zod";
import { type JsonObject, type JsonValue, jsonDepthMax } from "./json.ts";

export const JsonValueSchema = z.unknown().refine((value) => isJson(value, 1), "expected a JSON value") as z.ZodType<JsonValue>;
export const JsonObjectSchema = z
  .unknown()
  .refine(
    (value) => typeof value === "object" && !Array.isArray(value) && value !== null && isJson(value, 1),
    "expected a JSON object",
  ) as z.ZodType<JsonObject>;

function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth > jsonDepthMax) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  return isPlain(value) && Object.values(value).every((member) => isJson(member, depth + 1));
}

/** An object as a literal or `JSON.parse` makes it, of this realm or another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
