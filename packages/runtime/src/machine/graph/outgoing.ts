/** What a node's success sends, keeps and reports. */
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, type ProcessResult, payloadOf } from "@heddle/core";
import { type Draft, draftOf } from "./messages.ts";
import type { GraphNodePlan } from "./plan.ts";

export interface Outgoing {
  /** Of its own wish, in order. */
  readonly messages: readonly Draft[];
  /** What it gave; the body of what it sends by default. */
  readonly body: JsonValue;
  readonly nodeState: JsonValue | undefined;
  readonly facts: readonly { readonly type: string; readonly payload: JsonValue }[];
  /** It says that the run is complete, with this. */
  readonly complete: { readonly output: JsonValue } | undefined;
}

/** Members of a result by which a handler says more than its value, as a worker's output does. */
const saying: readonly string[] = ["next_state", "events", "emit_messages", "complete_job", "complete_job?"];

export function outgoingOf(plan: GraphNodePlan, result: JsonValue): Outgoing {
  if (plan.node.kind === "process") return ofProcess(result as unknown as ProcessResult);
  if (plan.node.kind === "handler" && isJsonObject(result) && saying.some((name) => Object.hasOwn(result, name))) return ofHandler(result);
  return { messages: [], body: result, nodeState: undefined, facts: [], complete: undefined };
}

function ofProcess(result: ProcessResult): Outgoing {
  const body = payloadOf(result);
  return {
    messages: (result.messages ?? []).map((message) => draftOf(message, message.type)),
    body,
    nodeState: result.state,
    facts: result.events ?? [],
    complete: result.complete === undefined ? undefined : { output: result.complete.result ?? body },
  };
}

function ofHandler(result: JsonObject): Outgoing {
  const rest = Object.fromEntries(Object.entries(result).filter(([name]) => !saying.includes(name)));
  const listed = (name: string): readonly JsonObject[] => {
    const value = result[name] ?? null;
    return isJsonArray(value) ? value.filter(isJsonObject) : [];
  };
  const completes = Object.hasOwn(result, "complete_job")
    ? { output: result["complete_job"] ?? null }
    : result["complete_job?"] === true
      ? { output: rest }
      : undefined;
  return {
    messages: listed("emit_messages").map((message) => draftOf(message, "result")),
    body: rest,
    nodeState: result["next_state"],
    facts: listed("events").map((fact) => ({ type: String(fact["type"] ?? "event"), payload: fact["payload"] ?? null })),
    complete: completes,
  };
}

/** The type of what a node sends by default; null: nothing. */
export function defaultType({ node }: GraphNodePlan, taken: string | undefined): string | null {
  if (node.emits !== undefined) return node.emits;
  switch (node.kind) {
    case "router":
      return taken ?? "message";
    case "process":
      return "executor_result";
    case "sensor":
      return "sensor_ready";
    default:
      return "result";
  }
}
