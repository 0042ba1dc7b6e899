/**
 * What the files of an attempt hold: the message, its body, the body as bytes, and the context. Pure.
 */
import { gzipSync } from "node:zlib";
import {
  failureOf,
  HeddleError,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ProcessNode,
  processReads,
} from "@heddle/core";
import type { Outcome, Task } from "@heddle/ports";

export interface MessageFiles {
  readonly body: JsonValue;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** By the part of the name that `processFiles` gives them. */
  readonly files: { readonly input: string; readonly message: string; readonly body: Uint8Array; readonly context: string };
}

export const agentType = "executor";

/** Errors: `input-invalid` for an encoding that is not known. */
export function messageFilesOf(task: Task, node: ProcessNode, nowMs: number): MessageFiles {
  const given = task.input[processReads.message];
  const message = isJsonObject(given) ? given : undefined;
  const body = bodyOf(task.input, message);
  const envelope = isJsonObject(message?.["envelope"]) ? message["envelope"] : {};
  const contentType = textOf(envelope["content_type"]) ?? node.config.content_type ?? "application/json";
  const contentEncoding = textOf(envelope["content_encoding"]) ?? node.config.content_encoding ?? "identity";
  const whole = { ...(message ?? messageOf(task, node, nowMs, contentType, contentEncoding)), body };
  const context = {
    job_id: task.run,
    agent_id: node.id,
    agent_type: agentType,
    template_type: node.template ?? "generic",
    agent_state: task.input[processReads.state] ?? {},
    timestamp: new Date(nowMs).toISOString(),
  };
  return {
    body,
    contentType,
    contentEncoding,
    files: {
      input: pretty(body),
      message: pretty(whole),
      body: encoded(bytesOf(body, message, contentType), contentEncoding, node),
      context: pretty(context),
    },
  };
}

function bodyOf(input: Task["input"], message: JsonObject | undefined): JsonValue {
  const { [processReads.body]: body, [processReads.state]: _state, [processReads.message]: _message, ...reads } = input;
  if (body !== undefined) return body;
  if (message !== undefined && Object.keys(reads).length === 0) return message["body"] ?? message["payload"] ?? {};
  return reads;
}

/** A message as one that the runtime would have sent: a node of a workflow of stages has none. */
function messageOf(task: Task, node: ProcessNode, nowMs: number, contentType: string, contentEncoding: string): JsonObject {
  return {
    envelope: {
      spec_version: "mn-msg/1",
      message_id: task.idempotencyKey,
      job_id: task.run,
      from: "runtime",
      to: node.id,
      type: "command",
      class: "command",
      timestamp: new Date(nowMs).toISOString(),
      correlation_id: task.idempotencyKey,
      attempt: task.attempt,
      priority: 100,
      content_type: contentType,
      content_encoding: contentEncoding,
    },
    headers: {},
    artifacts: [],
  };
}

function bytesOf(body: JsonValue, message: JsonObject | undefined, contentType: string): Uint8Array {
  const base64 = textOf(message?.["body_base64"]);
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  const type = (contentType.split(";")[0] as string).trim().toLowerCase();
  if (typeof body === "string" && (type === "application/octet-stream" || type.startsWith("text/") || isLines(type)))
    return Buffer.from(body);
  if (isJsonArray(body) && isLines(type)) return Buffer.from(body.map((item) => JSON.stringify(item)).join("\n"));
  return Buffer.from(JSON.stringify(body));
}

function isLines(type: string): boolean {
  return type === "application/x-ndjson" || type === "application/ndjson" || type === "application/jsonl";
}

function encoded(bytes: Uint8Array, encoding: string, node: ProcessNode): Uint8Array {
  if (encoding === "identity" || encoding === "") return bytes;
  if (encoding === "gzip") return gzipSync(bytes);
  throw new HeddleError("input-invalid", `unsupported content_encoding ${JSON.stringify(encoding)}`, { details: { node: node.id } });
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function pretty(value: JsonValue): string {
  return JSON.stringify(value, undefined, 2);
}

/** An error of ours as the outcome of the attempt that met it. */
export function failedBy(error: HeddleError, node: string): Outcome {
  return {
    kind: "failed",
    failure: failureOf(
      error.code,
      error.message,
      error.code === "path-escape" || error.code === "secret-unresolved" || error.code === "capability-denied" ? "denied" : "invalid",
      { node },
    ),
  };
}
