/** Hosts that one call may reach besides those of the operator's list. What may be private stays the operator's. Pure. */
import { isRefusal } from "../refusal.ts";
import { parseHostRules } from "./host-rules.ts";
import type { DestinationPolicy } from "./judge-destination.ts";

/** The policy of a call with these hosts added; one that cannot be read adds nothing. */
export function widenedBy(policy: DestinationPolicy, hosts: readonly string[] | undefined): DestinationPolicy {
  const rules = hosts === undefined ? undefined : parseHostRules(hosts);
  return rules === undefined || isRefusal(rules) ? policy : { ...policy, rules: [...policy.rules, ...rules] };
}
