/** Conditions of policies: one that is never true forbids nothing, one that is always true forbids everything. */
import type { Policy, WorkflowIr } from "@heddle/core";
import { capabilityOf } from "@heddle/core";
import { outlooksOf } from "../expressions/conditions.ts";
import { orNull, type Shape, shapeOfType, stringShape, unknownShape } from "../expressions/shape.ts";
import type { ShapeScope } from "../expressions/shape-of.ts";
import type { Check } from "./check.ts";

export const policyConditions: Check = {
  name: "policy-conditions",
  ids: ["HD2501"],
  run: (ir, facts) =>
    (ir.policies ?? []).flatMap((policy, index) => {
      if (policy.condition === undefined) return [];
      const outlook = outlooksOf([policy.condition], policyScope(ir, policy))?.each[0];
      if (outlook === undefined || (!outlook.always && !outlook.never)) return [];
      const { capability } = policy.trigger;
      return [
        facts.diagnostic(
          "HD2501",
          { of: "policy", index },
          {
            message: `the condition of policy ${index + 1} on \`${capability}\` is ${outlook.always ? "always" : "never"} true`,
            reason: outlook.always
              ? `It denies every call of \`${capability}\`, so that nothing in the workflow can use it.`
              : "It denies nothing: the policy promises a protection that is not there.",
            help: outlook.always
              ? "narrow the condition, or remove the capability from the workflow"
              : "mend the condition, or remove the policy",
          },
        ),
      ];
    }),
};

/** What a policy sees: the inputs, and the arguments of the call by the names that it binds. */
export function policyScope(ir: WorkflowIr, policy: Policy): ShapeScope {
  const inputs = new Map(ir.inputs.map((input) => [input.name, input]));
  const { capability, bind } = policy.trigger;
  const parameters = capabilityOf(capability)?.parameters;
  return {
    var: () => unknownShape,
    input: (name) => {
      const input = inputs.get(name);
      if (input === undefined) return unknownShape;
      const shape = shapeOfType(input.type);
      return input.optional === true ? orNull(shape) : shape;
    },
    bound: (name): Shape => {
      const parameter = parameters?.find((each) => each.name === bind?.[name]);
      return parameter === undefined || parameter.type === "json" || !parameter.required ? unknownShape : stringShape;
    },
  };
}
