/** Values by name, as they are typed: `name=value` each, over an object of JSON. */
import { isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import { UsageError } from "./command.ts";
import { jsonOf } from "./typed-text.ts";

export interface NamedValues {
  /** The option, without its dashes. */
  readonly option: string;
  /** `name=value` each. They win over the object. */
  readonly pairs: readonly string[];
  /** Names whose value is a text, whatever it looks like. Any other is JSON where it is JSON. */
  readonly texts?: ReadonlySet<string>;
}

/** Errors: `UsageError`, for a pair that is none and for a name that is given twice. */
export function namedValues({ option, pairs, texts = new Set() }: NamedValues, given: JsonObject = {}): JsonObject {
  const values = new Map<string, JsonValue>(Object.entries(given));
  const seen = new Set<string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError(`--${option} ${JSON.stringify(pair)} is not name=value`, `write it like --${option} name=value`);
    const name = pair.slice(0, at);
    if (seen.has(name)) throw new UsageError(`--${option} ${name} is given twice`, "a list is JSON, as in name='[1,2]'");
    seen.add(name);
    const text = pair.slice(at + 1);
    values.set(name, texts.has(name) ? text : (jsonOf(text) ?? text));
  }
  return Object.fromEntries(values);
}

/** The JSON object of an option; empty where it was not given. Errors: `UsageError`. */
export function objectOption(option: string, text: string | undefined): JsonObject {
  if (text === undefined) return {};
  const value = jsonOf(text);
  if (isJsonObject(value)) return value;
  throw new UsageError(`--${option} is no JSON object`, `write it like --${option} '{"name": "value"}'`);
}
