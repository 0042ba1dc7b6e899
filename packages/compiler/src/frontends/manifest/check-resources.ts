/** Resources and placement constraints of a node. */
import { isJsonObject, type JsonValue } from "@heddle/core";
import { constraintOperators } from "./job-shapes.ts";
import { jsonPath, listAt, member, named, shown, textAt } from "./json-access.ts";
import { Resources } from "./node-shapes.ts";
import type { ProblemList } from "./problem-list.ts";
import { hold, ofNode, type Subject } from "./shapes.ts";

export function checkResources(value: JsonValue | undefined, path: string, name: string, problems: ProblemList): void {
  if (value === undefined) return;
  const inside = ofNode("resources", name);
  const subject: Subject = (steps) => (steps[0] === "runtime_driver" ? `runtime_driver for node ${name}` : inside(steps));
  const help = "Resources are amounts of CPU, memory and disk, and lists of devices, ports and volumes; docs/manifests.md has their fields";
  hold(problems, Resources, value, { path, subject, help });
  if (!isJsonObject(value)) return;
  for (const [list, key, what] of [
    ["ports", "label", "port label"],
    ["volumes", "name", "volume name"],
  ] as const) {
    const seen = new Set<string>();
    for (const [index, item] of (listAt(value, list) ?? []).entries()) {
      const label = isJsonObject(item) ? textAt(item, key) : undefined;
      if (label === undefined) continue;
      if (seen.has(label)) {
        const message = `resources.${list} for node ${name} has the duplicate ${what} ${shown(label)}`;
        problems.error(jsonPath(path, list, index, key), message, `Give each ${what} once: it names a variable of the process`);
      }
      seen.add(label);
    }
  }
}

/** @param whose ` for node n`, or nothing for those of the whole job */
export function checkConstraints(value: JsonValue | undefined, path: string, whose: string, problems: ProblemList): void {
  if (value === undefined) return;
  const help = `A constraint is a capability as a text, or {attribute, operator, value} with ${constraintOperators.join(", ")}`;
  if (isJsonObject(value)) checkConstraint(value, path, whose, help, problems);
  else if (!Array.isArray(value)) problems.error(path, `constraints${whose} must be a list or object`, help);
  if (!Array.isArray(value)) return;
  for (const [index, item] of value.entries()) {
    const place = jsonPath(path, index);
    if (typeof item === "string" && item !== "") continue;
    if (!isJsonObject(item)) problems.error(place, `constraints[${index}]${whose} must be a capability or an object`, help);
    else checkConstraint(item, place, whose, help, problems, true);
  }
}

/** One constraint; an object that is none names attributes and the values that they must have. */
function checkConstraint(
  constraint: { readonly [key: string]: JsonValue },
  path: string,
  whose: string,
  help: string,
  problems: ProblemList,
  needsAttribute = false,
): void {
  const operator = member(constraint, "operator");
  const attribute = member(constraint, "attribute");
  if ((needsAttribute || operator !== undefined) && (typeof attribute !== "string" || attribute === ""))
    problems.error(jsonPath(path, "attribute"), `constraint${whose} must name an attribute`, help);
  if (operator !== undefined && !(typeof operator === "string" && constraintOperators.includes(operator))) {
    const on = typeof attribute === "string" ? ` on ${named(attribute)}` : "";
    problems.error(jsonPath(path, "operator"), `unsupported constraint operator ${shown(operator)}${on}${whose}`, help);
  }
}
