/**
 * Judging: what a prepared call comes to. Deny policies come first and in order, then what `before` policies need,
 * then consent. Pure and total: the same call in the same context has the same verdict, whatever is in it.
 */
import type { CallNeed, JsonValue, PreparedCall, Verdict } from "@heddle/core";
import { denialOf } from "../screen/reason.ts";
import { type Consent, type ConsentContext, consentTo } from "./consent.ts";
import { Fault } from "./fault.ts";
import { collectNeeds, type NeedContext, policyError } from "./needs.ts";
import type { CompiledDeny, CompiledPolicies } from "./policies.ts";
import { argumentName } from "./references.ts";
import { showArguments, showCall, showText } from "./show-call.ts";

export interface JudgeContext extends NeedContext, ConsentContext {
  readonly policies: CompiledPolicies;
  /** Whether the call is itself a need: such a call is denied like any other, and has no needs of its own. */
  readonly forNeed?: boolean;
  /** What people answered to this very call, by its hash. Absent: nobody did. Only `true` is a yes. */
  readonly answer?: JsonValue;
}

/**
 * The texts that conditions compare with the paths of a call, as absolute paths: what {@link JudgeContext.realPathOf} is
 * asked when it is judged. Another answer may lead a condition elsewhere, so ask until nothing new comes.
 */
export function pathTextsOf(call: PreparedCall, context: JudgeContext): readonly string[] {
  const asked = new Set<string>();
  judge(call, {
    ...context,
    realPathOf: (path) => {
      asked.add(path);
      return context.realPathOf?.(path);
    },
  });
  return [...asked];
}

type Allowed = Extract<Verdict, { readonly kind: "allow" }>;

const allowed: { readonly [Why in Allowed["why"]]: Allowed } = {
  read: { kind: "allow", why: "read" },
  policies: { kind: "allow", why: "policies" },
  operator: { kind: "allow", why: "operator" },
  grant: { kind: "allow", why: "grant" },
  approved: { kind: "allow", why: "approved" },
};

export function judge(call: PreparedCall, context: JudgeContext): Verdict {
  const rules = context.policies.rulesOf(call.capability);
  const denied = rules === undefined ? undefined : firstDenial(rules.denies, call, context);
  if (denied !== undefined) return denied;
  const consent = consentTo(call, context.policies.count, context);
  if (consent.kind === "refused") return { kind: "deny", denial: consent.denial };
  const needs = rules === undefined || context.forNeed === true ? noNeeds : collectNeeds(rules.needs, call, context);
  if ("code" in needs) return { kind: "deny", denial: needs };
  if (consent.kind === "given" && !needs.some(isQuestion)) {
    return needs.length === 0 ? allowed[consent.why] : { kind: "needs", needs };
  }
  // Somebody is asked, once: a policy that asks has asked for consent too.
  if (context.answer === undefined) {
    return { kind: "needs", needs: needs.some(isQuestion) ? needs : [...needs, questionAbout(call, consent)] };
  }
  if (context.answer !== true) return rejected(call);
  const rest = needs.filter((need) => !isQuestion(need));
  return rest.length === 0 ? allowed.approved : { kind: "needs", needs: rest };
}

const noNeeds: readonly CallNeed[] = [];

function isQuestion(need: CallNeed): boolean {
  return need.kind === "approval";
}

function questionAbout(call: PreparedCall, consent: Consent): CallNeed {
  return { kind: "approval", why: consent.kind === "asked" ? consent.why : "permission", message: showCall(call) };
}

function rejected(call: PreparedCall): Verdict {
  const message = `a person was asked about ${call.tool} and did not approve it: anything but true is a no`;
  return { kind: "deny", denial: denialOf("approval-rejected", message) };
}

function firstDenial(denies: readonly CompiledDeny[], call: PreparedCall, context: JudgeContext): Verdict | undefined {
  for (const { policy, condition, binds } of denies) {
    const holds = condition === undefined ? true : condition(call, context);
    if (holds === false) continue;
    if (holds instanceof Fault) return { kind: "deny", denial: policyError(policy, holds.message) };
    const saw = binds.map((name) => argumentName(call, name)).filter((name) => Object.hasOwn(call.args, name));
    const shown = saw.length === 0 ? "" : `: ${showArguments(Object.fromEntries(saw.map((name) => [name, call.args[name] as JsonValue])))}`;
    const message = `the policy \`${showText(policy, 200)}\` denies ${call.tool}${shown}`;
    return { kind: "deny", denial: denialOf("policy-denied", message, policy) };
  }
  return undefined;
}
