/** Values that a person types, as the type where they go wants them. Pure. */

import { resolve } from "node:path";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, parseJson, type ValueType } from "@heddle/core";

/** JSON where it is JSON and a text is not what is wanted; else the text itself. */
export function typedText(text: string, type: ValueType | undefined): JsonValue {
  if (type?.kind === "string" || type?.kind === "path") return text;
  if (type?.kind === "enum" && type.values.includes(text)) return text;
  return jsonOf(text) ?? text;
}

/** The JSON value of a text; undefined when it is none. */
export function jsonOf(text: string): JsonValue | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return parseJson(text);
}

/** Makes paths absolute, wherever the type has them. */
export function withAbsolutePaths(value: JsonValue, type: ValueType, cwd: string): JsonValue {
  if (type.kind === "path") return typeof value === "string" ? resolve(cwd, value) : value;
  if (type.kind === "array" && isJsonArray(value)) return value.map((item) => withAbsolutePaths(item, type.items, cwd));
  if (type.kind !== "object" || !isJsonObject(value)) return value;
  const members: Record<string, JsonValue> = { ...value };
  for (const field of type.fields) {
    const member = Object.hasOwn(members, field.name) ? members[field.name] : undefined;
    if (member !== undefined) members[field.name] = withAbsolutePaths(member, field.type, cwd);
  }
  return members as JsonObject;
}
