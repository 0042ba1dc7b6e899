/**
 * What goes into an action and what comes out of it, held to the parameters that its plugin declares.
 * The same functions run in the plugin and in the daemon: neither trusts the other.
 */
import { nearestName } from "./config.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, jsonEquals, type ValueProblem } from "./json.ts";
import type { Action, ActionParameter } from "./plugin.ts";

/** Values with their defaults filled in; or every way in which they do not fit. */
export type CheckedValues<Value extends JsonValue> =
  | { readonly value: Value; readonly problems: readonly [] }
  | { readonly value: undefined; readonly problems: readonly ValueProblem[] };

const problemsMax = 50;

/**
 * The inputs of a call: defaults filled in, null of an optional one left out. A name that the action
 * does not know is a problem, so that a misspelt one is not silently ignored.
 */
export function checkInputs(action: Action, given: JsonObject): CheckedValues<JsonObject> {
  const filled: Record<string, JsonValue> = {};
  const problems: ValueProblem[] = [];
  let known = 0;
  for (const parameter of action.input) {
    const { name } = parameter;
    const isGiven = Object.hasOwn(given, name);
    if (isGiven) known++;
    place(parameter, isGiven ? given[name] : undefined, filled, problems);
  }
  const names = Object.keys(given);
  if (known < names.length) {
    const expected = new Set(action.input.map(({ name }) => name));
    for (const name of names) {
      if (expected.has(name) || (name === "action" && given[name] === action.name)) continue;
      problems.push({ path: name, message: `is no input of ${action.name}${instead(name, [...expected])}` });
    }
  }
  return checked(filled, problems);
}

/** What an action gave. Where it declares outputs, an object that has them; further members stay. */
export function checkOutputs(action: Action, given: JsonValue): CheckedValues<JsonValue> {
  if (action.output.length === 0) return { value: given, problems: [] };
  if (!isJsonObject(given)) {
    const names = action.output.map(({ name }) => name).join(", ");
    return { value: undefined, problems: [{ path: "", message: `is ${kindOf(given)}, expected an object with ${names}` }] };
  }
  const filled: Record<string, JsonValue> = { ...given };
  const problems: ValueProblem[] = [];
  for (const parameter of action.output) {
    delete filled[parameter.name];
    place(parameter, Object.hasOwn(given, parameter.name) ? given[parameter.name] : undefined, filled, problems);
  }
  return checked(filled, problems);
}

/** Why a value is not one of a parameter's, as the end of a sentence; undefined when it is. */
export function parameterProblem(parameter: Pick<ActionParameter, "type" | "enum">, value: JsonValue): string | undefined {
  if (!fits(parameter.type, value)) return `is ${kindOf(value)}, expected ${article(parameter.type)}`;
  if (parameter.enum.length === 0 || parameter.enum.some((choice) => jsonEquals(choice, value))) return undefined;
  return `is not one of ${parameter.enum.map((choice) => JSON.stringify(choice)).join(", ")}`;
}

/** The problems as one clause: `city is required; days is "x", expected a whole number`. */
export function describeProblems(problems: readonly ValueProblem[]): string {
  const shown = problems.slice(0, 10).map(({ path, message }) => (path === "" ? message : `${path} ${message}`));
  return problems.length > shown.length ? `${shown.join("; ")}; and ${problems.length - shown.length} more` : shown.join("; ");
}

function place(
  parameter: ActionParameter,
  value: JsonValue | undefined,
  filled: Record<string, JsonValue>,
  problems: ValueProblem[],
): void {
  const { name } = parameter;
  const isAbsent = value === undefined || (value === null && (!parameter.required || parameter.type !== "json"));
  if (!isAbsent) {
    const message = parameterProblem(parameter, value);
    if (message === undefined) filled[name] = value;
    else problems.push({ path: name, message });
  } else if (parameter.default !== undefined) filled[name] = parameter.default;
  else if (parameter.required) problems.push({ path: name, message: `is required (${article(parameter.type)})` });
}

function fits(type: ActionParameter["type"], value: JsonValue): boolean {
  switch (type) {
    case "json":
      return true;
    case "integer":
      return Number.isSafeInteger(value);
    case "array":
      return isJsonArray(value);
    case "object":
      return isJsonObject(value);
    default:
      return typeof value === type;
  }
}

const articles: Readonly<Record<ActionParameter["type"], string>> = {
  string: "a string",
  integer: "a whole number",
  boolean: "true or false",
  number: "a number",
  array: "an array",
  object: "an object",
  json: "any value",
};

function article(type: ActionParameter["type"]): string {
  return articles[type];
}

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (isJsonArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return `${typeof value === "string" ? "the string " : ""}${JSON.stringify(value).slice(0, 60)}`;
}

function instead(name: string, expected: readonly string[]): string {
  const near = nearestName(name, expected);
  if (near !== undefined) return ` (did you mean ${near}?)`;
  return expected.length === 0 ? ", which takes none" : `, which takes ${expected.join(", ")}`;
}

function checked<Value extends JsonValue>(value: Value, problems: readonly ValueProblem[]): CheckedValues<Value> {
  if (problems.length === 0) return { value: Object.freeze(value), problems: [] };
  return { value: undefined, problems: problems.slice(0, problemsMax) };
}
