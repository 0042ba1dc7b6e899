/** The input of a run, from `--input` and `--input-file`, held to what the workflow declares. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { isJsonObject, type JsonObject, type JsonValue, showType, type WorkflowInput } from "@heddle/core";
import { didYouMean, UsageError } from "./command.ts";
import type { CliContext } from "./context.ts";
import { jsonOf, typedText, withAbsolutePaths } from "./typed-text.ts";

export interface InputOptions {
  /** `k=v` each. They win over the file. */
  readonly pairs: readonly string[];
  /** A JSON file; `-` is standard input. */
  readonly file?: string | undefined;
}

/** Errors: `UsageError` with all that is wrong with the names; types are the runtime's to check. */
export async function readRunInput(
  context: CliContext,
  { pairs, file }: InputOptions,
  declared: readonly WorkflowInput[],
): Promise<JsonObject> {
  const given: Record<string, JsonValue> = file === undefined ? {} : { ...(await readInputFile(context, file)) };
  const named = new Set(Object.keys(given));
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError(`--input ${JSON.stringify(pair)} is not name=value`, "write it like --input name=value");
    const name = pair.slice(0, at);
    named.add(name);
    given[name] = typedText(pair.slice(at + 1), declared.find((input) => input.name === name)?.type);
  }
  const names = declared.map(({ name }) => name);
  const unknown = [...named].filter((name) => !names.includes(name));
  const missing = declared.filter((input) => input.optional !== true && input.default === undefined && !named.has(input.name));
  if (unknown.length > 0 || missing.length > 0) {
    const problems = [
      ...unknown.map((name) => `there is no input ${name}${didYouMean(name, names)}`),
      ...missing.map((input) => `input ${input.name} is missing`),
    ];
    throw new UsageError(problems.join("; "), inputsHelp(declared), "input-invalid");
  }
  for (const { name, type } of declared) {
    const value = given[name];
    if (value !== undefined) given[name] = withAbsolutePaths(value, type, context.cwd);
  }
  return given;
}

/** What the workflow takes, in one line. */
export function inputsHelp(declared: readonly WorkflowInput[]): string {
  if (declared.length === 0) return "the workflow takes no inputs";
  const one = ({ name, type, optional, default: usual }: WorkflowInput) =>
    `${name}${optional === true || usual !== undefined ? "?" : ""}: ${showType(type)}`;
  return `the workflow takes ${declared.map(one).join(", ")}`;
}

async function readInputFile(context: CliContext, file: string): Promise<JsonObject> {
  const shown = file === "-" ? "standard input" : file;
  let text: string;
  try {
    text = file === "-" ? await textOf(context.stdin) : await readFile(resolve(context.cwd, file), "utf8");
  } catch {
    throw new UsageError(`${shown} cannot be read`);
  }
  const value = jsonOf(text);
  if (isJsonObject(value)) return value;
  throw new UsageError(`${shown} holds no JSON object`, 'write the inputs by name: { "name": "value" }');
}
