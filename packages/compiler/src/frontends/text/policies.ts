/** Policies: what they bind and require, the types of their conditions, and the text that is their id. */
import { capabilityOf } from "@heddle/core";
import { suggest } from "../../diagnostics/index.ts";
import { checkCondition, type ExprType, type Typing } from "./expression-types.ts";
import type { FlowPolicy, FlowRequirement, FlowType } from "./flow-model.ts";
import { formatNumber } from "./format-number.ts";
import { lowerExpr } from "./lower-expression.ts";
import { instead, knownCapability, type Names } from "./resolve.ts";
import type { Scanner } from "./scanner.ts";
import type { CallSyntax, ExprSyntax, PolicySyntax, Stretch, Word } from "./syntax.ts";

/** Undefined where something in it is wrong. */
export function resolvePolicy(policy: PolicySyntax, names: Names, scanner: Scanner): FlowPolicy | undefined {
  const { trigger } = policy;
  const known = knownCapability(scanner, trigger.capability);
  const sound = known ? trigger.names.filter((name) => requiredParameter(scanner, trigger.capability, name)) : [];
  const bound = new Set(trigger.names.map((name) => name.text));
  const requires = policy.kind === "before" ? policy.requires.map((call) => resolveNeed(call, bound, scanner)) : [];
  const condition = policy.kind === "deny" ? resolveCondition(policy.condition, trigger, names, scanner) : undefined;
  if (!known || sound.length < trigger.names.length || requires.includes(undefined)) return undefined;
  if (policy.kind === "deny" && condition === undefined) return undefined;
  return {
    id: textOf(policy),
    kind: policy.kind,
    capability: trigger.capability.text,
    bind: [...bound].map((name) => ({ name, parameter: name })),
    requires: requires.filter((need) => need !== undefined),
    ...(condition === undefined ? {} : { condition }),
    at: { start: policy.start, end: policy.end },
  };
}

function resolveNeed(call: CallSyntax, bound: ReadonlySet<string>, scanner: Scanner): FlowRequirement | undefined {
  if (!knownCapability(scanner, call.capability)) return undefined;
  let sound = true;
  for (const name of call.names) {
    if (!requiredParameter(scanner, call.capability, name)) sound = false;
    else if (!bound.has(name.text)) {
      sound = false;
      scanner.report("HD1112", name, {
        message: `the policy does not bind \`${name.text}\``,
        reason: "A requirement forwards arguments of the call that triggers the policy, under the names that the trigger lists.",
        help: `list it in the trigger, or write \`${call.capability.text}\` without arguments`,
      });
    }
  }
  const args = [...new Set(call.names.map((name) => name.text))].map((name) => ({ name, ref: { kind: "bound", name } as const }));
  return sound ? { capability: call.capability.text, args } : undefined;
}

function requiredParameter(scanner: Scanner, capability: Word, name: Word): boolean {
  const parameters = capabilityOf(capability.text)?.parameters ?? [];
  const required = parameters.filter((parameter) => parameter.required).map((parameter) => parameter.name);
  if (required.includes(name.text)) return true;
  const optional = parameters.some((parameter) => parameter.name === name.text);
  scanner.report("HD1113", name, {
    message: `capability \`${capability.text}\` has no required parameter \`${name.text}\``,
    reason: optional
      ? "It is optional: a call without it would leave the policy without a value."
      : `Policies name required parameters; those of \`${capability.text}\` are ${required.join(", ")}.`,
    ...instead(scanner, name, suggest(name.text, required)),
  });
  return false;
}

function resolveCondition(condition: ExprSyntax, trigger: CallSyntax, names: Names, scanner: Scanner) {
  const bound = new Map<string, FlowType>();
  for (const parameter of capabilityOf(trigger.capability.text)?.parameters ?? []) {
    if (trigger.names.some((name) => name.text === parameter.name)) bound.set(parameter.name, parameter.type);
  }
  const isBound = (name: string): boolean => trigger.names.some((each) => each.text === name);
  const known = (of: (name: string) => ExprType) => (name: string, at: Stretch) => {
    if (isBound(name) || names.inputs.has(name)) return of(name);
    unknownName(scanner, name, at, [...names.inputs.keys(), ...bound.keys()]);
    return "unknown";
  };
  const typing = (ofName: (name: string) => ExprType, ofArgument: (name: string) => ExprType): Typing => ({
    scanner,
    place: "policy",
    ofName: known(ofName),
    ofArgument: known(ofArgument),
    ofField: (expr) => {
      scanner.report("HD1210", expr, {
        message: `a policy cannot read \`${expr.stage.text}.${expr.field.text}\``,
        reason: "Policies judge a call by its arguments and by the inputs of the workflow, wherever it is made.",
        help: "compare with an input of the workflow",
      });
      return "unknown";
    },
  });
  const ofInput = (name: string): ExprType | undefined =>
    names.inputs.has(name) ? (names.inputs.get(name)?.type ?? "unknown") : undefined;
  const inputFirst = (name: string): ExprType => ofInput(name) ?? bound.get(name) ?? "unknown";
  const boundFirst = (name: string): ExprType => bound.get(name) ?? ofInput(name) ?? "unknown";
  const before = scanner.errors;
  checkCondition(
    condition,
    typing(
      (name) => elementOf(inputFirst(name)),
      (name) => elementOf(boundFirst(name)),
    ),
  );
  if (scanner.errors === before) checkCondition(condition, typing(boundFirst, boundFirst));
  return lowerExpr(condition, (name) => {
    if (isBound(name)) return { kind: "bound", name };
    return names.inputs.has(name) ? { kind: "input", name } : undefined;
  });
}

/** The one reading does not tell a list from what is in it; the other refuses every list. */
function elementOf(type: ExprType): ExprType {
  return (type.endsWith("[]") ? type.slice(0, -2) : type) as ExprType;
}

export function unknownName(scanner: Scanner, name: string, at: Stretch, known: readonly string[]): void {
  const constant = name === "true" || name === "false";
  scanner.report("HD1103", at, {
    message: `\`${name}\` is not known here`,
    reason: constant
      ? "A condition that is always the same decides nothing, so the language has no true and false."
      : "A name in a condition is one of what can be read there, spelled as declared.",
    ...instead(scanner, at, suggest(name, known)),
  });
}

/** A policy in its own words: its id, which need not be unique. */
function textOf(policy: PolicySyntax): string {
  if (policy.kind === "before") return `before ${callText(policy.trigger)} requires ${policy.requires.map(callText).join(", ")}`;
  return `deny ${callText(policy.trigger)} if ${exprText(policy.condition)}`;
}

function callText(call: CallSyntax): string {
  if (call.names.length === 0) return call.capability.text;
  return `${call.capability.text}(${call.names.map((name) => name.text).join(", ")})`;
}

const symbols = { gt: ">", gte: ">=", lt: "<", lte: "<=", add: "+", sub: "-", mul: "*", div: "/" } as const;

function exprText(expr: ExprSyntax): string {
  switch (expr.kind) {
    case "unread":
      return "";
    case "number":
      return formatNumber(expr.value);
    case "string":
      return `"${expr.value}"`;
    case "name":
      return expr.name;
    case "field":
      return `${expr.stage.text}.${expr.field.text}`;
    case "not":
      return `not ${exprText(expr.of)}`;
    case "and":
    case "or":
      return `(${expr.of.map(exprText).join(` ${expr.kind} `)})`;
    case "method":
      return `${expr.receiver.text}.${expr.method.text}(${expr.args.map(exprText).join(", ")})`;
    case "in":
      return `${expr.left.text} in [${expr.items.map(exprText).join(", ")}]`;
    default:
      return `${exprText(expr.left)} ${symbols[expr.op]} ${exprText(expr.right)}`;
  }
}
