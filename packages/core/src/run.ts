/** Runs as callers see them: statuses, summaries, reasons, logs and calls. */
import * as z from "zod";
import { Failure } from "./failure.ts";
import { ContentHash } from "./hash.ts";
import { CallId, RunId, TenantId } from "./ids.ts";
import { ApprovalRule } from "./ir-parts.ts";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";

/**
 * `waiting`: for an event; `paused`: by an operator; `parked`: needs an operator; `cancelling`:
 * aborting and cleaning up. The last three are terminal.
 */
export const RunStatus = z.enum(["queued", "running", "waiting", "paused", "parked", "cancelling", "succeeded", "failed", "cancelled"]);
export type RunStatus = z.infer<typeof RunStatus>;

export const terminalRunStatuses = ["succeeded", "failed", "cancelled"] as const;

export function isTerminalStatus(status: RunStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

export const RunSummary = z.strictObject({
  id: RunId,
  tenant: TenantId,
  workflow: z.string(),
  bundle: ContentHash,
  status: RunStatus,
  startedAtMs: z.number(),
  endedAtMs: z.number().exactOptional(),
  parent: RunId.exactOptional(),
  /** Events in its stream so far. */
  seq: z.number().int(),
});
export type RunSummary = z.infer<typeof RunSummary>;

/** A question that a `human` node asks and nobody has answered yet. */
export const OpenQuestion = z.strictObject({
  activation: z.number().int(),
  node: z.string(),
  mode: z.enum(["approve", "answer"]),
  prompt: z.string(),
  details: JsonValueSchema.exactOptional(),
  deadlineMs: z.number().exactOptional(),
  /** Who may answer, and how many must. */
  rule: ApprovalRule.exactOptional(),
  /** Who said yes so far, where more have to. */
  approvedBy: z.array(z.string()).min(1).exactOptional(),
  /** The type of the answer, where the node itself does not say it. */
  answers: z.enum(["boolean", "string"]).exactOptional(),
  /** A yes lets the call of this hash start. */
  call: ContentHash.exactOptional(),
});
export type OpenQuestion = z.infer<typeof OpenQuestion>;

export const RunView = z.strictObject({
  ...RunSummary.shape,
  input: JsonObjectSchema,
  /** Of a succeeded run. */
  output: JsonValueSchema.exactOptional(),
  /** Of a failed run. */
  failure: Failure.exactOptional(),
  /** Activations opened so far. */
  steps: z.number().int(),
  questions: z.array(OpenQuestion),
});
export type RunView = z.infer<typeof RunView>;

export const RunResult = z.strictObject({
  runId: RunId,
  status: RunStatus,
  output: JsonValueSchema.exactOptional(),
  failure: Failure.exactOptional(),
});
export type RunResult = z.infer<typeof RunResult>;

/** Why an open run does not end right now. */
export const ReasonKind = z.enum([
  "effect-in-flight",
  "slot",
  "timer",
  "retry-backoff",
  "signal",
  "person",
  "budget",
  "paused",
  "outcome-unknown",
  "child-run",
  "aborting",
  "bundle-not-loaded",
  "executor-missing",
  "storage-refused",
  "member-draining",
]);
export type ReasonKind = z.infer<typeof ReasonKind>;

export const Reason = z.strictObject({
  kind: ReasonKind,
  /** One sentence for people. */
  message: z.string(),
  activation: z.number().int().exactOptional(),
  node: z.string().exactOptional(),
  /** When it ends by itself, where that is known. */
  untilMs: z.number().exactOptional(),
  /** The run that it waits for. */
  child: RunId.exactOptional(),
  signal: z.string().exactOptional(),
});
export type Reason = z.infer<typeof Reason>;

/** A reason with the commands that end it, best first, as they are typed. */
export const Explanation = z.strictObject({ ...Reason.shape, run: RunId, commands: z.array(z.string()) });
export type Explanation = z.infer<typeof Explanation>;

export const LogLevel = z.enum(["debug", "info", "warn", "error"]);
export type LogLevel = z.infer<typeof LogLevel>;

/** What a handler, process or plugin said. Bounded: `text` has at most 8 KiB, a run keeps 10,000 records. */
export const LogRecord = z.strictObject({
  /** Order within the run, from 1. */
  n: z.number().int(),
  atMs: z.number(),
  node: z.string().exactOptional(),
  activation: z.number().int().exactOptional(),
  attempt: z.number().int().exactOptional(),
  level: LogLevel,
  source: z.enum(["log", "console", "stdout", "stderr", "runtime"]),
  text: z.string(),
  fields: JsonObjectSchema.exactOptional(),
});
export type LogRecord = z.infer<typeof LogRecord>;

export const logTextBytesMax = 8 * 1024;
export const logRecordsMax = 10_000;

/** A call whose start is journalled: in flight, or of unknown outcome. */
export const CallView = z.strictObject({
  id: CallId,
  run: RunId,
  node: z.string(),
  attempt: z.number().int(),
  status: z.enum(["started", "outcome-unknown"]),
  startedAtMs: z.number(),
});
export type CallView = z.infer<typeof CallView>;
