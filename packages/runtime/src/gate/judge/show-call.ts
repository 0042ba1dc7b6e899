/**
 * How a call is shown to people: bounded, on one line, and with nothing in it that could hide or reorder what is
 * read. Arguments stand in the order of their names, so that equal calls are shown alike.
 */
import { canonicalJson, type JsonObject, type JsonValue, type PreparedCall } from "@heddle/core";

/** Characters of one argument, and of a whole call. */
export const shownArgumentMax = 400;
export const shownCallMax = 4_000;

/** Invisible, reordering and control characters that JSON leaves as they are. */
const deceptive = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** A text without control characters, breaks of lines apart, and with at most `max` characters. */
export function showText(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is made visible
  return cut.replace(/[\u0000-\u0009\u000b-\u001f]/g, escaped).replace(deceptive, escaped);
}

/** A value as canonical JSON, cut to `max` characters; the cut says how long it was. */
export function showValue(value: JsonValue, max: number = shownArgumentMax): string {
  if (typeof value === "string") {
    const shown = JSON.stringify(value.slice(0, max)).replace(deceptive, escaped);
    return value.length > max ? `${shown}… (${value.length} characters)` : shown;
  }
  const text = canonicalJson(value);
  const shown = text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
  return shown.replace(deceptive, escaped);
}

/** `name = value` for each, in the order of the names. */
export function showArguments(args: JsonObject): string {
  const names = Object.keys(args).sort();
  let text = "";
  for (const [index, name] of names.entries()) {
    const next = `${index === 0 ? "" : ", "}${showText(name, shownArgumentMax)} = ${showValue(args[name] as JsonValue)}`;
    if (text.length + next.length > shownCallMax) return `${text}… (${names.length - index} more)`;
    text += next;
  }
  return text;
}

/** A call as `tool(arguments)`. */
export function showCall(prepared: PreparedCall): string {
  return `${prepared.tool}(${showArguments(prepared.args)})`;
}

function escaped(character: string): string {
  return `\\u${Number(character.codePointAt(0)).toString(16).padStart(4, "0")}`;
}
