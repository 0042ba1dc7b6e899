/**
 * Consent: who has to say yes to a call that changes something, once no policy refused it. Policies decide for built-in
 * tools in a workflow that has some; elsewhere the operator's setting does. What a plugin changes is always asked for.
 */
import type { CallDenial, PreparedCall } from "@heddle/core";
import { denialOf } from "../screen/reason.ts";
import { type CompiledGrant, coveredBy, type GrantContext } from "./grants.ts";
import { showCall } from "./show-call.ts";

export type BuiltinApprovals = "ask" | "allow" | "deny";

export interface ConsentContext extends GrantContext {
  /** The operator's `approvals.builtin`. */
  readonly builtin: BuiltinApprovals;
  /** Grants that are in force and were not revoked, oldest first. */
  readonly grants: readonly CompiledGrant[];
}

export type Consent =
  | { readonly kind: "given"; readonly why: "read" | "policies" | "operator" | "grant" }
  | { readonly kind: "refused"; readonly denial: CallDenial }
  /** `operator`: the setting asks for built-in tools; `permission`: what a plugin changes is always asked for. */
  | { readonly kind: "asked"; readonly why: "permission" | "operator" };

const given = {
  read: { kind: "given", why: "read" },
  policies: { kind: "given", why: "policies" },
  operator: { kind: "given", why: "operator" },
  grant: { kind: "given", why: "grant" },
} as const satisfies Record<string, Consent>;

export function consentTo(call: PreparedCall, policies: number, context: ConsentContext): Consent {
  if (call.permission === "read") return given.read;
  if (call.plugin !== true) {
    if (policies > 0) return given.policies;
    if (context.builtin === "allow") return given.operator;
    if (context.builtin === "deny") return { kind: "refused", denial: operatorDenial(call) };
  }
  if (coveringGrant(call, context) !== undefined) return given.grant;
  return { kind: "asked", why: call.plugin === true ? "permission" : "operator" };
}

/** The oldest grant that covers the call: the one that is used up by its start. */
export function coveringGrant(call: PreparedCall, context: ConsentContext): CompiledGrant | undefined {
  return context.grants.find((grant) => coveredBy(grant, call, context));
}

function operatorDenial(call: PreparedCall): CallDenial {
  return denialOf(
    "operator-denied",
    `${showCall(call)} would ${call.permission === "admin" ? "administer" : "change"} something, and approvals.builtin is deny: set it to ask, or give the workflow policies`,
  );
}
