/**
 * JSON values: the only values that cross a boundary of a run.
 *
 * `adoptJson` is the one gate for values made by foreign code: it copies, checks and freezes in a
 * single walk, so that what the journal holds and what the state holds can never drift apart.
 */
import { HeddleError } from "./errors.ts";

export type JsonScalar = string | number | boolean | null;
export type JsonObject = { readonly [key: string]: JsonValue };
export type JsonValue = JsonScalar | readonly JsonValue[] | JsonObject;

/** Deepest nesting of arrays and objects that any value may have. */
export const jsonDepthMax = 128;

/** Values whose JSON text is longer than this are stored once, by content hash (bytes of UTF-16 text). */
export const inlineBytesMax = 256 * 1024;

/** The largest value that a run accepts as input, result or signal (length of its JSON text). */
export const valueBytesMax = 8 * 1024 * 1024;

/** A problem found in a value, with the path that leads to it. */
export interface ValueProblem {
  readonly path: string;
  readonly message: string;
}

/**
 * Copies a foreign value into a frozen JSON value. `undefined` members are left out as
 * `JSON.stringify` does, `undefined` itself becomes `null`, `toJSON` (dates) is honoured.
 *
 * @throws HeddleError `value-invalid` for functions, symbols, bigints, non-finite numbers and cycles;
 * `value-too-deep` for more than {@link jsonDepthMax} levels.
 */
export function adoptJson(value: unknown): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw new HeddleError("value-invalid", `a value is ${value}, and only finite numbers are JSON`);
    case "undefined":
      return null;
    default:
      return value === null ? null : adopt(value, "", 1);
  }
}

function adopt(value: unknown, path: string, depth: number): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw new HeddleError("value-invalid", `${path || "the value"} is ${value}, and only finite numbers are JSON`);
    case "object":
      break;
    default:
      throw new HeddleError("value-invalid", `${path || "the value"} is a ${typeof value}, which is not JSON`);
  }
  if (value === null) return null;
  if (depth > jsonDepthMax) {
    throw new HeddleError("value-too-deep", `a value is nested more than ${jsonDepthMax} levels deep (or refers to itself)`);
  }
  if (Array.isArray(value)) {
    const items: JsonValue[] = new Array(value.length);
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      items[i] = item === undefined ? null : adopt(item, `${path}[${i}]`, depth + 1);
    }
    return Object.freeze(items);
  }
  if ("toJSON" in value && typeof value.toJSON === "function") {
    const plain: unknown = value.toJSON();
    return adopt(plain === undefined ? null : plain, path, depth + 1);
  }
  const copy: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) {
    const member: unknown = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const adopted = adopt(member, path === "" ? key : `${path}.${key}`, depth + 1);
    if (key === "__proto__") {
      Object.defineProperty(copy, key, { value: adopted, enumerable: true });
    } else {
      copy[key] = adopted;
    }
  }
  return Object.freeze(copy);
}

/**
 * Parses JSON text from outside.
 *
 * @throws HeddleError `value-invalid` when it is not JSON, `value-too-large` over `bytesMax`, `value-too-deep`.
 */
export function parseJson(text: string, bytesMax: number = valueBytesMax): JsonValue {
  if (text.length > bytesMax) {
    throw new HeddleError("value-too-large", `the value has ${text.length} bytes, and at most ${bytesMax} are accepted`);
  }
  assertJsonTextDepth(text);
  try {
    return adoptJson(JSON.parse(text));
  } catch (error) {
    if (HeddleError.is(error)) throw error;
    throw new HeddleError("value-invalid", `the value is not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
}

/**
 * Refuses text that is too deep before a recursive parser meets it. Linear, and blind to brackets in strings.
 *
 * @param depthMax more than {@link jsonDepthMax} where values stand inside an envelope
 * @throws HeddleError `value-too-deep`.
 */
export function assertJsonTextDepth(text: string, depthMax: number = jsonDepthMax): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 92) i++;
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 91 || code === 123) {
      if (++depth > depthMax) {
        throw new HeddleError("value-too-deep", `the value is nested more than ${jsonDepthMax} levels deep`);
      }
    } else if (code === 93 || code === 125) depth--;
  }
}

/**
 * Whether a value is surely too big to be one: nested deeper than {@link jsonDepthMax}, or longer as
 * JSON text than `bytesMax`. Stops as soon as it knows, so a small value costs little.
 */
export function isOversized(value: JsonValue, bytesMax: number = valueBytesMax): boolean {
  return bytesLeft(value, bytesMax, 0) < 0;
}

function bytesLeft(value: JsonValue, left: number, depth: number): number {
  if (typeof value === "string") return left - value.length - 2;
  if (typeof value !== "object" || value === null) return left - 4;
  if (depth >= jsonDepthMax) return -1;
  let rest = left - 2;
  if (isJsonArray(value)) {
    for (const item of value) {
      rest = bytesLeft(item, rest - 1, depth + 1);
      if (rest < 0) return rest;
    }
    return rest;
  }
  for (const key of Object.keys(value)) {
    rest = bytesLeft(value[key] as JsonValue, rest - key.length - 4, depth + 1);
    if (rest < 0) return rest;
  }
  return rest;
}

/** Structural equality. Object key order does not count. */
export function jsonEquals(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isJsonArray(a)) {
    if (!isJsonArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!jsonEquals(a[i] as JsonValue, b[i] as JsonValue)) return false;
    return true;
  }
  if (isJsonArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(b, key) || !jsonEquals(a[key] as JsonValue, b[key] as JsonValue)) return false;
  }
  return true;
}

export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The canonical text of a value: no white space, object keys in UTF-16 order, numbers as ECMAScript
 * prints them (RFC 8785). Equal values have equal text, so its hash names the value.
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isJsonArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  const members = Object.keys(value)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as JsonValue)}`);
  return `{${members.join(",")}}`;
}
