/** Needs of `before` policies: a call that comes first has its arguments, and is not denied in every run. */
import { capabilityOf } from "@heddle/core";
import { outlooksOf } from "../expressions/conditions.ts";
import type { Check } from "./check.ts";
import { policyScope } from "./policy-conditions.ts";

export const policyNeeds: Check = {
  name: "policy-needs",
  ids: ["HD2503", "HD2504"],
  run(ir, facts) {
    const policies = ir.policies ?? [];
    const denied = new Set(
      policies.flatMap((policy) => {
        if (policy.kind !== "deny" || policy.condition === undefined) return [];
        return outlooksOf([policy.condition], policyScope(ir, policy))?.each[0]?.always === true ? [policy.trigger.capability] : [];
      }),
    );
    return policies.flatMap((policy, index) => {
      const part = { of: "policy", index } as const;
      return (policy.requires ?? []).flatMap((need) => {
        const { capability, args = {} } = need;
        // A question without a text of its own asks whether the call may be made.
        const parameters = capability === "user.confirm" ? [] : (capabilityOf(capability)?.parameters ?? []);
        const missing = parameters.filter(({ name, required }) => required && !Object.hasOwn(args, name)).map(({ name }) => `\`${name}\``);
        const before = `which policy ${index + 1} needs before \`${policy.trigger.capability}\``;
        return [
          ...(missing.length === 0
            ? []
            : [
                facts.diagnostic("HD2503", part, {
                  message: `\`${capability}\`, ${before}, is not given ${missing.join(" and ")}`,
                  reason:
                    "The call that comes first is a call like any other: without a required argument it fails, and so does what it comes before.",
                  help: `bind the arguments in the trigger, and forward them under the same names, as in \`${capability}(${missing.join(", ").replaceAll("`", "")})\``,
                }),
              ]),
          ...(denied.has(capability)
            ? [
                facts.diagnostic("HD2504", part, {
                  message: `\`${capability}\`, ${before}, is always denied`,
                  reason: "Another policy denies every call of it, so that the need can never be met and the call never made.",
                  help: "narrow the policy that denies it, or need something else",
                }),
              ]
            : []),
        ];
      });
    });
  },
};
