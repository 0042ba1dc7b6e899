/**
 * Plugins as all sides know them: what one offers (`PluginInfo`), what a call of an action carries, and
 * how the daemon shows the plugins that it knows.
 *
 * These are the parsed forms: every member that an author may leave out has been given its default.
 */
import * as z from "zod";
import { Permission } from "./ir-parts.ts";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";

/** What a part of operations an action belongs to; used to filter and to route. */
export const OperationStage = z.enum(["observe", "operate", "deploy", "release", "plan", "build", "test", "code"]);
export type OperationStage = z.infer<typeof OperationStage>;

/** Letters, digits and underscores, no dot: `<plugin>.<action>` names a tool. */
export const PluginName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "expected snake_case: a letter a-z, then up to 62 of a-z0-9_");
export type PluginName = z.infer<typeof PluginName>;

export const ActionName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, "expected a letter or _, then up to 63 of A-Za-z0-9_.-");
export type ActionName = z.infer<typeof ActionName>;

export const ParameterType = z.enum(["string", "integer", "boolean", "number", "array", "object", "json"]);
export type ParameterType = z.infer<typeof ParameterType>;

/** An input or an output of an action. `json` takes any value. */
export const ActionParameter = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(128)
    .refine((name) => name !== "__proto__", "__proto__ cannot be a name"),
  type: ParameterType,
  required: z.boolean().default(true),
  /** Given to models word for word. */
  description: z.string().max(4_096).default(""),
  default: JsonValueSchema.exactOptional(),
  /** The values that it may have; empty: any of its type. */
  enum: z.array(JsonValueSchema).max(1_024).default([]),
});
export type ActionParameter = z.infer<typeof ActionParameter>;

/** A phrase of a person that means an action. Higher priority goes first. */
export const IntentPattern = z.strictObject({
  pattern: z.string().min(1).max(512),
  /** Absent: the plugin as a whole. */
  action: ActionName.exactOptional(),
  description: z.string().max(1_024).default(""),
  priority: z.number().int().min(-1_000).max(1_000).default(0),
});
export type IntentPattern = z.infer<typeof IntentPattern>;

export const PromptTemplate = z.strictObject({
  name: z.string().min(1).max(128),
  description: z.string().max(1_024).default(""),
  content: z.string().max(65_536),
});
export type PromptTemplate = z.infer<typeof PromptTemplate>;

export const ConfigParameter = z.strictObject({
  key: z.string().min(1).max(128),
  type: z.enum(["string", "int", "bool", "duration", "json"]),
  required: z.boolean().default(false),
  default: JsonValueSchema.exactOptional(),
  description: z.string().max(1_024).default(""),
  secret: z.boolean().default(false),
});
export type ConfigParameter = z.infer<typeof ConfigParameter>;

/** Something that a plugin can do. */
export const Action = z.strictObject({
  name: ActionName,
  /** Given to models word for word. */
  description: z.string().max(8_192),
  permission: Permission,
  stages: z.array(OperationStage).max(8).default([]),
  input: z.array(ActionParameter).max(256).default([]),
  output: z.array(ActionParameter).max(256).default([]),
  intents: z.array(IntentPattern).max(256).default([]),
});
export type Action = z.infer<typeof Action>;

/** All that a plugin says of itself when it registers. */
export const PluginInfo = z.strictObject({
  name: PluginName,
  /** A semantic version. */
  version: z.string().min(1).max(128),
  description: z.string().max(8_192),
  /** Of actions that name none of their own. */
  permission: Permission,
  stages: z.array(OperationStage).max(8),
  actions: z.array(Action).max(1_024),
  intents: z.array(IntentPattern).max(256).default([]),
  prompts: z.array(PromptTemplate).max(256).default([]),
  config: z.array(ConfigParameter).max(256).default([]),
  metadata: z.record(z.string().max(128), z.string().max(4_096)).default({}),
});
export type PluginInfo = z.infer<typeof PluginInfo>;

/** A span of time that a call is about, parsed once where it entered. `start` and `end`: milliseconds since the epoch. */
export const TimeRange = z.strictObject({
  startEpochMs: z.number().int(),
  endEpochMs: z.number().int(),
  /** For display: an IANA time zone. */
  timezone: z.string().max(64).default("UTC"),
  /** What was typed. */
  originalExpression: z.string().max(256).default(""),
});
export type TimeRange = z.infer<typeof TimeRange>;

/** One call of an action, as its plugin is given it. */
export const ExecuteRequest = z.strictObject({
  action: ActionName,
  /** Native JSON, checked against the action's inputs, defaults filled in. */
  params: JsonObjectSchema,
  timeRange: TimeRange.exactOptional(),
  tenant: z.string(),
  run: z.string(),
  node: z.string(),
  activation: z.number().int(),
  attempt: z.number().int(),
  /** The same for every attempt. */
  idempotencyKey: z.string(),
  /** When nobody waits for the answer any more: milliseconds since the epoch. */
  deadlineMs: z.number().exactOptional(),
});
export type ExecuteRequest = z.infer<typeof ExecuteRequest>;

/** One process, or the daemon itself, that carries out a plugin's actions. */
export const PluginInstance = z.strictObject({
  id: z.string().min(1).max(128),
  /** Where it answers; absent: inside the daemon. */
  address: z.string().max(256).exactOptional(),
  status: z.enum(["connected", "connecting", "draining", "quarantined"]),
  /** Why it is not connected, or what its health check says. */
  message: z.string().exactOptional(),
  inFlight: z.number().int(),
  sinceMs: z.number(),
});
export type PluginInstance = z.infer<typeof PluginInstance>;

export const PluginView = z.strictObject({
  ...PluginInfo.shape,
  origin: z.enum(["registered", "workspace"]),
  instances: z.array(PluginInstance),
});
export type PluginView = z.infer<typeof PluginView>;

/** The type of an action's tool: `<plugin>.<action>`. */
export function toolName(plugin: string, action: string): string {
  return `${plugin}.${action}`;
}

/** The two parts of a tool's name; undefined where it is not a plugin's. */
export function partsOfTool(tool: string): { readonly plugin: string; readonly action: string } | undefined {
  const dot = tool.indexOf(".");
  return dot <= 0 || dot === tool.length - 1 ? undefined : { plugin: tool.slice(0, dot), action: tool.slice(dot + 1) };
}
