/** What may stand in the `config` and `resources` of a node. */
import { processCommandLengthMax } from "@heddle/core";
import * as z from "zod";
import { aboveZero, anyObject, count, flag, listOf, members, oneOf, portNumber, positive, text, texts, zeroOrMore } from "./shapes.ts";

export const agentTypes = ["router", "executor", "aggregator", "sensor", "module"] as const;
export type AgentType = (typeof agentTypes)[number];

export const templateTypes = ["generic", "map", "reduce", "stream", "batch"] as const;
export type TemplateType = (typeof templateTypes)[number];

/** Earlier names of agent types and templates. */
export const agentTypeAliases: Readonly<Record<string, AgentType>> = {
  relay: "router",
  sandbox_worker: "executor",
  collector: "aggregator",
};
export const templateAliases: Readonly<Record<string, TemplateType>> = { accumulator: "reduce" };

/** Which templates an agent type can have. */
export const templatesOf: Readonly<Record<AgentType, readonly TemplateType[]>> = {
  router: ["generic", "map"],
  executor: templateTypes,
  module: templateTypes,
  aggregator: ["generic", "reduce"],
  sensor: ["generic"],
};

export const Backpressure = members({
  max_queue_depth: positive,
  high_watermark: count,
  low_watermark: count,
  retry_after_ms: count,
  max_concurrency: positive,
  drop_policy: oneOf(["block", "sample", "drop_oldest", "drop_newest", "skip_with_error"]),
  strategy: text,
  external_input: text,
  propagation: text,
});

const emittedType = z.string("must be a string or null");
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], "must be a string, a number or a boolean");

const anyNode = {
  backpressure: Backpressure,
  output_message_type: emittedType,
  batch_size: positive,
  stream_id: text,
};

const Upload = members({ target: text }, { source: text });
const command = z
  .custom(
    (value) => (typeof value === "string" || (Array.isArray(value) && value.every((word) => typeof word === "string"))) && value.length > 0,
    "must be a text or a list of strings, and not empty",
  )
  .refine(
    (value) => [value].flat().join(" ").length <= processCommandLengthMax,
    `must have at most ${processCommandLengthMax} characters; give a program long input through files`,
  );

const executor = {
  ...anyNode,
  command,
  workdir: text,
  environment: z.record(z.string(), scalar, "must be an object"),
  pass_env: texts,
  upload_path: text,
  upload_as: text,
  upload_paths: listOf(Upload),
  uploads: listOf(Upload),
  name_prefix: z.string("must be a string"),
  startup_delay_ms: count,
  timeout_seconds: aboveZero,
  max_output_bytes: positive,
  content_type: text,
  content_encoding: text,
  pool: text,
  pool_slots: positive,
  max_attempts: positive,
  retry_backoff_ms: count,
  failure_message_type: text,
  runner_module: text,
  execution_profile: text,
  policy: text,
  providers: texts,
  docker: anyObject,
  tty: flag,
  no_keep: flag,
  no_auto_providers: flag,
  reuse_shared_sandbox: flag,
  persistent_workspace: flag,
  cleanup_remote_dir: flag,
  reuse_shared_container: flag,
  safe_to_retry: flag,
  idempotent: flag,
  manual_review_on_recovery: flag,
  requires_approval: flag,
  unsafe: flag,
  beacon_enabled: flag,
  beacon_interval_ms: positive,
  beacon_timeout_ms: positive,
  beacon_missed_action: text,
};

const completing = { complete_after: positive, complete_job: flag, complete_on_message: flag };

/** The `config` of each agent type. What is not named here is kept unread. */
export const configShapes: Readonly<Record<AgentType, z.ZodType>> = {
  router: members({ ...anyNode, emit_type: text }),
  aggregator: members({ ...anyNode, ...completing }),
  sensor: members({ ...anyNode, ...completing }),
  module: members({ ...anyNode, module_source: text }, { module: text }),
  executor: members(executor),
};

/** An amount as a number, or as a number with a unit. */
const amount = z.custom(
  (value) => (typeof value === "number" && value >= 0) || (typeof value === "string" && /^\d+(?:\.\d+)?\s*[A-Za-z%]*$/.test(value)),
  "must be zero or greater",
);
const gpuAmount = z.custom((value) => typeof value === "boolean" || (typeof value === "number" && value >= 0), "must be zero or greater");

const Device = members({
  kind: text,
  type: text,
  count: aboveZero,
  vendor: text,
  driver: text,
  min_memory_mb: zeroOrMore,
  capabilities: texts,
  ids: listOf(z.union([z.string(), z.number()], "must be a string or a number")),
});
const Port = members(
  { protocol: oneOf(["tcp", "udp", "http", "grpc"]), port: z.union([z.literal("auto"), portNumber], "must be between 1 and 65535") },
  { label: z.custom((value) => typeof value === "string" && value !== "", "is required") },
).refine((value) => isAutoPort(value), { path: ["port"], message: "must be between 1 and 65535" });

/** A port that names no number has to ask for one. */
function isAutoPort(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("label" in value)) return true;
  const { port, auto } = value as { readonly port?: unknown; readonly auto?: unknown };
  return (port !== undefined && port !== null) || auto === true;
}

const absolute = z.custom(
  (value) => typeof value === "string" && (value.startsWith("/") || /^[A-Za-z]:[\\/]/.test(value)),
  "must be an absolute host path",
);
const Volume = members(
  { name: text, target: text, mode: oneOf(["ro", "rw"], "must be ro or rw"), type: oneOf(["host"], "must be host") },
  { source: absolute },
);

export const Resources = members({
  cpu_cores: amount,
  cores: amount,
  cpu: amount,
  cpu_millis: amount,
  cpu_mcores: amount,
  memory_mb: amount,
  memory: amount,
  memory_gb: amount,
  disk_mb: amount,
  disk: amount,
  disk_gb: amount,
  gpu_count: gpuAmount,
  gpus: gpuAmount,
  gpu: gpuAmount,
  devices: listOf(Device),
  ports: listOf(Port),
  volumes: listOf(Volume),
  runtime_driver: z.string("must be a string"),
});
