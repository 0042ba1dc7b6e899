/** What methods answer, where core has no schema of its own for it. Every wire answers the same. */
import {
  ApprovalChange,
  BundleManifest,
  BundleView,
  DeadLetterView,
  EventRecord,
  Explanation,
  HookView,
  NodeServerView,
  type PageOf,
  PluginView,
  RunId,
  TokenView,
  ToolView,
} from "@heddle/core";
import * as z from "zod";

/** A stored bundle with its manifest. */
export const StoredBundle = z.strictObject({ view: BundleView, manifest: BundleManifest });
export type StoredBundle = z.infer<typeof StoredBundle>;

/** A run that was started, now or before under the same key. */
export const StartedRun = z.strictObject({ runId: RunId, existing: z.boolean() });
export type StartedRun = z.infer<typeof StartedRun>;

/** Where a run goes on. */
export const RetriedRun = z.strictObject({ from: z.number().int(), node: z.string() });
export type RetriedRun = z.infer<typeof RetriedRun>;

/** Events that travel together. */
export const EventBatch: z.ZodType<readonly EventRecord[]> = z.array(EventRecord);

/** Why a run has not ended. */
export const Explanations: z.ZodType<readonly Explanation[]> = z.array(Explanation);

/** Changes of an inbox that travel together. */
export const ApprovalChanges: z.ZodType<readonly ApprovalChange[]> = z.array(ApprovalChange);

/** Tools, by name. */
export const Tools: z.ZodType<readonly ToolView[]> = z.array(ToolView);

/** Hooks, in their order. */
export const Hooks: z.ZodType<readonly HookView[]> = z.array(HookView);

/** The dead letters of a run. */
export const DeadLetters: z.ZodType<readonly DeadLetterView[]> = z.array(DeadLetterView);

/** How many dead letters were sent again. */
export const Replayed = z.strictObject({ replayed: z.number().int() });
export type Replayed = z.infer<typeof Replayed>;

/** Plugins, by name. */
export const Plugins: z.ZodType<readonly PluginView[]> = z.array(PluginView);

/** What a plugin that was registered is to do from then on. */
export const RegisteredPlugin = z.strictObject({ heartbeatIntervalMs: z.number().int() });
export type RegisteredPlugin = z.infer<typeof RegisteredPlugin>;

/** Whether a plugin is known, and how soon it is to ask again. */
export const Heartbeat = z.strictObject({ registered: z.boolean(), heartbeatIntervalMs: z.number().int() });
export type Heartbeat = z.infer<typeof Heartbeat>;

/** Node servers, without their tokens. */
export const NodeServers: z.ZodType<readonly NodeServerView[]> = z.array(NodeServerView);

/** A token that was made just now, with the secret that is shown once. */
export const CreatedToken = z.strictObject({ token: TokenView, secret: z.string() });
export type CreatedToken = z.infer<typeof CreatedToken>;

/** A request that asks for nothing in particular. */
export const NoFields: z.ZodType<Record<never, never>> = z.strictObject({});

/** A page of a listing, as core's `PageOf`. */
export function pageOf<Row>(row: z.ZodType<Row>): z.ZodType<PageOf<Row>> {
  return z.strictObject({ rows: z.array(row), cursor: z.string().exactOptional() });
}

/** As many rows as fit into one answer. `truncated`: the limit allowed more, ask again after the last one. */
export interface PartOf<Row> {
  readonly rows: readonly Row[];
  readonly truncated: boolean;
}

/** A part of a list. */
export function partOf<Row>(row: z.ZodType<Row>): z.ZodType<PartOf<Row>> {
  return z.strictObject({ rows: z.array(row), truncated: z.boolean() });
}

/** The answer of methods that give nothing back. */
export const Nothing: z.ZodType<void> = z.void();
