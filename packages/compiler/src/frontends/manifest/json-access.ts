/** Small readings of a JSON document that nobody has checked yet, and how its places and values are written in messages. */
import { isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";

/** A document that has no member of that name is read like one that has null there, as the format's own runtime does. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return value === null ? undefined : value;
}

export function objectAt(object: JsonObject, name: string): JsonObject | undefined {
  const value = member(object, name);
  return isJsonObject(value) ? value : undefined;
}

export function listAt(object: JsonObject, name: string): readonly JsonValue[] | undefined {
  const value = member(object, name);
  return Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
}

export function copied(list: readonly JsonValue[] | undefined): JsonValue[] | undefined {
  return list === undefined ? undefined : [...list];
}

/** A text that says something. */
export function textAt(object: JsonObject, name: string): string | undefined {
  const value = member(object, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberAt(object: JsonObject, name: string): number | undefined {
  const value = member(object, name);
  return typeof value === "number" ? value : undefined;
}

export function flagAt(object: JsonObject, name: string): boolean | undefined {
  const value = member(object, name);
  return typeof value === "boolean" ? value : undefined;
}

/** A copy without some members. (`fromEntries` keeps a member named `__proto__` a member.) */
export function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** Those members that have a value. */
export function present<Members extends object>(members: Members): { [Key in keyof Members]?: Exclude<Members[Key], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;
}

const plainKey = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** `nodes[3].config["odd key"]`; the document itself is `$`. */
export function jsonPath(base: string, ...steps: readonly PropertyKey[]): string {
  let path = base === "$" ? "" : base;
  for (const step of steps) {
    if (typeof step === "number") path += `[${step}]`;
    else if (plainKey.test(String(step))) path += path === "" ? String(step) : `.${String(step)}`;
    else path += `[${shown(String(step))}]`;
  }
  return path === "" ? "$" : path;
}

const shownMax = 120;

/** A value as a message quotes it: as JSON, cut where it grows long. */
export function shown(value: JsonValue | undefined): string {
  if (typeof value === "string") return JSON.stringify(named(value));
  if (Array.isArray(value)) return "a list";
  if (isJsonObject(value)) return "an object";
  return String(value ?? null);
}

/** A name as a message says it, without quotes. */
export function named(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}...` : text;
}
