/**
 * Calls on their way through the gate: prepared and judged when they are asked for, their needs carried out, and
 * prepared and judged once more at the moment of execution, where any difference refuses them.
 */
import {
  type CallDenial,
  type CallNeed,
  callHashOf,
  type Failure,
  failureOf,
  type JsonObject,
  type PreparedCall,
  type TenantId,
  type ToolNode,
} from "@heddle/core";
import type { Clock, Outcome } from "@heddle/ports";
import { realPathOf } from "../guards/files/real-path.ts";
import { isRefusal } from "../guards/refusal.ts";
import type { HookBook, HookSubject } from "../hooks/hook-book.ts";
import type { CallRequest, Prepared } from "./call-request.ts";
import {
  type BuiltinApprovals,
  type CompiledGrant,
  countsAsSatisfied,
  coveringGrant,
  type JudgeContext,
  judge,
  pathTextsOf,
} from "./judge/index.ts";
import { announceCall, baseOf, type Preparation, type PrepareParts, prepareCall } from "./prepare-call.ts";

export interface CallsOptions extends PrepareParts {
  readonly clock: Clock;
  /** Whether calls of built-in tools that may change something ask a person, where no policies decide. */
  readonly builtin: BuiltinApprovals;
  readonly grants?: GrantBook;
  /** Absent: nobody wants to hear of calls. */
  readonly hooks?: HookBook;
}

/** Grants, as the gate needs them. */
export interface GrantBook {
  inForce(tenant: TenantId, nowMs: number): readonly CompiledGrant[];
  uses(id: string): number;
  /** Whether it was neither revoked nor has expired; calls that it counted before stay counted. */
  stands(id: string, tenant: TenantId, nowMs: number): boolean;
  /** Counts a call durably; false where the grant covers no more. */
  use(id: string, call: string, tenant: TenantId): Promise<boolean>;
}

/** A call that was prepared before, and what was said about it. */
export interface JudgedCall {
  readonly prepared: PreparedCall;
  readonly hash: string;
  readonly approved: boolean;
  /** A grant covered it when it was prepared, and counted it. */
  readonly grant: string | undefined;
  /** What it was prepared from, where a hook changed the arguments of its node. */
  readonly args?: JsonObject;
}

export interface Calls {
  /** What a call comes to. Never rejects for what is wrong with the call. */
  prepare(request: CallRequest): Promise<Prepared>;
  /** The call of a need, ready to be executed; undefined: it holds without one. */
  prepareNeed(request: CallRequest, need: Extract<CallNeed, { kind: "call" }>): Promise<PreparedCall | Failure | undefined>;
  /** Why this call with other arguments would not be let through without asking: of a redirect. */
  reconsider(request: CallRequest, args: JsonObject): Promise<Failure | undefined>;
  /** Why a call that was prepared before may not start now; undefined: it may. */
  authorise(request: CallRequest, call: JudgedCall): Promise<Failure | undefined>;
}

export function createCalls(options: CallsOptions): Calls {
  return {
    async prepare(asked) {
      const met = await meetHooks(asked, options);
      if ("kind" in met) return met;
      const { request, told } = met;
      const preparation = await prepareWhole(request, options);
      if ("failure" in preparation) return { kind: "refused", failure: preparation.failure };
      if ("denial" in preparation) return { kind: "refused", failure: denialFailure(preparation.denial, request.node) };
      const { prepared } = preparation;
      const context = await contextOf(request, prepared, options);
      const verdict = judge(prepared, context);
      if (verdict.kind === "deny") return { kind: "refused", failure: denialFailure(verdict.denial, request.node) };
      const hash = callHashOf(prepared);
      const grant = verdict.kind === "allow" && verdict.why === "grant" ? coveringGrant(prepared, context)?.grant.id : undefined;
      if (grant === undefined) return { kind: "prepared", prepared, hash, verdict, ...told };
      if ((await options.grants?.use(grant, request.call, request.tenant)) === true)
        return { kind: "prepared", prepared, hash, verdict, grant, ...told };
      // Another call used it up in between: judged without it, this one asks.
      return this.prepare(asked);
    },

    async prepareNeed(request, need) {
      const preparation = await prepareWhole(needRequest(request, need), options);
      if ("failure" in preparation) return preparation.failure;
      if ("denial" in preparation) return denialFailure(preparation.denial, request.node);
      const { prepared } = preparation;
      if (countsAsSatisfied(prepared)) return undefined;
      if (prepared.permission !== "read") {
        const message = `the policy ${need.policy} needs ${need.capability} first, which may ${prepared.permission}: make it a step of the workflow before ${request.node.id}`;
        return failureOf("call-denied", message, "denied", {
          node: request.node.id,
          details: { reason: "need-modifies", policy: need.policy },
        });
      }
      const verdict = judge(prepared, { ...(await contextOf(request, prepared, options)), forNeed: true });
      return verdict.kind === "deny" ? denialFailure(verdict.denial, request.node) : prepared;
    },

    async reconsider(request, args) {
      const preparation = await prepareWhole({ ...request, args }, options);
      if ("failure" in preparation) return preparation.failure;
      if ("denial" in preparation) return denialFailure(preparation.denial, request.node);
      const context = await contextOf(request, preparation.prepared, options);
      // Consent to where a call goes first is consent to where it is sent on, as far as policies agree.
      const verdict = judge(preparation.prepared, { ...context, answer: true, forNeed: true });
      return verdict.kind === "deny" ? denialFailure(verdict.denial, request.node) : undefined;
    },

    async authorise(request, call) {
      const again = await prepareWhole(asHooksLeft(request, call), options);
      if ("failure" in again) return again.failure;
      if ("denial" in again) return denialFailure(again.denial, request.node);
      if (callHashOf(again.prepared) !== call.hash) return changed(request.node, call.prepared, again.prepared);
      const context = await contextOf(request, again.prepared, options);
      if (call.grant !== undefined && options.grants?.stands(call.grant, request.tenant, context.nowMs) !== true) {
        const message = `${request.node.id} calls ${call.prepared.tool}, and the grant that covered it was revoked or has expired; request the call again`;
        return failureOf("call-changed", message, "denied", {
          node: request.node.id,
          details: { reason: "grant-void", grant: call.grant },
        });
      }
      const verdict = judge(again.prepared, call.approved || call.grant !== undefined ? { ...context, answer: true } : context);
      if (verdict.kind === "deny") return denialFailure(verdict.denial, request.node);
      if (verdict.kind === "allow") return undefined;
      const message = `${request.node.id} calls ${call.prepared.tool}, and what it needed first no longer holds; request the call again`;
      return failureOf("call-changed", message, "denied", { node: request.node.id, details: { reason: "need-void" } });
    },
  };
}

/** A call as hooks left it, and what is told of them; or its refusal. */
type Met = { readonly request: CallRequest; readonly told: Pick<Extract<Prepared, { kind: "prepared" }>, "hooks" | "args"> };

async function meetHooks(request: CallRequest, options: CallsOptions): Promise<Met | Extract<Prepared, { kind: "refused" }>> {
  if (options.hooks?.concerns("pre", request.tenant) !== true) return { request, told: {} };
  const announced = announceCall(request, options);
  if ("failure" in announced) return { kind: "refused", failure: announced.failure };
  if ("denial" in announced) return { kind: "refused", failure: denialFailure(announced.denial, request.node) };
  const { described, args } = announced;
  const met = await options.hooks.before({ ...subjectOf(request, described), args });
  if (met.kind === "denied") return { kind: "refused", failure: denialFailure(met.denial, request.node) };
  const { hooks, rewritten, widened } = met;
  return {
    request: { ...request, ...(rewritten === undefined ? {} : { args: rewritten }), ...(widened === undefined ? {} : { widened }) },
    told: { ...(hooks.length === 0 ? {} : { hooks: [...hooks] }), ...(rewritten === undefined ? {} : { args: rewritten }) },
  };
}

/** A call as hooks are told of it. */
export function subjectOf(
  { tenant, run, call, node }: CallRequest,
  { tool, capability, permission }: Pick<PreparedCall, "tool" | "capability" | "permission">,
): HookSubject {
  return { tenant, run, call, node: node.id, tool, capability, permission };
}

/** The request that a prepared call comes from: what hooks changed is not asked for again. */
export function asHooksLeft(request: CallRequest, { prepared, args }: Pick<JudgedCall, "prepared" | "args">): CallRequest {
  const { widened } = prepared;
  if (args === undefined && widened === undefined) return request;
  return { ...request, ...(args === undefined ? {} : { args }), ...(widened === undefined ? {} : { widened }) };
}

/** A need is a call of the same node, of the first tool for its capability, and is bound by nothing that the node declares for its own. */
function needRequest(request: CallRequest, { capability, args }: Extract<CallNeed, { kind: "call" }>): CallRequest {
  const { id } = request.node;
  const node: ToolNode = { kind: "tool", id, capability };
  const reach = {
    node: id,
    kind: "tool",
    permission: "read" as const,
    capabilities: [capability],
    destinations: ["*"],
    paths: ["*"],
    outside: [],
  };
  return { ...request, node, args, rules: { ...request.rules, reach: new Map([[id, reach]]) } };
}

async function contextOf(request: CallRequest, prepared: PreparedCall, options: CallsOptions): Promise<JudgeContext> {
  const { rules, satisfied, run, bundle, input } = request;
  const nowMs = options.clock.nowMs();
  const grants = options.grants?.inForce(request.tenant, nowMs) ?? [];
  const needs = rules.policies.rulesOf(prepared.capability)?.needs.length ?? 0;
  return {
    policies: rules.policies,
    inputs: input,
    base: baseOf(request, options),
    realPathOf: (path) => prepared.links?.[path],
    satisfied: new Set(satisfied),
    contents: needs === 0 ? noContents : await contentsOf(prepared, options),
    builtin: options.builtin,
    grants,
    grantUses: grants.length === 0 ? noUses : new Map(grants.map(({ grant }) => [grant.id, options.grants?.uses(grant.id) ?? 0])),
    nowMs,
    run,
    bundle,
  };
}

const noContents: ReadonlyMap<string, string> = new Map();
const noUses: ReadonlyMap<string, number> = new Map();

/** A call with where the texts lead that its policies compare with paths: a link in a policy is what a link in an argument is. */
async function prepareWhole(request: CallRequest, options: CallsOptions): Promise<Preparation> {
  const preparation = await prepareCall(request, options);
  if (!("prepared" in preparation) || request.rules.policies.rulesOf(preparation.prepared.capability) === undefined) return preparation;
  let { prepared } = preparation;
  const seen = new Set<string>();
  // Where one text leads may decide which other one is looked at.
  for (;;) {
    const fresh = pathTextsOf(prepared, await contextOf(request, prepared, options)).filter((text) => !seen.has(text));
    if (fresh.length === 0) return { prepared };
    for (const text of fresh) {
      seen.add(text);
      const real = await realPathOf(text, { canonicalCase: false });
      if (!isRefusal(real) && real.real !== text) prepared = { ...prepared, links: { ...prepared.links, [text]: real.real } };
    }
  }
}

/** What the files of a call hold now: a need that was met for one content is not met for the next. */
async function contentsOf({ paths, inputPaths = {} }: PreparedCall, { files, base }: CallsOptions): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  for (const real of new Set([...paths.map((path) => path.real), ...Object.values(inputPaths)])) {
    const path = await files.resolve(real, base);
    const status = isRefusal(path) || !path.exists ? undefined : await files.stat(path);
    if (status !== undefined && !isRefusal(status)) contents.set(real, `${status.kind}:${status.bytes}:${status.modifiedMs}`);
  }
  return contents;
}

export function denialFailure({ code, message, policy }: CallDenial, { id }: Pick<ToolNode, "id">): Failure {
  const details: JsonObject = { reason: code, ...(policy === undefined ? {} : { policy }) };
  return failureOf("call-denied", message, "denied", { node: id, details });
}

function changed({ id }: ToolNode, before: PreparedCall, now: PreparedCall): Failure {
  const parts = (Object.keys({ ...before, ...now }) as (keyof PreparedCall)[]).filter(
    (part) => JSON.stringify(before[part]) !== JSON.stringify(now[part]),
  );
  const message = `${id} calls ${before.tool}, and between judging and starting it changed in ${parts.join(", ")}; request it again`;
  return failureOf("call-changed", message, "denied", { node: id, details: { reason: "call-changed", parts } });
}

/** A need that could not be carried out. */
export function needFailure(need: Extract<CallNeed, { kind: "call" }>, outcome: Outcome, node: string): Failure {
  const why = outcome.kind === "failed" ? outcome.failure.message : "it was stopped";
  const message = `${node} needs ${need.capability} first, which did not succeed: ${why}`;
  return failureOf("call-denied", message, "denied", { node, details: { reason: "need-failed", policy: need.policy } });
}
