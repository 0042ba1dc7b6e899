/** Services that a job or a node offers, and those that it needs. */
import type { JsonObject, JsonValue } from "@heddle/core";
import { isJsonObject } from "@heddle/core";
import { RequiredServices, Services } from "./job-shapes.ts";
import { jsonPath, listAt, member } from "./json-access.ts";
import type { ProblemList } from "./problem-list.ts";
import { dotted, hold, type Subject } from "./shapes.ts";

const help = "A service is {name, address, port, checks: [{type: http|tcp|script|grpc, …}]}; docs/manifests.md has all fields";

export function checkJobServices(manifest: JsonObject, problems: ProblemList): void {
  checkOffered(member(manifest, "services"), "services", dotted("services"), problems);
  checkNeeded(member(manifest, "required_services"), "required_services", dotted("required_services"), problems);
}

export function checkNodeServices(node: JsonObject, path: string, name: string, problems: ProblemList): void {
  const inside =
    (root: string): Subject =>
    (steps) =>
      `${dotted(root)(steps)} for node ${name}`;
  checkOffered(member(node, "services"), jsonPath(path, "services"), inside("services"), problems);
  checkNeeded(member(node, "requires_services"), jsonPath(path, "requires_services"), inside("requires_services"), problems);
}

function checkOffered(value: JsonValue | undefined, path: string, subject: Subject, problems: ProblemList): void {
  if (value !== undefined) hold(problems, Services, value, { path, subject, help });
}

function checkNeeded(value: JsonValue | undefined, path: string, subject: Subject, problems: ProblemList): void {
  if (value !== undefined) hold(problems, RequiredServices, value, { path, subject, help });
}

/** Checks that are declared, of whatever service. */
export function countChecks(manifest: JsonObject, nodes: readonly JsonObject[]): number {
  const checks = (holder: JsonObject, key: string): number =>
    (listAt(holder, key) ?? []).reduce(
      (sum: number, service) => sum + (isJsonObject(service) ? (listAt(service, "checks") ?? []).length : 0),
      0,
    );
  return (
    checks(manifest, "services") + checks(manifest, "required_services") + nodes.reduce((sum, node) => sum + checks(node, "services"), 0)
  );
}
