/** JSON with positions: every value knows the stretch of text that it was read from. */
import type { JsonScalar, JsonValue } from "@heddle/core";
import type { Stretch } from "../text/syntax.ts";

export type Located = Stretch &
  (
    | { readonly kind: "scalar"; readonly value: JsonScalar }
    | { readonly kind: "array"; readonly items: readonly Located[] }
    | { readonly kind: "object"; readonly members: ReadonlyMap<string, Located> }
  );

/** Deepest nesting that is read. */
export const jsonLevelsMax = 128;

export type ReadJson =
  | { readonly ok: true; readonly value: Located }
  | { readonly ok: false; readonly at: Stretch; readonly message: string };

interface Reading {
  readonly text: string;
  at: number;
  failure: { readonly at: Stretch; readonly message: string } | undefined;
}

export function readJson(text: string): ReadJson {
  const reading: Reading = { text, at: 0, failure: undefined };
  const value = readValue(reading, 0);
  skip(reading);
  if (reading.failure === undefined && reading.at < text.length) fail(reading, "something follows the document");
  if (reading.failure !== undefined || value === undefined) {
    return { ok: false, ...(reading.failure ?? { at: { start: 0, end: 0 }, message: "nothing could be read" }) };
  }
  return { ok: true, value };
}

/** The plain value. */
export function plainOf(located: Located): JsonValue {
  switch (located.kind) {
    case "scalar":
      return located.value;
    case "array":
      return located.items.map(plainOf);
    default:
      return Object.fromEntries([...located.members].map(([name, value]) => [name, plainOf(value)]));
  }
}

function fail(reading: Reading, message: string): undefined {
  reading.failure ??= { at: { start: reading.at, end: Math.min(reading.at + 1, reading.text.length) }, message };
  return undefined;
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const words: ReadonlyMap<string, JsonScalar> = new Map<string, JsonScalar>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function skip(reading: Reading): void {
  space.lastIndex = reading.at;
  reading.at += space.exec(reading.text)?.[0].length ?? 0;
}

function readValue(reading: Reading, depth: number): Located | undefined {
  skip(reading);
  const { text, at: start } = reading;
  if (depth > jsonLevelsMax) return fail(reading, `it nests more than ${jsonLevelsMax} levels deep`);
  if (text[start] === "{") return readObject(reading, start, depth);
  if (text[start] === "[") return readArray(reading, start, depth);
  for (const [word, value] of words) {
    if (!text.startsWith(word, start)) continue;
    reading.at += word.length;
    return { kind: "scalar", value, start, end: reading.at };
  }
  const token = text[start] === '"' ? takeString(reading) : takeNumber(reading);
  if (token === undefined) return fail(reading, start >= text.length ? "a value is missing" : "this is no value");
  const value = token;
  if (typeof value === "number" && !Number.isFinite(value)) return fail(reading, "this number is too large");
  return { kind: "scalar", value, start, end: reading.at };
}

function takeNumber(reading: Reading): number | undefined {
  number.lastIndex = reading.at;
  const found = number.exec(reading.text)?.[0];
  if (found === undefined) return undefined;
  reading.at += found.length;
  return Number(found);
}

/** Found by its quotes, and checked by the engine: no pattern walks a text of any length. */
function takeString(reading: Reading): string | undefined {
  const { text, at: start } = reading;
  if (text[start] !== '"') return undefined;
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 34) {
      try {
        const value = JSON.parse(text.slice(start, at + 1)) as string;
        reading.at = at + 1;
        return value;
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}

function take(reading: Reading, symbol: string): boolean {
  skip(reading);
  if (reading.text[reading.at] !== symbol) return false;
  reading.at++;
  return true;
}

function readArray(reading: Reading, start: number, depth: number): Located | undefined {
  reading.at++;
  const items: Located[] = [];
  if (!take(reading, "]")) {
    do {
      const item = readValue(reading, depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    } while (take(reading, ","));
    if (!take(reading, "]")) return fail(reading, "a comma or ] is missing");
  }
  return { kind: "array", items, start, end: reading.at };
}

function readObject(reading: Reading, start: number, depth: number): Located | undefined {
  reading.at++;
  const members = new Map<string, Located>();
  if (!take(reading, "}")) {
    do {
      skip(reading);
      const name = takeString(reading);
      if (name === undefined) return fail(reading, "a name in double quotes is missing");
      if (!take(reading, ":")) return fail(reading, "a colon is missing");
      const value = readValue(reading, depth + 1);
      if (value === undefined) return undefined;
      members.set(name, value);
    } while (take(reading, ","));
    if (!take(reading, "}")) return fail(reading, "a comma or } is missing");
  }
  return { kind: "object", members, start, end: reading.at };
}
