/** Policies of a visual document. */
import { capabilityOf } from "@heddle/core";
import type { FlowPolicy, FlowRef } from "../text/flow-model.ts";
import { Entity, type Report, type Text, wrongShape } from "./document-reader.ts";
import type { Located } from "./read-json.ts";
import { knownCapability, readId } from "./read-states.ts";
import { type Reader, readExpr, readRef } from "./read-values.ts";

const policyMembers = ["id", "label", "kind", "trigger", "requires", "condition"];

/** Undefined where something in it is wrong. */
export function readPolicy(located: Located, ids: Set<string>, outer: Reader): FlowPolicy | undefined {
  const { report } = outer;
  const policy = new Entity(located, "a policy", policyMembers, report);
  readId(policy, ids, "a policy", report);
  const label = policy.text("label");
  const kind = policy.text("kind");
  if (label.text === "") shape(label, "the label of a policy is empty", "The label names the policy wherever it decides.", report);
  const trigger = policy.entity("trigger", ["capability", "bindings"]);
  if (trigger === undefined) return undefined;
  const capability = trigger.text("capability");
  const known = knownCapability(capability, report);
  const bindings = trigger.texts("bindings");
  const bound = new Set<string>();
  for (const binding of bindings) {
    if (bound.has(binding.text)) shape(binding, `\`${binding.text}\` is bound twice`, "One name stands for one argument.", report);
    bound.add(binding.text);
    if (known) required(capability.text, binding, report);
  }
  const reader: Reader = { ...outer, bound };
  const requires = policy.list("requires").map((need) => readNeed(need, reader));
  const condition = policy.member("condition");
  const read = readExpr(condition, reader);
  if (kind.text === "deny") {
    if (condition === undefined)
      shape(
        kind,
        "a deny policy without a condition",
        "It would deny every call; a workflow that never calls does not require the capability.",
        report,
      );
    if (requires.length > 0) shape(kind, "a deny policy that requires something", "What is denied needs nothing before.", report);
  } else if (kind.text === "before") {
    if (condition !== undefined) shape(condition, "a before policy with a condition", "It holds for every call of its capability.", report);
  } else wrongShape(kind, "the kind of a policy", "before or deny", report);
  const needs = requires.filter((need) => need !== undefined);
  if (!known || needs.length < requires.length || (kind.text === "deny" && read === undefined)) return undefined;
  return {
    id: label.text,
    kind: kind.text === "deny" ? "deny" : "before",
    capability: capability.text,
    bind: [...bound].map((name) => ({ name, parameter: name })),
    requires: needs,
    ...(read === undefined ? {} : { condition: read }),
    at: located,
  };
}

function readNeed(located: Located, reader: Reader): FlowPolicy["requires"][number] | undefined {
  const { report } = reader;
  const need = new Entity(located, "a requirement", ["capability", "args"], report);
  const capability = need.text("capability");
  const known = knownCapability(capability, report);
  const args: { name: string; ref: FlowRef }[] = [];
  for (const each of need.list("args")) {
    const arg = new Entity(each, "an argument", ["name", "value"], report);
    const name = arg.text("name");
    if (args.some((other) => other.name === name.text))
      shape(name, `\`${name.text}\` is forwarded twice`, "One argument has one value.", report);
    if (known) required(capability.text, name, report);
    const value = arg.member("value");
    if (value === undefined) arg.text("value");
    const ref = readRef(value, ["input", "bound"], reader);
    if (ref !== undefined) args.push({ name: name.text, ref });
  }
  return known ? { capability: capability.text, args } : undefined;
}

function required(capability: string, name: Text, report: Report): void {
  const parameters = (capabilityOf(capability)?.parameters ?? [])
    .filter((parameter) => parameter.required)
    .map((parameter) => parameter.name);
  if (parameters.includes(name.text)) return;
  report("HD1113", name, {
    message: `capability \`${capability}\` has no required parameter \`${name.text}\``,
    reason: `Policies name required parameters; those of \`${capability}\` are ${parameters.join(", ")}.`,
  });
}

function shape(at: { readonly start: number; readonly end: number }, message: string, reason: string, report: Report): void {
  report("HD1610", at, { message, reason });
}
