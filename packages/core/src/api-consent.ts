/** The groups of RuntimeApi about consent: approvals, interruptions and grants. */
import * as z from "zod";
import type { Caller, PageOf } from "./caller.ts";
import { Expr } from "./expression.ts";
import { ContentHash } from "./hash.ts";
import { CallId, GrantId, Name, RunId } from "./ids.ts";
import { ApprovalRule, Permission } from "./ir-parts.ts";
import { JsonValueSchema } from "./json-schema.ts";
import { DestinationScope, PathScope } from "./reach.ts";

const question = {
  /** `<run id>/<activation>`. */
  id: CallId,
  runId: RunId,
  workflow: z.string(),
  node: z.string(),
  prompt: z.string(),
  details: JsonValueSchema.exactOptional(),
  /** Who started the run. */
  requestedBy: z.string().exactOptional(),
  askedAtMs: z.number(),
  /** When it ends by itself, with the outcome `timeout`. */
  deadlineMs: z.number().exactOptional(),
};

/** A yes that somebody has to give: to a call, or to a workflow that asks for itself. */
export const ApprovalView = z.strictObject({
  ...question,
  /** The call that a yes lets start; absent where a workflow asks for itself. */
  call: z.strictObject({ hash: ContentHash, tool: z.string(), capability: z.string(), permission: Permission }).exactOptional(),
  rule: ApprovalRule.exactOptional(),
  /** Who said yes so far. */
  approvedBy: z.array(z.string()),
});
export type ApprovalView = z.infer<typeof ApprovalView>;

/** A question to a person, whose answer is a value. */
export const InterruptionView = z.strictObject({ ...question, answers: z.enum(["boolean", "string"]).exactOptional() });
export type InterruptionView = z.infer<typeof InterruptionView>;

const page = { limit: z.number().int().min(1).max(1_000).exactOptional(), cursor: z.string().max(512).exactOptional() };
export const ListApprovalsRequest = z.strictObject({ runId: RunId.exactOptional(), ...page });
export const FollowApprovalsRequest = z.strictObject({
  /** Those of one run. Default: all. */
  runId: RunId.exactOptional(),
});
export const ApprovalRequest = z.strictObject({ id: CallId });
export const ApproveRequest = z.strictObject({
  id: CallId,
  /** The call that is meant, as `list` showed it. Required for calls: what changed since is not approved by mistake. */
  hash: ContentHash.exactOptional(),
  comment: z.string().max(4_096).exactOptional(),
});
export const RejectRequest = z.strictObject({ id: CallId, comment: z.string().max(4_096).exactOptional() });
export const AnswerInterruptionRequest = z.strictObject({
  id: CallId,
  answer: JsonValueSchema,
  comment: z.string().max(4_096).exactOptional(),
});

/**
 * What moved in an inbox: somebody is asked, or need not answer any more. `current` comes once, behind everything that
 * was open at first: who came back forgets what was not named before it.
 */
export const ApprovalChange = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("asked"), approval: ApprovalView }),
  z.strictObject({ kind: z.literal("closed"), id: CallId }),
  z.strictObject({ kind: z.literal("current") }),
]);
export type ApprovalChange = z.infer<typeof ApprovalChange>;

export interface ApprovalsApi {
  /** Open ones, oldest first. */
  list(request: z.infer<typeof ListApprovalsRequest>, caller: Caller): Promise<PageOf<ApprovalView>>;
  /** Errors: `approval-not-found`. */
  get(request: z.infer<typeof ApprovalRequest>, caller: Caller): Promise<ApprovalView>;
  /** Errors: `approval-not-found`, `call-changed`, `permission-denied` where somebody else has to, `request-invalid` without the hash of a call. */
  approve(request: z.infer<typeof ApproveRequest>, caller: Caller): Promise<void>;
  /** Errors: `approval-not-found`. */
  reject(request: z.infer<typeof RejectRequest>, caller: Caller): Promise<void>;
  /** Those that are open, `current`, and then what changes, until the caller stops. One that more people agreed to is told again. */
  follow(request: z.infer<typeof FollowApprovalsRequest>, caller: Caller): AsyncIterable<readonly ApprovalChange[]>;
}

export interface InterruptionsApi {
  /** Open ones, oldest first. */
  list(request: z.infer<typeof ListApprovalsRequest>, caller: Caller): Promise<PageOf<InterruptionView>>;
  /** Errors: `approval-not-found`, `answer-invalid`. */
  answer(request: z.infer<typeof AnswerInterruptionRequest>, caller: Caller): Promise<void>;
  /** The question ends with the outcome `rejected`. Errors: `approval-not-found`. */
  decline(request: z.infer<typeof RejectRequest>, caller: Caller): Promise<void>;
}

/** Consent to a bounded predicate of calls. What it leaves open is as wide as what the bundle was printed to reach. */
export const GrantRequest = z.strictObject({
  capability: z.string().min(1).max(128),
  tool: Name.exactOptional(),
  /** Default `modify`; `admin` cannot be granted. */
  permission: z.enum(["read", "modify"]).exactOptional(),
  paths: z.array(PathScope).max(100).exactOptional(),
  destinations: z.array(DestinationScope).max(100).exactOptional(),
  /** Strictly true of the arguments, which it reads as `bound` under their names. */
  where: Expr.exactOptional(),
  scope: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("run"), runId: RunId }),
    z.strictObject({ kind: z.literal("bundle"), bundle: ContentHash }),
  ]),
  /** Calls that it covers in all. Default: no bound. */
  count: z.number().int().min(1).max(1_000_000).exactOptional(),
  /** Milliseconds since the epoch. */
  expiresAtMs: z.number().exactOptional(),
  reason: z.string().min(1).max(4_096),
});
export type GrantRequest = z.infer<typeof GrantRequest>;

export const GrantView = z.strictObject({
  id: GrantId,
  ...GrantRequest.shape,
  by: z.string(),
  createdAtMs: z.number(),
  /** Calls that it has covered. */
  uses: z.number().int(),
  revokedAtMs: z.number().exactOptional(),
  revokedBy: z.string().exactOptional(),
});
export type GrantView = z.infer<typeof GrantView>;

export const ListGrantsRequest = z.strictObject({
  /** Also those that were revoked, used up or have expired. */
  all: z.boolean().exactOptional(),
  ...page,
});
export const RevokeGrantRequest = z.strictObject({ id: GrantId });

export interface GrantsApi {
  list(request: z.infer<typeof ListGrantsRequest>, caller: Caller): Promise<PageOf<GrantView>>;
  /** By engineers and admins. Errors: `grant-invalid` (wider than what the bundle was printed to reach), `run-not-found`, `bundle-not-found`. */
  create(request: GrantRequest, caller: Caller): Promise<GrantView>;
  /** Errors: `grant-not-found`. */
  revoke(request: z.infer<typeof RevokeGrantRequest>, caller: Caller): Promise<void>;
}
