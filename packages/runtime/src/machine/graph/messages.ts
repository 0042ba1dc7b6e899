/** Messages as guards, workers and receivers see them. */
import { type EvalScope, formatInstant, isJsonObject, type JsonObject, type JsonValue, type SentMessage } from "@heddle/core";
import type { RulePlan } from "./plan.ts";

/** A message before it has a number and a way. */
export interface Draft {
  readonly type: string;
  /** A node that it goes to directly. */
  readonly to?: string;
  readonly class?: string;
  readonly body: JsonValue;
  readonly bodyBase64?: string;
  readonly headers?: JsonObject;
  readonly artifacts?: readonly JsonValue[];
  readonly stream?: JsonObject;
  readonly contentType?: string;
  readonly contentEncoding?: string;
}

/** The envelope form that workers find in their message file and guards read as `message`. */
export function envelopeOf(message: Omit<SentMessage, "to" | "letter">, run: string, to: string, atMs: number): JsonObject {
  return {
    envelope: {
      spec_version: "mn-msg/1",
      message_id: idOf(run, message.message),
      job_id: run,
      from: message.from ?? "runtime",
      to,
      type: message.type,
      class: message.class ?? "event",
      timestamp: formatInstant(atMs),
      correlation_id: idOf(run, message.correlation),
      ...(message.causation === undefined ? {} : { causation_id: idOf(run, message.causation) }),
      attempt: 1,
      priority: 100,
      content_type: message.contentType ?? "application/json",
      content_encoding: message.contentEncoding ?? "identity",
    },
    headers: message.headers ?? {},
    body: message.body,
    ...(message.bodyBase64 === undefined ? {} : { body_base64: message.bodyBase64 }),
    artifacts: message.artifacts ?? [],
    ...(message.stream === undefined ? {} : { stream: message.stream }),
  };
}

function idOf(run: string, message: number): string {
  return `${run}/m${message}`;
}

/** What a node is given for the messages that it handles. */
export function bodyOf(rule: RulePlan, messages: readonly SentMessage[]): JsonValue {
  const [first] = messages;
  if (rule.kind === "join") return Object.fromEntries(messages.map((message) => [message.from ?? "", message.body]));
  if (rule.kind === "collect") return collectedOf(messages);
  return first?.body ?? null;
}

/** What an aggregate gives. */
export function collectedOf(messages: readonly SentMessage[]): JsonObject {
  return { messages: messages.map(({ body }) => body), count: messages.length, last_message: messages.at(-1)?.body ?? null };
}

/** The variables of guards, keys and reads: `message`, `payload`, `state`, `agent_state`, and `input` of the run. */
export function scopeOf(
  payload: JsonValue,
  state: JsonValue | undefined,
  input: JsonObject,
  envelope: () => JsonObject,
  result?: JsonValue,
): EvalScope {
  return {
    var: (name) => {
      switch (name) {
        case "payload":
          return payload;
        case "message":
          return envelope();
        case "state":
        case "agent_state":
          return state ?? {};
        case "input":
          return input;
        default:
          return undefined;
      }
    },
    ...(result === undefined ? {} : { result }),
  };
}

const envelopeKeys: ReadonlySet<string> = new Set([
  "message_id",
  "job_id",
  "from",
  "to",
  "type",
  "class",
  "timestamp",
  "correlation_id",
  "causation_id",
  "attempt",
  "priority",
  "ttl_ms",
  "content_type",
  "content_encoding",
  "headers",
  "artifacts",
  "stream",
  "payload",
  "body",
  "body_base64",
  "envelope",
]);

/**
 * What a seed says. An object that has a `body` or a `payload`, and besides it nothing but members of an
 * envelope, is a message; everything else is the body itself, whatever its members are called.
 */
export function seedOf(value: JsonValue): Draft {
  const plain: Draft = { type: "init", class: "command", body: value };
  if (!isJsonObject(value)) return plain;
  const hasBody = "body" in value || "payload" in value || "body_base64" in value;
  if (!hasBody || !Object.keys(value).every((key) => envelopeKeys.has(key))) return plain;
  const envelope = isJsonObject(value["envelope"] ?? null) ? { ...(value["envelope"] as JsonObject), ...value } : value;
  return { class: "command", ...draftOf(envelope, "init") };
}

/** A message as a worker or a seed writes it. */
export function draftOf(value: JsonObject, typeDefault: string): Draft {
  const text = (name: string): string | undefined => (typeof value[name] === "string" ? value[name] : undefined);
  const { headers, artifacts, stream } = value;
  const to = text("to");
  const contentType = text("content_type");
  const contentEncoding = text("content_encoding");
  const bodyBase64 = text("body_base64");
  const klass = text("class");
  return {
    type: text("type") ?? typeDefault,
    body: bodyBase64 === undefined ? (value["body"] ?? value["payload"] ?? null) : null,
    ...(bodyBase64 === undefined ? {} : { bodyBase64 }),
    ...(to === undefined ? {} : { to }),
    ...(klass === undefined ? {} : { class: klass }),
    ...(headers !== undefined && isJsonObject(headers) ? { headers } : {}),
    ...(Array.isArray(artifacts) ? { artifacts } : {}),
    ...(stream !== undefined && isJsonObject(stream) ? { stream } : {}),
    ...(contentType === undefined ? {} : { contentType }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
  };
}
