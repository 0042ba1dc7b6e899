/**
 * From what a program printed to the result of its node. Pure.
 *
 * Output that is one JSON object may hold directives: the next state, events, messages, completions.
 * Everything else that was printed is passed on as it is, unless the node asks for an object.
 */
import {
  type Failure,
  failureOf,
  HeddleError,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ProcessCompletion,
  type ProcessEvent,
  type ProcessMessage,
  type ProcessResult,
  parseJson,
} from "@heddle/core";

export interface Printed {
  readonly node: string;
  readonly stdout: string;
  readonly requireObject: boolean;
}

export type Understood =
  | { readonly kind: "understood"; readonly said: Pick<ProcessResult, "output" | "state" | "events" | "messages" | "complete"> }
  | { readonly kind: "misunderstood"; readonly failure: Failure };

const completions = [
  ["job", "complete_job"],
  ["step", "complete_step"],
  ["run", "complete_run"],
] as const;

export function understand({ node, stdout, requireObject }: Printed): Understood {
  const parsed = objectOf(stdout);
  if (typeof parsed === "string") {
    if (!requireObject) return { kind: "understood", said: { output: null } };
    return misunderstood(node, `${node} has to print exactly one JSON object, and ${parsed}`);
  }
  const { next_state: state, events, emit_messages: messages, ...rest } = parsed;
  for (const [path, list] of [
    ["events", events],
    ["emit_messages", messages],
  ] as const) {
    const problem = problemOf(path, list);
    if (problem !== undefined) return misunderstood(node, `${node} printed ${problem}`);
  }
  const output = Object.fromEntries(Object.entries(rest).filter(([name]) => !/^complete_(?:job|step|run)\??$/.test(name)));
  return {
    kind: "understood",
    said: {
      output,
      ...(state === undefined ? {} : { state }),
      ...(events === undefined ? {} : { events: listOf(events).map(eventOf) }),
      ...(messages === undefined ? {} : { messages: listOf(messages) as readonly ProcessMessage[] }),
      ...completionOf(rest),
    },
  };
}

/** The one object; or what was printed instead. */
function objectOf(stdout: string): JsonObject | string {
  const text = stdout.trim();
  if (text === "") return "it printed nothing";
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : "it printed another kind of value";
  } catch (error) {
    if (HeddleError.is(error, "value-too-deep")) return error.message;
    return "it printed something else, or more than that";
  }
}

function listOf(value: JsonValue): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

/** What is wrong with a list of events or messages: each is an object with a type. */
function problemOf(path: string, list: JsonValue | undefined): string | undefined {
  if (list === undefined) return undefined;
  if (!isJsonArray(list)) return `${path} that are not a list`;
  const wrong = list.findIndex((item) => !isJsonObject(item) || typeof item["type"] !== "string" || item["type"] === "");
  return wrong === -1 ? undefined : `${path}[${wrong}] without a type`;
}

function eventOf(event: JsonObject): ProcessEvent {
  return { type: event["type"] as string, payload: event["payload"] ?? {} };
}

function completionOf(said: JsonObject): { complete?: ProcessCompletion } {
  for (const [kind, name] of completions) {
    if (Object.hasOwn(said, name)) return { complete: { kind, result: said[name] as JsonValue } };
    if (said[`${name}?`] === true) return { complete: { kind } };
  }
  return {};
}

function misunderstood(node: string, message: string): Understood {
  return { kind: "misunderstood", failure: failureOf("result-invalid", message, "invalid", { node }) };
}
