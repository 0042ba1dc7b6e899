/**
 * Needs: what `before` policies want first. A need is satisfied once per run for the capability that the policy is on,
 * the capability that is needed and its resolved arguments, as long as the files that these name stay as they were.
 */
import {
  anyCapabilityOf,
  type CallDenial,
  type CallNeed,
  canonicalJson,
  type Expr,
  hashText,
  type JsonValue,
  type Policy,
  type PreparedCall,
} from "@heddle/core";
import { denialOf } from "../screen/reason.ts";
import { compileOperand, type Names } from "./conditions.ts";
import { Fault } from "./fault.ts";
import type { Condition, ConditionContext, Operand } from "./operand.ts";
import { showCall, showText } from "./show-call.ts";

export const confirmCapability = "user.confirm";

/** What is known of the past of a run, and of the files that a call names. */
export interface NeedContext extends ConditionContext {
  /** Keys of the needs that were satisfied in this run. */
  readonly satisfied: ReadonlySet<string>;
  /** What each file holds now, by its real path: any text that changes when the content does. */
  readonly contents: ReadonlyMap<string, string>;
}

/** A need of one policy, compiled. */
export interface CompiledNeed {
  readonly policy: string;
  /** On which the policy is. */
  readonly trigger: string;
  readonly capability: string;
  /** In the order of their names. */
  readonly args: readonly { readonly name: string; readonly operand: Operand }[];
  /** It holds only where this is true. */
  readonly condition?: Condition;
  /** Why it can never be met. */
  readonly problem?: string;
  /** Equal texts always ask for the same. */
  readonly same?: string;
}

export function compileNeeds(policy: Policy, names: Names, condition: Condition | undefined): readonly CompiledNeed[] {
  return (policy.requires ?? []).map((need) => {
    const given: Readonly<Record<string, Expr>> = need.args ?? {};
    const args = Object.keys(given)
      .sort()
      .map((name) => ({ name, operand: compileOperand(given[name] as Expr, names) }));
    const problem = problemOf(need.capability, given);
    if (problem !== undefined) names.report?.(problem);
    const { capability: trigger, bind = {} } = policy.trigger;
    return {
      policy: policy.id,
      trigger,
      capability: need.capability,
      args,
      ...(condition === undefined ? {} : { condition }),
      ...(problem === undefined ? {} : { problem }),
      ...(condition === undefined ? { same: canonicalJson([trigger, need.capability, given as unknown as JsonValue, bind]) } : {}),
    };
  });
}

/** A question without a text of its own shows the call; every other call has its required arguments. */
function problemOf(capability: string, given: Readonly<Record<string, Expr>>): string | undefined {
  if (capability === confirmCapability) return undefined;
  const missing = (anyCapabilityOf(capability)?.parameters ?? []).filter(({ name, required }) => required && !Object.hasOwn(given, name));
  return missing.length === 0 ? undefined : `${capability}, which it needs, is not given ${missing.map(({ name }) => name).join(" and ")}`;
}

const none: readonly CallNeed[] = [];

/**
 * What is still wanted before a call, in the order of the policies, each need once and all questions as one; or the
 * policy that has no value. The question is there whether or not it was answered.
 */
export function collectNeeds(needs: readonly CompiledNeed[], call: PreparedCall, context: NeedContext): readonly CallNeed[] | CallDenial {
  if (needs.length === 0) return none;
  const wanted: CallNeed[] = [];
  const seen = new Set<string>();
  let question: { readonly at: number; readonly policy: string; readonly texts: string[] } | undefined;
  for (const need of needs) {
    const holds = need.condition?.(call, context) ?? true;
    if (holds instanceof Fault) return policyError(need.policy, holds.message);
    if (!holds) continue;
    if (need.problem !== undefined) return policyError(need.policy, need.problem);
    const args = argumentsOf(need, call, context);
    if (args instanceof Fault) return policyError(need.policy, args.message);
    if (need.capability === confirmCapability) {
      if (question === undefined) {
        question = { at: wanted.length, policy: need.policy, texts: [] };
        wanted.push({ kind: "approval", why: "policy", message: "" });
      }
      const text = questionOf(args);
      if (text !== undefined && !question.texts.includes(text)) question.texts.push(text);
      continue;
    }
    const key = needKey(need, args, context);
    if (seen.has(key) || context.satisfied.has(key) || readsNothing(need.capability, args, call)) continue;
    seen.add(key);
    wanted.push({ kind: "call", policy: need.policy, capability: need.capability, args, key });
  }
  if (question !== undefined) {
    // One line for each text, bounded together; the call is the last line, and no text can pass for it.
    const texts = question.texts.length === 0 ? [] : [showText(question.texts.join("\n"), questionsMax)];
    const message = [...texts, showCall(call)].join("\n");
    wanted[question.at] = { kind: "approval", why: "policy", policy: question.policy, message };
  }
  return wanted;
}

export function policyError(policy: string, why: string): CallDenial {
  const message = `the policy \`${showText(policy, 200)}\` cannot be judged, and what cannot be judged is refused: ${why}`;
  return denialOf("policy-error", message, policy);
}

function argumentsOf(need: CompiledNeed, call: PreparedCall, context: ConditionContext): Record<string, JsonValue> | Fault {
  const args: [string, JsonValue][] = [];
  for (const { name, operand } of need.args) {
    const value = operand.run(call, context);
    if (value instanceof Fault) return new Fault(`${name} of ${need.capability}: ${value.message}`);
    args.push([name, value]);
  }
  return Object.fromEntries(args);
}

/** Characters of one question, and of all that are asked about a call. */
const questionMax = 2_000;
const questionsMax = 8_000;

function questionOf({ message }: Readonly<Record<string, JsonValue>>): string | undefined {
  return typeof message === "string" && message.trim() !== "" ? showText(message.trim().replace(/\s+/g, " "), questionMax) : undefined;
}

/** Keys longer than this are named by their hash: arguments may be as large as a file. */
const keyMax = 1_024;

/**
 * The key of a need: what the policy is on, what is needed, with which arguments, and what the files among them hold.
 * Another content is another key, so that a file that changed is looked at again.
 */
function needKey({ trigger, capability }: CompiledNeed, args: Readonly<Record<string, JsonValue>>, { contents }: NeedContext): string {
  const files: [string, string][] = [];
  for (const name of Object.keys(args)) {
    const value = args[name];
    const content = typeof value === "string" ? contents.get(value) : undefined;
    if (content !== undefined) files.push([name, content]);
  }
  const key = canonicalJson([trigger, capability, args, files]);
  return key.length > keyMax ? hashText(key) : key;
}

/** A file that does not exist cannot be read first: a new one may be written. */
function readsNothing(capability: string, { path }: Readonly<Record<string, JsonValue>>, call: PreparedCall): boolean {
  return capability === "fs.read" && call.paths.some((each) => each.real === path && !each.exists);
}

/** The same of a need once it is prepared as a call of its own: whether there is nothing that it could read. */
export function countsAsSatisfied(prepared: PreparedCall): boolean {
  return prepared.capability === "fs.read" && prepared.paths.some(({ parameter, exists }) => parameter === "path" && !exists);
}
