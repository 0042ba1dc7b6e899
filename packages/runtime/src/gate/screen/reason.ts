/** Why a call was refused by the pure part of the gate: a closed list of codes, each explained in docs/policies.md. */
import type { CallDenial } from "@heddle/core";

/** In the order in which they are looked for. */
export const reasonCodes = [
  "capability-not-required",
  "capability-not-declared",
  "script-refused",
  "permission-not-declared",
  "tool-not-allowed",
  "path-not-declared",
  "destination-not-declared",
  "policy-denied",
  "policy-error",
  "operator-denied",
  "approval-rejected",
] as const;
export type ReasonCode = (typeof reasonCodes)[number];

/** A refusal by one of {@link reasonCodes}; `policy` is the id of the policy that refused. */
export function denialOf(code: ReasonCode, message: string, policy?: string): CallDenial {
  return policy === undefined ? { code, message } : { code, message, policy };
}
