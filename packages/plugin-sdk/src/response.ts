/**
 * What an action gave, read as a response: a plain value, or `{ output, logs }`.
 *
 * An action that declares an output named `output` or `logs` gives plain values only: its own names win.
 */
import type { Action } from "@heddle/core";

/** The result of a call, and what it says of errors that were not fatal. */
export interface ReadResponse {
  readonly value: unknown;
  readonly logs: readonly string[];
}

const none: readonly string[] = [];

/** Reads what an action gave. Total. */
export function readResponse(action: Action, given: unknown): ReadResponse {
  if (!isResponse(given) || action.output.some(({ name }) => name === "output" || name === "logs")) return { value: given, logs: none };
  const { output = {}, logs = none } = given;
  return { value: withParsedResult(action, output), logs };
}

interface Response {
  readonly output?: Readonly<Record<string, unknown>>;
  readonly logs?: readonly string[];
}

function isResponse(given: unknown): given is Response {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return false;
  const { output, logs } = given as { readonly output?: unknown; readonly logs?: unknown };
  if (output === undefined && logs === undefined) return false;
  if (Object.keys(given).some((key) => key !== "output" && key !== "logs")) return false;
  const outputFits = output === undefined || (typeof output === "object" && output !== null && !Array.isArray(output));
  return outputFits && (logs === undefined || (Array.isArray(logs) && logs.every((text) => typeof text === "string")));
}

/** The main result as JSON text is passed on parsed; one that is no JSON, or is declared as a string, stays text. */
function withParsedResult(action: Action, output: Readonly<Record<string, unknown>>): unknown {
  const { result } = output;
  if (typeof result !== "string" || action.output.find(({ name }) => name === "result")?.type === "string") return output;
  try {
    return { ...output, result: JSON.parse(result) as unknown };
  } catch {
    return output;
  }
}
