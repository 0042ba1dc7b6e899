/**
 * The policies of a workflow, compiled once: for each capability the `deny` policies and the needs that bind its
 * calls, in the order in which the workflow lists them.
 */
import { type ContentHash, hashJson, type JsonValue, type Policy, type WorkflowIr } from "@heddle/core";
import { scriptCapability, shellCapability } from "../screen/shell.ts";
import { compileCondition, type Names } from "./conditions.ts";
import { type CompiledNeed, compileNeeds } from "./needs.ts";
import { type Condition, faulty } from "./operand.ts";
import { argumentOperand, inputOperand } from "./references.ts";

export interface CompiledDeny {
  readonly policy: string;
  /** Absent: every call is denied. */
  readonly condition?: Condition;
  /** Arguments that it binds, by the names of the parameters: what a refusal shows. */
  readonly binds: readonly string[];
}

/** What binds the calls of one capability. */
export interface CapabilityRules {
  readonly denies: readonly CompiledDeny[];
  readonly needs: readonly CompiledNeed[];
}

/** A mistake in a policy that is plain before any call: every call that it judges will be refused with `policy-error`. */
export interface PolicyProblem {
  readonly policy: string;
  readonly message: string;
}

export interface CompiledPolicies {
  /** How many there are. Where there is one, policies decide on the calls of built-in tools. */
  readonly count: number;
  /** Of the policies and of what they read: what {@link PreparedCall.policies} names. */
  readonly hash: ContentHash;
  readonly problems: readonly PolicyProblem[];
  /** Undefined where no policy names the capability. */
  rulesOf(capability: string): CapabilityRules | undefined;
}

/** Total: a mistake in a policy makes the policy refuse, and is listed. */
export function compilePolicies(ir: Pick<WorkflowIr, "policies" | "inputs">): CompiledPolicies {
  const policies = ir.policies ?? [];
  const inputs = new Map(ir.inputs.map((input) => [input.name, input]));
  const problems: PolicyProblem[] = [];
  const capabilities = new Set(policies.map((policy) => policy.trigger.capability));
  if (capabilities.has(shellCapability)) capabilities.add(scriptCapability);
  const compiled = policies.map((policy) => compilePolicy(policy, inputs, problems));
  const rules = new Map<string, CapabilityRules>();
  for (const capability of capabilities) {
    const binding = compiled.filter((each) => binds(each.policy, capability));
    rules.set(capability, { denies: binding.flatMap((each) => each.denies), needs: withoutRepeats(binding.flatMap((each) => each.needs)) });
  }
  const read = policies.length === 0 ? [] : ir.inputs.map(({ name, type }) => ({ name, type }));
  return {
    count: policies.length,
    hash: hashJson({ policies, inputs: read } as unknown as JsonValue),
    problems,
    rulesOf: (capability) => rules.get(capability),
  };
}

/** A script is a way to use the shell: what binds the one binds the other. */
function binds({ trigger }: Policy, capability: string): boolean {
  return trigger.capability === capability || (capability === scriptCapability && trigger.capability === shellCapability);
}

function compilePolicy(
  policy: Policy,
  inputs: ReadonlyMap<string, WorkflowIr["inputs"][number]>,
  problems: PolicyProblem[],
): CapabilityRules & { readonly policy: Policy } {
  const { capability, bind = {} } = policy.trigger;
  const names: Names = {
    bound: (name) => {
      const parameter = Object.hasOwn(bind, name) ? bind[name] : undefined;
      return parameter === undefined ? faulty(`the policy binds no ${name}`) : argumentOperand(capability, parameter);
    },
    input: (name) => inputOperand(name, inputs.get(name)),
    report: (message) => problems.push({ policy: policy.id, message }),
  };
  const condition = policy.condition === undefined ? undefined : compileCondition(policy.condition, names);
  if (policy.kind === "before") return { policy, denies: [], needs: compileNeeds(policy, names, condition) };
  const shown = [...new Set(Object.values(bind))].sort();
  return { policy, denies: [{ policy: policy.id, binds: shown, ...(condition === undefined ? {} : { condition }) }], needs: [] };
}

/** The first of needs that always ask for the same: fifty policies that read the same file want it read once. */
function withoutRepeats(needs: readonly CompiledNeed[]): readonly CompiledNeed[] {
  const seen = new Set<string>();
  return needs.filter((need) => {
    if (need.same === undefined) return true;
    const fresh = !seen.has(need.same);
    seen.add(need.same);
    return fresh;
  });
}
