/** What nodes of every kind are made of: retries, confinement, permissions, and when a node of a graph fires. */
import * as z from "zod";
import { Expr } from "./expression.ts";
import { FailureClass } from "./failure.ts";
import { Name } from "./ids.ts";
import { JsonObjectSchema } from "./json-schema.ts";
import { DestinationScope, PathScope } from "./reach.ts";

/** Milliseconds; a century is the longest wait. */
export const DurationMs = z.number().int().min(0).max(3_155_760_000_000);

/** When and how often an attempt is repeated. The n-th delay is `delayMs · factor^(n-1)`, at most `delayMaxMs`, less up to `jitter` of itself. */
export const RetryPolicy = z.strictObject({
  /** Attempts in all, the first included. */
  attemptsMax: z.number().int().min(1).max(1_000_000),
  delayMs: DurationMs.exactOptional(),
  factor: z.number().min(1).max(100).exactOptional(),
  delayMaxMs: DurationMs.exactOptional(),
  jitter: z.number().min(0).max(1).exactOptional(),
  /** Failure classes that are retried. Default: handler, transient, timeout, executor-lost. */
  on: z.array(FailureClass).exactOptional(),
  /** Failure codes that are never retried, whatever their class. */
  exceptCodes: z.array(z.string()).exactOptional(),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

export const retryDefaults = { delayMs: 1_000, factor: 2, delayMaxMs: 60_000, jitter: 0.1 } as const;
export const retriedByDefault: readonly FailureClass[] = ["handler", "transient", "timeout", "executor-lost"];

export const Confinement = z.enum(["none", "process", "sandbox"]);
export type Confinement = z.infer<typeof Confinement>;

/** What a call may do to the world: look at it, change it, or change who may change it. */
export const Permission = z.enum(["read", "modify", "admin"]);
export type Permission = z.infer<typeof Permission>;

/** What a principal may do: an operator steers runs, an engineer also lets calls modify, an admin everything. */
export const Role = z.enum(["operator", "engineer", "admin"]);
export type Role = z.infer<typeof Role>;

/** Who may say yes, how many must, and until when. Above what the permission of a call asks for anyway. */
export const ApprovalRule = z.strictObject({
  /** One of these roles. Default: those that the permission asks for. */
  roles: z.array(Role).min(1).exactOptional(),
  /** So many different people. Default 1. */
  quorum: z.number().int().min(1).max(20).exactOptional(),
  /** Whoever started the run may not. */
  notRequester: z.boolean().exactOptional(),
  /** Milliseconds until the question ends with the outcome `timeout`. Default: never. */
  expiresMs: DurationMs.exactOptional(),
});
export type ApprovalRule = z.infer<typeof ApprovalRule>;

/** A node of a node server, and what it is set to. */
export const RemoteTarget = z.strictObject({
  /** The `uid` of its definition. */
  node: z.string().min(1).max(256),
  /** The package or the uid of the server that offers it. Default: the one server that does. */
  server: z.string().min(1).max(256).exactOptional(),
  /** Values of its parameters by name; the definition's defaults for the rest. */
  parameters: JsonObjectSchema.exactOptional(),
});
export type RemoteTarget = z.infer<typeof RemoteTarget>;

export const Template = z.enum(["generic", "map", "reduce", "stream", "batch"]);

/**
 * Graph discipline: when a node fires. `each`: for each message, in order. `join`: once messages of
 * `need` senders are there (`all`: of every node with an edge to it). `collect`: for a group of
 * messages, once it has `count`, its end is marked, its time is over, or nothing more can come.
 * `stream`: for each message, in the order of its stream.
 */
export const FireRule = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("each") }),
  z.strictObject({
    kind: z.literal("join"),
    need: z.union([z.literal("all"), z.number().int().min(1)]),
    /** What belongs together. Default: messages that come from the same first message. */
    by: Expr.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("collect"),
    count: z.number().int().min(1).max(1_000_000).exactOptional(),
    /** What belongs together. Default: everything. */
    key: Expr.exactOptional(),
    /** A message of this type ends its group, and is not part of it. */
    endType: z.string().exactOptional(),
    /** Milliseconds from the first message of a group. */
    afterMs: DurationMs.exactOptional(),
    /** Milliseconds from the last message of a group: it fires once the group has been quiet so long. */
    quietMs: DurationMs.exactOptional(),
    /** What a group holds when nothing more can come fires too. Default: true without `count`, or where time ends a group too; otherwise the run fails. */
    partial: z.boolean().exactOptional(),
  }),
  z.strictObject({ kind: z.literal("stream") }),
]);
export type FireRule = z.infer<typeof FireRule>;

/** Bounds of the queue before a node, in messages. Past `high` it is pressured until it is at `low` again; at `max` those who send to it wait. */
export const Backpressure = z.looseObject({
  max_queue_depth: z.number().int().min(1).exactOptional(),
  high_watermark: z.number().int().min(1).exactOptional(),
  low_watermark: z.number().int().min(0).exactOptional(),
  retry_after_ms: DurationMs.exactOptional(),
});
export const backpressureDefaults = { depthMax: 100, high: 75, low: 25, retryAfterMs: 250 } as const;

/** So many attempts of a node at the same time, and so many starts in any span of `perMs`; each by a key. */
export const FlowBounds = z.strictObject({
  /** So many at the same time. */
  concurrency: z.strictObject({ max: z.number().int().min(1).max(1_000_000), key: Expr.exactOptional() }).exactOptional(),
  /** So many starts in any span of `perMs`. */
  rate: z
    .strictObject({
      limit: z.number().int().min(1).max(1_000_000),
      perMs: z.number().int().min(1).max(86_400_000),
      key: Expr.exactOptional(),
    })
    .exactOptional(),
});
export type FlowBounds = z.infer<typeof FlowBounds>;

/** A tool that nodes may call by name, and its bounds. Bounds that are absent are none. */
export const ToolDeclaration = z.strictObject({
  name: Name,
  capability: z.string().min(1).max(128),
  description: z.string().exactOptional(),
  /** Default: that of its capability; of one outside the catalog `modify`. */
  permission: Permission.exactOptional(),
  paths: z.array(PathScope).exactOptional(),
  destinations: z.array(DestinationScope).exactOptional(),
});
export type ToolDeclaration = z.infer<typeof ToolDeclaration>;
