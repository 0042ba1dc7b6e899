/**
 * Run events: the facts that a run's stream holds, in the order in which they became true.
 *
 * Architecture invariant: events fold without the plan. They name the edge taken and the activations
 * and frames opened, and where a value is already in the state they say where (`Source`) instead of
 * repeating it. docs/journal-format.md describes the persisted form.
 */
import * as z from "zod";
import { HookRan } from "./api-hooks.ts";
import { CallNeed, PreparedCall } from "./call.ts";
import { HandlerCalled } from "./call-events.ts";
import { Failure } from "./failure.ts";
import { ContentHash } from "./hash.ts";
import { RunId } from "./ids.ts";
import { EdgeOutcome } from "./ir.ts";
import { ApprovalRule } from "./ir-parts.ts";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";

/** The version that every persisted event is written with. Older ones are upcast when read. */
export const eventVersion = 1;

const Path = z.array(z.union([z.string(), z.number().int()]));
const Activation = z.number().int().min(1);
const Frame = z.number().int().min(0);

/**
 * Where a value comes from. `value`: here. The others point into what the fold knows at this event:
 * `result` of the activation that ends, a variable `var` of the frame (of the frame around it, where
 * a body opens), the region's current `item`, its `carried` variables, or the `failure` it caught.
 */
export const Source = z.union([
  z.strictObject({ value: JsonValueSchema }),
  z.strictObject({ result: Path }),
  z.strictObject({ var: z.string(), path: Path }),
  z.strictObject({ item: Path }),
  z.strictObject({ carried: z.string(), path: Path }),
  z.strictObject({ caught: Path }),
]);
export type Source = z.infer<typeof Source>;

const Sources = z.record(z.string(), Source);
export type Sources = z.infer<typeof Sources>;

/** What an opened activation does until it is settled. Absent in `Opened`: it executes, and may be repeated. */
export const Doing = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("execute"), unsafe: z.literal(true) }),
  z.strictObject({ kind: z.literal("sleep"), untilMs: z.number() }),
  z.strictObject({ kind: z.literal("signal"), name: z.string(), deadlineMs: z.number().exactOptional() }),
  z.strictObject({
    kind: z.literal("ask"),
    mode: z.enum(["approve", "answer"]),
    prompt: z.string(),
    details: JsonValueSchema.exactOptional(),
    deadlineMs: z.number().exactOptional(),
    /** Who may answer, and how many must. Absent: one person who may work with the run. */
    rule: ApprovalRule.exactOptional(),
    /** The answer itself is the result, and of this type. */
    answers: z.enum(["boolean", "string"]).exactOptional(),
    /** Yes does not end the activation: it lets the call of this hash start. */
    call: ContentHash.exactOptional(),
    /** What must hold besides, after a yes. */
    needs: z.array(CallNeed).exactOptional(),
  }),
  /** The gate prepares and judges the call; with needs it satisfies the first of them, a call too. */
  z.strictObject({ kind: z.literal("call"), needs: z.array(CallNeed).min(1).exactOptional() }),
  /** Graph: collects messages, and executes once its group is whole. */
  z.strictObject({ kind: z.literal("gather"), group: z.string(), deadlineMs: z.number().exactOptional() }),
  z.strictObject({ kind: z.literal("child"), workflow: z.string(), deadlineMs: z.number().exactOptional() }),
  z.strictObject({
    kind: z.literal("region"),
    region: z.enum(["parallel", "map", "loop", "try"]),
    /** Frames that a map or a parallel will open in all. */
    total: z.number().int().exactOptional(),
    items: Source.exactOptional(),
    /** A failed frame becomes a result of the map, and fails nothing. */
    collect: z.literal(true).exactOptional(),
    carried: Sources.exactOptional(),
    deadlineMs: z.number().exactOptional(),
  }),
]);
export type Doing = z.infer<typeof Doing>;

export const Opened = z.strictObject({ activation: Activation, node: z.string(), does: Doing.exactOptional() });
export type Opened = z.infer<typeof Opened>;

/** How control went on: variables set, edge taken, activation opened; or the frame left with `exit`. */
const onward = {
  set: Sources.exactOptional(),
  edge: z.string().exactOptional(),
  open: Opened.exactOptional(),
  exit: Source.exactOptional(),
};

const by = { by: z.string().exactOptional() };

export const OpenedFrame = z.strictObject({
  frame: Frame,
  slot: z.string(),
  index: z.number().int(),
  set: Sources.exactOptional(),
  open: Opened.exactOptional(),
});
export type OpenedFrame = z.infer<typeof OpenedFrame>;

const MessageNumber = z.number().int().min(1);
const LetterNumber = z.number().int().min(1);

/** A message of a graph, as it was sent: once, to all that it goes to. */
export const SentMessage = z.strictObject({
  /** Its number within the run. */
  message: MessageNumber,
  type: z.string(),
  /** The node that sent it; absent: it came from outside. */
  from: z.string().exactOptional(),
  class: z.string().exactOptional(),
  /** The message that its lineage began with. */
  correlation: MessageNumber,
  /** The message that it answers. */
  causation: MessageNumber.exactOptional(),
  to: z.array(z.strictObject({ node: z.string(), edge: z.string().exactOptional() })),
  /** No edge took it, and it is this dead letter. */
  letter: LetterNumber.exactOptional(),
  body: JsonValueSchema,
  /** A body that is no text, in base64; `body` is null then. */
  bodyBase64: z.string().exactOptional(),
  headers: JsonObjectSchema.exactOptional(),
  artifacts: z.array(JsonValueSchema).exactOptional(),
  stream: JsonObjectSchema.exactOptional(),
  contentType: z.string().exactOptional(),
  contentEncoding: z.string().exactOptional(),
});
export type SentMessage = z.infer<typeof SentMessage>;

/** A message that became a dead letter at a node. */
const LetterOfMessage = z.strictObject({ letter: LetterNumber, message: MessageNumber, node: z.string() });

/** What a node of a graph sent, kept and reported when it ended. */
const outgoing = {
  sent: z.array(SentMessage).exactOptional(),
  /** Replaces the state of the node. */
  nodeState: JsonValueSchema.exactOptional(),
  facts: z.array(z.strictObject({ type: z.string(), payload: JsonValueSchema })).exactOptional(),
  /** The result of a node that nothing follows: part of the run's output. */
  sink: z.literal(true).exactOptional(),
};

export const UnwindCause = z.enum(["sibling-failed", "timeout", "cancel", "limit"]);
export type UnwindCause = z.infer<typeof UnwindCause>;

export const RunEvent = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("run-started"),
    run: RunId,
    workflow: z.string(),
    bundle: ContentHash,
    input: JsonObjectSchema,
    parent: z.strictObject({ run: RunId, activation: Activation }).exactOptional(),
    key: z.string().exactOptional(),
    deadlineMs: z.number().exactOptional(),
    /** Absent: stages. */
    discipline: z.enum(["graph"]).exactOptional(),
    ...by,
    open: Opened.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("router-passed"), frame: Frame, node: z.string(), ...onward }),
  z.strictObject({
    kind: z.literal("activation-succeeded"),
    activation: Activation,
    attempt: z.number().int().exactOptional(),
    result: JsonValueSchema.exactOptional(),
    /** The result is what the region's frames gave. */
    collected: z.literal(true).exactOptional(),
    /** The result is the value of this buffered signal, which is used up. */
    signal: z.number().int().exactOptional(),
    ...by,
    ...onward,
    ...outgoing,
  }),
  z.strictObject({
    kind: z.literal("activation-failed"),
    activation: Activation,
    attempt: z.number().int().exactOptional(),
    on: EdgeOutcome,
    failure: Failure,
    ...by,
    ...onward,
    sent: z.array(SentMessage).exactOptional(),
    /** What it handled, where that became dead letters. */
    letters: z.array(LetterOfMessage).exactOptional(),
  }),
  /** What a call comes to, before anything acts on it. `does`: what comes next; absent: it executes, and may be repeated. */
  z.strictObject({
    kind: z.literal("call-prepared"),
    activation: Activation,
    attempt: z.number().int(),
    prepared: PreparedCall,
    hash: ContentHash,
    /** The grant that stands in for a person's yes. */
    grant: z.string().exactOptional(),
    /** Hooks that it met, in their order. */
    hooks: z.array(HookRan).exactOptional(),
    /** The arguments that it was prepared from, where a hook changed them. */
    args: JsonObjectSchema.exactOptional(),
    does: Doing.exactOptional(),
  }),
  /** A call that had to come first succeeded, or was found to hold: for the whole run, under this key. */
  z.strictObject({ kind: z.literal("need-satisfied"), activation: Activation, key: z.string(), does: Doing.exactOptional() }),
  /** One of several people who must agree did. */
  z.strictObject({ kind: z.literal("approval-given"), activation: Activation, comment: z.string().exactOptional(), by: z.string() }),
  /** The last of those who must agree let the call start. */
  z.strictObject({
    kind: z.literal("call-approved"),
    activation: Activation,
    hash: ContentHash,
    comment: z.string().exactOptional(),
    ...by,
    does: Doing.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("attempt-started"), activation: Activation, attempt: z.number().int(), incarnation: z.string() }),
  z.strictObject({
    kind: z.literal("attempt-failed"),
    activation: Activation,
    attempt: z.number().int(),
    failure: Failure,
    /** False: the attempt does not count against the retry policy (its process was lost). */
    counted: z.boolean(),
    retryAtMs: z.number(),
  }),
  z.strictObject({ kind: z.literal("outcome-unknown"), activation: Activation, attempt: z.number().int() }),
  z.strictObject({
    kind: z.literal("outcome-settled"),
    activation: Activation,
    attempt: z.number().int(),
    as: z.enum(["succeeded", "failed", "retry"]),
    ...by,
  }),
  z.strictObject({ kind: z.literal("once-recorded"), activation: Activation, name: z.string(), value: JsonValueSchema }),
  HandlerCalled,
  z.strictObject({ kind: z.literal("frames-opened"), region: Activation, frames: z.array(OpenedFrame) }),
  z.strictObject({ kind: z.literal("frame-failed"), frame: Frame, failure: Failure }),
  z.strictObject({
    kind: z.literal("unwinding-started"),
    cause: UnwindCause,
    /** The region whose frames these are; absent where the whole run unwinds. */
    region: Activation.exactOptional(),
    frames: z.array(Frame),
    /** Waits that end here; what is executing is aborted, and ends with `activation-cancelled`. */
    closed: z.array(Activation),
  }),
  z.strictObject({
    kind: z.literal("activation-cancelled"),
    activation: Activation,
    attempt: z.number().int().exactOptional(),
    /** What the executor said last: an aborted attempt may have succeeded all the same. */
    outcome: z.enum(["succeeded", "failed", "aborted", "unknown"]).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("frame-closed"), frame: Frame }),
  // The graph discipline.
  /** Messages came from outside: the seeds, or one that a caller sent. */
  z.strictObject({ kind: z.literal("messages-sent"), sent: z.array(SentMessage), key: z.string().exactOptional(), ...by }),
  /** A node took the first `takes` messages of its queue, and opened an activation for them. */
  z.strictObject({ kind: z.literal("node-fired"), open: Opened, takes: z.number().int().min(0) }),
  /** A node that executes nothing took messages, or an activation's, and sent others at once. */
  z.strictObject({
    kind: z.literal("node-passed"),
    node: z.string(),
    takes: z.number().int().min(0),
    /** The gathering that it ends. */
    activation: Activation.exactOptional(),
    late: z.number().int().min(1).exactOptional(),
    ...outgoing,
  }),
  /** An activation that collects took the first `takes` messages of its node's queue. `dropped`: one of them only marked the end. */
  z.strictObject({
    kind: z.literal("messages-gathered"),
    activation: Activation,
    takes: z.number().int().min(1),
    dropped: z.literal(true).exactOptional(),
    /** When its group has been quiet long enough. */
    deadlineMs: z.number().exactOptional(),
  }),
  /** The group of an activation is whole: it does this now. */
  z.strictObject({
    kind: z.literal("gathering-ended"),
    activation: Activation,
    why: z.enum(["count", "joined", "end-marker", "time", "input-ended"]),
    does: Doing.exactOptional(),
    /** Of a join: messages of this group that are still to come, and come too late. */
    late: z.number().int().min(1).exactOptional(),
  }),
  /** A failed activation is tried again as its node's window allows. `window`: which of the two. */
  z.strictObject({
    kind: z.literal("node-restarted"),
    node: z.string(),
    activation: Activation,
    window: z.enum(["restart", "reschedule"]),
    /** Restarts within the window, this one included. */
    count: z.number().int().min(1),
    restartAtMs: z.number(),
  }),
  z.strictObject({
    kind: z.literal("pressure-changed"),
    node: z.string(),
    level: z.enum(["normal", "pressured", "saturated"]),
    depth: z.number().int(),
  }),
  /** Messages that will not be handled: the first `count` of the node's queue, or all that an activation holds. */
  z.strictObject({
    kind: z.literal("messages-dead-lettered"),
    node: z.string(),
    count: z.number().int().min(0),
    activation: Activation.exactOptional(),
    /** The group of a join that they were too late for. */
    late: z.string().exactOptional(),
    letters: z.array(LetterOfMessage),
    code: z.string(),
    reason: z.string(),
  }),
  z.strictObject({ kind: z.literal("letters-replayed"), letters: z.array(LetterNumber), sent: z.array(SentMessage), ...by }),
  /** Why nothing new fires: the run has its output, and lets what runs come to its end. */
  z.strictObject({ kind: z.literal("run-completing"), node: z.string(), output: JsonValueSchema }),
  /** The run fails with this once what runs has been aborted. */
  z.strictObject({ kind: z.literal("run-failing"), failure: Failure, cleanupAtMs: z.number() }),
  /** What executes is aborted; what only waits is closed. */
  z.strictObject({
    kind: z.literal("activations-aborting"),
    cause: z.enum(["failure", "cancel", "limit", "completed"]),
    activations: z.array(Activation),
    closed: z.array(Activation),
  }),
  z.strictObject({
    kind: z.literal("signal-received"),
    signal: z.number().int(),
    name: z.string(),
    value: JsonValueSchema,
    key: z.string().exactOptional(),
    ...by,
  }),
  z.strictObject({ kind: z.literal("waits-hastened"), activations: z.array(Activation), ...by }),
  z.strictObject({ kind: z.literal("run-paused"), reason: z.string().exactOptional(), ...by }),
  z.strictObject({ kind: z.literal("run-resumed"), ...by }),
  z.strictObject({ kind: z.literal("run-cancelling"), reason: z.string().exactOptional(), cleanupAtMs: z.number(), ...by }),
  z.strictObject({ kind: z.literal("run-limited"), failure: Failure, cleanupAtMs: z.number() }),
  z.strictObject({ kind: z.literal("run-succeeded"), output: JsonValueSchema }),
  z.strictObject({ kind: z.literal("run-failed"), failure: Failure, forced: z.literal(true).exactOptional() }),
  z.strictObject({ kind: z.literal("run-cancelled"), reason: z.string().exactOptional(), forced: z.literal(true).exactOptional() }),
  z.strictObject({
    kind: z.literal("run-retried"),
    /** The activation that is done again, under a new number. */
    from: Activation,
    node: z.string(),
    /** The state at that activation, renumbered: the run goes on from it. */
    state: JsonValueSchema,
    ...by,
  }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type RunEventKind = RunEvent["kind"];
export type RunEventOf<Kind extends RunEventKind> = Extract<RunEvent, { kind: Kind }>;

/** Kinds after which a run has ended. */
export const terminalEventKinds: readonly RunEventKind[] = ["run-succeeded", "run-failed", "run-cancelled"];

export function isTerminalEvent(kind: string): boolean {
  return kind === "run-succeeded" || kind === "run-failed" || kind === "run-cancelled";
}

/**
 * Facts of attempts: how often and by whom work was tried. An undisturbed run and one that crashed
 * and recovered have the same other events, in the same causal order.
 */
export const attemptEventKinds: readonly RunEventKind[] = [
  "attempt-started",
  "attempt-failed",
  "outcome-unknown",
  "outcome-settled",
  "once-recorded",
  "handler-called",
];

/** An event as it is streamed: `seq` counts from 1 in its run's stream. */
export const EventRecord = z.strictObject({ seq: z.number().int().min(1), atMs: z.number(), event: RunEvent });
export type EventRecord = z.infer<typeof EventRecord>;
