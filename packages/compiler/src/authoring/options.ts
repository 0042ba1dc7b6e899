/**
 * What authors call the options of nodes and workflows, as the IR has them. The compiler applies it to what it read, the
 * builder to what it was given, so that an option means one thing in each spelling. Copied into bundles: imports nothing.
 */
import type { JsonObject, JsonValue } from "@heddle/core";

type Options = Readonly<Record<string, unknown>>;

/** Bounds of the queue before a node, in messages; its workflow's are those of every node that has none of its own. */
export interface BackpressureOptions {
  readonly maxQueueDepth?: number;
  /** From here on it is pressured, until it is at `lowWatermark` again. */
  readonly highWatermark?: number;
  readonly lowWatermark?: number;
  /** What a sender is told to wait. */
  readonly retryAfterMs?: number;
  readonly [other: string]: JsonValue | undefined;
}

const backpressureNames: Readonly<Record<string, string>> = {
  maxQueueDepth: "max_queue_depth",
  highWatermark: "high_watermark",
  lowWatermark: "low_watermark",
  retryAfterMs: "retry_after_ms",
};

/**
 * When a node of a service fires for a group of messages, instead of for each: as soon as one of these says so, or a message
 * of a stream that closes it comes.
 */
export interface CollectOptions {
  /** So many messages. */
  readonly count?: number;
  /** What belongs together: a path into a message, like `host` or `order.customer`. Default: everything. */
  readonly key?: string;
  /** A message of this type ends its group, and is not part of it. */
  readonly endType?: string;
  /** Milliseconds from the first message of a group. */
  readonly afterMs?: number;
  /** Milliseconds from the last message of a group. */
  readonly quietMs?: number;
}

/** What a node that collects is given: the messages of a group, oldest first. */
export interface Group<Message> {
  readonly messages: readonly Message[];
  readonly count: number;
  readonly last_message: Message;
}

const keyPath = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

/** The rule of a node that collects. What has no sense stays as it is, for the schema to refuse. */
function collectRule(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const { key } = given as Options;
  if (typeof key !== "string" || !keyPath.test(key)) return { kind: "collect", ...given };
  const path = key
    .split(".")
    .reduce<JsonObject>((of, name) => ({ kind: "field", of, name }), { kind: "ref", scope: "var", name: "payload" });
  return { kind: "collect", ...given, key: path };
}

/** Names of manifests for the parts of a window; the windows of the IR have their own. */
const windowNames: Readonly<Record<string, string>> = {
  interval_ms: "intervalMs",
  delay_ms: "delayMs",
  max_delay_ms: "delayMaxMs",
  delay_function: "delayFunction",
};

const retryNames: Readonly<Record<string, string>> = { maxAttempts: "attemptsMax", backoffMs: "delayMs", backoffMaxMs: "delayMaxMs" };

/** What an agent says under another name than a handler. */
export const agentNames: Readonly<Record<string, string>> = {
  type: "template",
  runner: "confinement",
  retries: "retry",
  env: "environment",
  timeout: "timeoutMs",
};

const confinements: Readonly<Record<string, string>> = { "host-local": "process", sandbox: "sandbox" };

/** The options of an agent as those of a handler. What has no sense there stays as it is, for the schema to refuse. */
export function handlerOptionsFrom(agent: Options): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(agent).map(([name, value]) => {
      if (name === "runner") return [agentNames[name] ?? name, confinements[String(value)] ?? value];
      if (name === "retries") return [agentNames[name] ?? name, renamed(value, retryNames)];
      if (name === "timeout" && typeof value === "string") return [agentNames[name] ?? name, durationMs(value) ?? value];
      return [agentNames[name] ?? name, value];
    }),
  );
}

/** The options of a handler or another step as fields of its node. What the IR has no field for is in `raw`, unchanged. */
export function nodeFieldsOf(given: Options): Record<string, unknown> {
  const { policy, requiresServices, rawConfig, backpressure, fires, ...fields } = given;
  const raw = present({ policy, requiresServices, config: rawConfig });
  return {
    ...fields,
    ...present({ backpressure: renamed(backpressure, backpressureNames), fires: collectRule(fires) }),
    ...(Object.keys(raw).length === 0 ? {} : { raw }),
  };
}

/** The options of a workflow as fields of its IR. Maps of orchestration go there unchanged, for the runtime to judge. */
export function workflowFieldsOf(given: Options): Record<string, unknown> {
  const { name: _, recoveryMode, deployment, schedule, backpressure, policies, ...others } = given;
  const { streamMode, requiredServices, includes, excludes, ...fields } = others;
  const windows = typeof policies === "object" && policies !== null ? (policies as Options) : {};
  const raw = present({ streamMode, requiredServices, policies, includes, excludes });
  return {
    ...fields,
    ...present({
      recovery: recoveryMode,
      restart: renamed(windows["restart"], windowNames),
      reschedule: renamed(windows["reschedule"], windowNames),
      deployment: typeof deployment === "string" ? { key: deployment } : deployment,
      schedules: schedule === undefined ? undefined : Array.isArray(schedule) ? schedule : [schedule],
      backpressure: renamed(backpressure, backpressureNames),
    }),
    ...(Object.keys(raw).length === 0 ? {} : { raw }),
  };
}

function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [names[name] ?? name, one])) as JsonObject;
}

function present(fields: Options): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `250ms`, `5s`, `1h30m`, `2d`; undefined for any other text. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
  return Math.round(parts.reduce((total, [, count, unit]) => total + Number(count) * (unitsMs[unit ?? ""] ?? 0), 0));
}
