/** The group of RuntimeApi about tools: what a runtime was given to call, and one call of a tool as a run. */
import * as z from "zod";
import type { Caller } from "./caller.ts";
import { Name, type RunId } from "./ids.ts";
import { Permission } from "./ir-parts.ts";
import { JsonObjectSchema } from "./json-schema.ts";

/** A tool as callers see it: what it may do, and what it is called with. */
export const ToolView = z.strictObject({
  name: Name,
  capability: z.string(),
  permission: Permission,
  description: z.string(),
  parameters: z.array(
    z.strictObject({ name: z.string(), kind: z.enum(["value", "path", "url", "command", "script"]), required: z.boolean() }),
  ),
  /** JSON Schema of its arguments. */
  inputSchema: JsonObjectSchema,
});
export type ToolView = z.infer<typeof ToolView>;

export const ListToolsRequest = z.strictObject({
  /** Those for this capability. Default: all. */
  capability: z.string().max(128).exactOptional(),
});
export const InvokeToolRequest = z.strictObject({
  tool: Name,
  args: JsonObjectSchema,
  /** The same key with the same call gives the same run. */
  idempotencyKey: z.string().min(1).max(256).exactOptional(),
});

export interface ToolsApi {
  /** By name. Those of plugins are with their plugin. */
  list(request: z.infer<typeof ListToolsRequest>, caller: Caller): Promise<readonly ToolView[]>;
  /** Starts a run of one tool node, which asks as any other. Errors: `tool-not-found`, `input-invalid`, `idempotency-conflict`. */
  invoke(request: z.infer<typeof InvokeToolRequest>, caller: Caller): Promise<{ readonly runId: RunId; readonly existing: boolean }>;
}
