/**
 * The screen: which calls a node may make at all, before anything is prepared, and which paths and destinations, once
 * they are known. Every list narrows and none widens; a list that is there counts, also when it is empty.
 */
import { type CallDenial, destinationScopeHolds, type Permission, type PreparedCall, pathScopeHolds, type Reach } from "@heddle/core";
import { denialOf } from "./reason.ts";
import { scriptCapability, shellCapability } from "./shell.ts";

export interface ScreenedCall {
  readonly tool: string;
  readonly capability: string;
  readonly permission: Permission;
}

export interface ScreenRules {
  /** What the capability manifest says of the node. Absent: it says nothing, and so the node may call nothing. */
  readonly reach: Pick<Reach, "capabilities" | "permission"> | undefined;
  /** The node's `requires`. Absent, and for calls that a policy makes: not narrowed. */
  readonly requires?: readonly string[];
  /** Tools that the node, the agent or the caller may use, by name. Absent: not narrowed. */
  readonly tools?: readonly string[];
}

const rank: Readonly<Record<Permission, number>> = { read: 0, modify: 1, admin: 2 };

/** Refuses what a node may not call. Undefined: go on and prepare it. */
export function screenCall({ tool, capability, permission }: ScreenedCall, rules: ScreenRules): CallDenial | undefined {
  const { reach, requires, tools } = rules;
  if (requires !== undefined && !requires.includes(capability)) {
    return (
      scriptDenial(capability, requires, "the node's `requires`") ??
      denialOf("capability-not-required", `the node does not require ${capability}: add it to \`requires\` if it should call ${tool}`)
    );
  }
  const declared = reach?.capabilities ?? [];
  if (!declared.includes(capability) && !declared.includes("*")) {
    return (
      scriptDenial(capability, declared, "the capability manifest") ??
      denialOf("capability-not-declared", `the capability manifest does not say that the node may use ${capability}, which ${tool} is for`)
    );
  }
  const most = reach?.permission;
  if (most === undefined || rank[permission] > rank[most]) {
    const said = most === undefined ? "do nothing" : `${most} at most`;
    return denialOf("permission-not-declared", `${tool} may ${permission}, and the capability manifest says that the node may ${said}`);
  }
  if (tools !== undefined && !tools.includes(tool)) {
    return denialOf("tool-not-allowed", `${tool} is not among the tools that may be used here`);
  }
  return undefined;
}

function scriptDenial(capability: string, list: readonly string[], where: string): CallDenial | undefined {
  if (capability !== scriptCapability || !list.includes(shellCapability)) return undefined;
  return denialOf(
    "script-refused",
    `${where} allows ${shellCapability}, which runs one program, and this text needs a shell: write it without operators and expansions, or allow ${scriptCapability} too`,
  );
}

/** Refuses a prepared call for a path or a destination that the capability manifest does not say. Undefined: go on and judge it. */
export function screenReach(call: PreparedCall, reach: Pick<Reach, "paths" | "destinations"> | undefined): CallDenial | undefined {
  for (const path of call.paths) {
    if (reach?.paths.some((scope) => pathScopeHolds(scope, path)) !== true) {
      return denialOf("path-not-declared", `${path.parameter} is ${path.root}:${path.relative}, and ${said(reach?.paths)}`);
    }
  }
  for (const destination of call.destinations) {
    if (reach?.destinations.some((scope) => destinationScopeHolds(scope, destination)) !== true) {
      const { parameter, host, port } = destination;
      return denialOf("destination-not-declared", `${parameter} is ${host}:${port}, and ${said(reach?.destinations)}`);
    }
  }
  return undefined;
}

function said(scopes: readonly string[] = []): string {
  return `the capability manifest says that the node reaches ${scopes.length === 0 ? "nothing of the kind" : scopes.join(", ")}`;
}
