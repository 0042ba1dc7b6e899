/**
 * The quality gate of plugins: everything that is wrong with what a plugin says of itself, at once, so
 * that an author mends it in one go. The SDK asks it before a plugin serves, the daemon when one registers.
 *
 * It reads foreign values: what has the wrong shape is told and then passed over, so that the rules still
 * see the rest.
 */
import type * as z from "zod";
import { parameterProblem } from "./action-values.ts";
import { nearestName } from "./config.ts";
import { parseDuration } from "./duration.ts";
import { canonicalJson } from "./json.ts";
import { Action, ActionParameter, type ConfigParameter, PluginInfo } from "./plugin.ts";

/** The result of the gate: what the plugin says of itself, or every way in which that will not do. */
export type PluginCheck =
  | { readonly info: PluginInfo; readonly problems: readonly [] }
  | { readonly info: undefined; readonly problems: readonly string[] };

/** Sentences at most: somebody who gave a wrong file altogether is not served by thousands. */
const problemsMax = 200;

/** Names of inputs that requests use themselves. */
const reserved: Readonly<Record<string, string>> = { action: "req.params.action is the name of the action" };

/** Checks what a plugin says of itself. Total: it never throws. */
export function checkPluginInfo(candidate: unknown): PluginCheck {
  const parsed = PluginInfo.safeParse(candidate);
  const problems = [...shapeProblems(candidate, parsed.error), ...ruleProblems(candidate)];
  if (parsed.success && problems.length === 0) return { info: parsed.data, problems: [] };
  const more = problems.length - problemsMax;
  return { info: undefined, problems: more > 0 ? [...problems.slice(0, problemsMax), `and ${more} more`] : problems };
}

function* shapeProblems(candidate: unknown, error: z.ZodError | undefined): Iterable<string> {
  for (const issue of error?.issues ?? []) {
    const at = placeOf(candidate, issue.path);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) yield `${whole(at)} has no member ${key}${suggestion(key, issue.path)}`;
    } else if (issue.code === "invalid_type" && memberAt(candidate, issue.path) === undefined) yield `${whole(at)} is missing`;
    else if (issue.code === "invalid_value") yield `${whole(at)} must be one of ${issue.values.join(", ")}`;
    else yield `${whole(at)}: ${issue.message}`;
  }
}

function* ruleProblems(candidate: unknown): Iterable<string> {
  if (!isRecord(candidate)) return;
  const { description, version, stages } = candidate;
  if (typeof description === "string" && description.trim() === "") yield "description is blank";
  if (typeof version === "string" && !semanticVersion.test(version)) yield `version is ${show(version)}, expected one such as 1.0.0`;
  if (Array.isArray(stages) && stages.length === 0) yield "stages is empty: name at least one";
  const actions = recordsOf(candidate["actions"]);
  if (Array.isArray(candidate["actions"]) && candidate["actions"].length === 0) yield "actions is empty: a plugin offers at least one";
  yield* repeated("action", actions, "name");
  for (const action of actions) yield* actionProblems(action);
  const names = new Set(actions.map(({ name }) => name));
  const isWhole = actions.length > 0 && actions.every(({ name }) => typeof name === "string");
  const own = actions.flatMap(({ intents, name }) => recordsOf(intents).map((intent) => ({ intent, of: `action ${show(name)}: ` })));
  for (const { intent, of } of [...recordsOf(candidate["intents"]).map((intent) => ({ intent, of: "" })), ...own]) {
    const { pattern, action } = intent;
    if (typeof pattern === "string" && pattern.trim() === "") yield `${of}an intent has a blank pattern`;
    if (typeof action === "string" && isWhole && !names.has(action))
      yield `${of}the intent ${show(pattern)} means the action ${show(action)}, which is not there`;
  }
  const prompts = recordsOf(candidate["prompts"]);
  yield* repeated("prompt", prompts, "name");
  for (const { name, content } of prompts) {
    if (typeof content === "string" && content.trim() === "") yield `prompt ${show(name)}: content is blank`;
  }
  const config = recordsOf(candidate["config"]);
  yield* repeated("config parameter", config, "key");
  for (const parameter of config) yield* configProblems(parameter);
}

function* actionProblems(action: Fields): Iterable<string> {
  const at = `action ${show(action["name"])}`;
  if (typeof action["description"] === "string" && action["description"].trim() === "") yield `${at}: description is blank`;
  for (const [side, given] of [
    ["input", action["input"]],
    ["output", action["output"]],
  ] as const) {
    const parameters = recordsOf(given);
    for (const problem of repeated(side, parameters, "name")) yield `${at}: ${problem}`;
    for (const raw of parameters) {
      for (const problem of parameterProblems(raw, side)) yield `${at}: ${side} ${show(raw["name"])} ${problem}`;
    }
  }
}

function* parameterProblems(raw: Fields, side: "input" | "output"): Iterable<string> {
  const name = raw["name"];
  if (side === "input" && typeof name === "string") {
    if (Object.hasOwn(reserved, name)) yield `has a name that is taken: ${reserved[name]}`;
    if (name.startsWith("$")) yield "has a name that starts with $, and those are kept for requests";
  }
  const parsed = ActionParameter.safeParse(raw);
  if (!parsed.success) return;
  const parameter = parsed.data;
  const open = { ...parameter, enum: [] };
  for (const value of parameter.enum) {
    const problem = parameterProblem(open, value);
    if (problem !== undefined) yield `has the choice ${show(value)}, which ${problem}`;
  }
  const texts = parameter.enum.map(canonicalJson);
  if (new Set(texts).size < texts.length) yield "names a choice twice";
  const { default: byDefault } = parameter;
  const misfit = byDefault === undefined ? undefined : parameterProblem(parameter, byDefault);
  if (misfit !== undefined) yield `has the default ${show(byDefault)}, which ${misfit}`;
}

function* configProblems(parameter: Fields): Iterable<string> {
  const at = `config parameter ${show(parameter["key"])}`;
  const { description, type, default: byDefault, secret } = parameter;
  if (description === undefined || (typeof description === "string" && description.trim() === "")) yield `${at}: description is blank`;
  if (byDefault === undefined) return;
  if (secret === true) yield `${at}: a secret has no default`;
  else if (typeof type === "string" && !fitsConfig(type, byDefault)) yield `${at}: the default ${show(byDefault)} is no ${type}`;
}

function fitsConfig(type: ConfigParameter["type"] | string, value: unknown): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "int":
      return Number.isSafeInteger(value);
    case "bool":
      return typeof value === "boolean";
    case "duration":
      return typeof value === "string" && isDuration(value);
    default:
      return true;
  }
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}

const semanticVersion = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function recordsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function* repeated(what: string, records: readonly Fields[], key: string): Iterable<string> {
  const seen = new Set<unknown>();
  const told = new Set<unknown>();
  for (const record of records) {
    const name = record[key];
    if (seen.has(name) && !told.has(name) && name !== undefined) {
      told.add(name);
      yield `${what} ${show(name)} is there twice`;
    }
    seen.add(name);
  }
}

/** Where a problem is, in the author's words: `action "get": input "city": type`. */
function placeOf(candidate: unknown, path: readonly PropertyKey[]): string {
  const kinds: Readonly<Record<string, string>> = {
    actions: "action",
    input: "input",
    output: "output",
    prompts: "prompt",
    config: "config parameter",
  };
  const parts: string[] = [];
  let at: unknown = candidate;
  for (let i = 0; i < path.length; i++) {
    const step = path[i] as PropertyKey;
    at = isRecord(at) || Array.isArray(at) ? (at as Fields)[String(step)] : undefined;
    const next = path[i + 1];
    const kind = kinds[String(step)];
    if (kind === undefined || typeof next !== "number") {
      if (typeof step === "number" && parts.length > 0) parts[parts.length - 1] += `[${step}]`;
      else parts.push(String(step));
      continue;
    }
    at = Array.isArray(at) ? (at[next] as unknown) : undefined;
    const name = isRecord(at) ? (at["name"] ?? at["key"]) : undefined;
    parts.push(typeof name === "string" ? `${kind} ${show(name)}` : `${kind} number ${next + 1}`);
    i++;
  }
  return parts.join(": ");
}

function memberAt(candidate: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, step) => (isRecord(at) || Array.isArray(at) ? (at as Fields)[String(step)] : undefined), candidate);
}

function whole(at: string): string {
  return at === "" ? "the plugin" : at;
}

function suggestion(key: string, path: readonly PropertyKey[]): string {
  const last = path.findLast((step) => typeof step === "string");
  const shape = last === "actions" ? Action.shape : last === "input" || last === "output" ? ActionParameter.shape : PluginInfo.shape;
  const near = nearestName(key, Object.keys(shape));
  return near === undefined || near === key ? "" : ` (did you mean ${near}?)`;
}

function show(value: unknown): string {
  const text = value === undefined ? "without a name" : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
