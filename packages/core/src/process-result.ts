/**
 * What a `process` node is given and gives: the values on both sides of the worker contract of
 * docs/processes.md. The members of a result that the contract names keep its spelling and nesting,
 * because workers downstream read them by it.
 */
import type { JsonObject, JsonValue } from "./json.ts";

/** Reads of these names are not part of the body. All other reads, by name, are it. */
export const processReads = {
  /** The body itself, of any type, instead of an object of the other reads. */
  body: "$body",
  /** What the worker said last time in `next_state`; it finds it as `agent_state` in its context file. */
  state: "$state",
  /** The whole message, for its file. Without it one is made. */
  message: "$message",
} as const;

/** A fact that a worker reports. */
export interface ProcessEvent {
  readonly type: string;
  readonly payload: JsonValue;
}

/** A message that a worker sends, as it wrote it: `type`, and `body`, `payload` or `body_base64`, and what else the contract names. */
export type ProcessMessage = JsonObject & { readonly type: string };

/** What a worker ends by saying `complete_job` and the like. */
export interface ProcessCompletion {
  readonly kind: "job" | "step" | "run";
  /** Absent: the payload of the result is it. */
  readonly result?: JsonValue;
}

/** The result of a process node. */
export interface ProcessResult {
  readonly agent_id: string;
  readonly sandbox: JsonObject & { readonly exit_code: number; readonly stdout: string; readonly stderr: string };
  /** The body that the worker was given. */
  readonly input: JsonValue;
  /** The one JSON object that was all its output, without the members below; null for other output. */
  readonly output: JsonObject | null;
  /** Replaces the state of the node. Absent: it stays. */
  readonly state?: JsonValue;
  readonly events?: readonly ProcessEvent[];
  readonly messages?: readonly ProcessMessage[];
  readonly complete?: ProcessCompletion;
}

/** The body of the message that a process node sends by default: exactly the members that the contract names. */
export function payloadOf(result: ProcessResult): JsonObject {
  return { agent_id: result.agent_id, sandbox: result.sandbox, input: result.input };
}
