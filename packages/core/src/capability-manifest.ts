/**
 * The capability manifest: what the workflows of a bundle can reach, node by node and in total. It is
 * computed from the IR alone, by this one pure function: the compiler prints it, a bundle carries it, and
 * the runtime computes it again before it trusts it.
 *
 * Architecture invariant: it never says less than the gate lets through. Where a place is computed during
 * a run, and nothing declares its bounds, it says `*`.
 */
import * as z from "zod";
import { anyCapabilityOf } from "./capabilities.ts";
import { bodiesOf, type Node, type ToolNode, type WorkflowIr } from "./ir.ts";
import { Permission } from "./ir-parts.ts";
import { canonicalJson, type JsonValue } from "./json.ts";
import { DestinationScope, destinationScopeCovers, leastScopes, PathScope, pathScopeCovers, pathScopeOf } from "./reach.ts";

/** What can be reached. Lists are sorted, each entry once, and without what another one covers. */
export const Reach = z.strictObject({
  /** The least confinement of its code; absent where it runs no code. `worker`: code of a process that its owner runs. */
  confinement: z.enum(["none", "worker", "process", "sandbox"]).exactOptional(),
  /** The most that its calls may do. Absent: it makes none. */
  permission: Permission.exactOptional(),
  capabilities: z.array(z.string()),
  /** Calls alone: code that is less than sandboxed is bound by neither list. */
  destinations: z.array(DestinationScope),
  paths: z.array(PathScope),
  /** Actions of plugins and nodes of node servers, which act with powers of their own. */
  outside: z.array(z.string()),
});
export type Reach = z.infer<typeof Reach>;

/** Of one node. `policy`: not its own calls, but those that policies need before them. */
export const NodeReach = z.strictObject({ node: z.string(), kind: z.string(), ...Reach.shape });
export type NodeReach = z.infer<typeof NodeReach>;

export const WorkflowReach = z.strictObject({
  workflow: z.string(),
  /** With everything that its sub-workflows reach. */
  total: Reach,
  /** Those that reach anything. */
  nodes: z.array(NodeReach),
});
export type WorkflowReach = z.infer<typeof WorkflowReach>;

export const CapabilityManifest = z.strictObject({ total: Reach, workflows: z.array(WorkflowReach) });
export type CapabilityManifest = z.infer<typeof CapabilityManifest>;

const nothing: Reach = { capabilities: [], destinations: [], paths: [], outside: [] };

/** The weakest first. */
const confinements = ["none", "worker", "process", "sandbox"] as const;
const permissions = ["admin", "modify", "read"] as const;

/** What a bundle's workflows reach. `coded`: handlers that the bundle has code for; a worker serves the rest. */
export function capabilityManifestOf(workflows: readonly WorkflowIr[], coded: ReadonlySet<string>): CapabilityManifest {
  const byId = new Map(workflows.map((ir) => [ir.id, ir]));
  const own = new Map(
    workflows.map((ir) => [ir.id, allNodes(ir.nodes).flatMap((node) => [reachOfNode(ir, node, coded), ...needsReach(ir, node)])]),
  );
  const reached = workflows.map((ir): WorkflowReach => {
    const all = [...withChildren(ir, byId)].flatMap((id) => own.get(id) ?? []);
    return { workflow: ir.id, total: joined(all), nodes: (own.get(ir.id) ?? []).filter(reachesAnything) };
  });
  return {
    total: joined(reached.map(({ total }) => total)),
    workflows: reached.sort((a, b) => (a.workflow < b.workflow ? -1 : a.workflow > b.workflow ? 1 : 0)),
  };
}

/** A workflow and all that it may start. */
function withChildren(ir: WorkflowIr, byId: ReadonlyMap<string, WorkflowIr>): ReadonlySet<string> {
  const found = new Set([ir.id]);
  for (const id of found) {
    for (const node of allNodes(byId.get(id)?.nodes ?? [])) if (node.kind === "workflow") found.add(node.workflow);
  }
  return found;
}

function allNodes(nodes: readonly Node[]): readonly Node[] {
  return nodes.flatMap((node) => [node, ...bodiesOf(node).flatMap(({ body }) => allNodes(body.nodes))]);
}

/** What one node reaches. */
export function reachOfNode(ir: WorkflowIr, node: Node, coded: ReadonlySet<string>): NodeReach {
  const base = { node: node.id, kind: node.kind };
  switch (node.kind) {
    case "handler": {
      const confinement = coded.has(node.handler) ? (node.confinement ?? "process") : "worker";
      return { ...base, ...joined([codeReach(confinement), ...requiredReaches(ir, node)]) };
    }
    case "process":
      return { ...base, ...joined([codeReach(node.confinement ?? "process"), ...requiredReaches(ir, node)]) };
    case "remote":
      return {
        ...base,
        ...nothing,
        permission: "modify",
        capabilities: ["node.execute"],
        outside: [`${node.remote.server ?? "*"}/${node.remote.node}`],
      };
    case "tool":
      return { ...base, ...callReach(ir, node) };
    case "model":
      return {
        ...base,
        ...joined([
          { ...nothing, capabilities: ["model.call"] },
          ...requiredReaches(ir, node),
          ...(node.tools ?? []).map((name) => declaredReach(ir, name)),
        ]),
      };
    case "agent":
      return { ...base, ...joined([{ ...nothing, capabilities: ["agent.run"] }, ...requiredReaches(ir, node)]) };
    default:
      return { ...base, ...nothing };
  }
}

/** What policies have looked at before a node calls: calls of their own, which nothing that the node declares binds. */
function needsReach(ir: WorkflowIr, node: Node): readonly NodeReach[] {
  if (node.kind !== "tool") return [];
  const { capability } = node;
  const needed = (ir.policies ?? [])
    .filter(({ kind, trigger }) => kind === "before" && (trigger.capability === capability || isShellOf(trigger.capability, capability)))
    .flatMap(({ requires = [] }) => requires.map((need) => need.capability))
    // A question to a person is no call.
    .filter((each) => each !== "user.confirm");
  if (needed.length === 0) return [];
  return [{ node: node.id, kind: "policy", ...joined([...new Set(needed)].map((each) => anyReach(each, "read"))) }];
}

/** Policies on commands bind scripts too. */
function isShellOf(trigger: string, capability: string): boolean {
  return trigger === "os.shell" && capability === "os.shell.script";
}

function codeReach(confinement: Reach["confinement"] & string): Reach {
  return { ...nothing, confinement, capabilities: [confinement === "none" ? "code.native" : `code.${confinement}`] };
}

/** Calls that a model or code may make: any tool of a capability that its node requires. */
function requiredReaches(ir: WorkflowIr, node: Node): readonly Reach[] {
  const needed = new Set(node.requires ?? []);
  return [...needed].map((capability) => {
    const declared = (ir.tools ?? []).filter((tool) => tool.capability === capability);
    return declared.length === 0 ? anyReach(capability) : joined(declared.map(({ name }) => declaredReach(ir, name)));
  });
}

/** A capability without declared bounds. */
function anyReach(capability: string, permission: Permission = anyCapabilityOf(capability)?.permission ?? "modify"): Reach {
  const { paths, destinations } = placesOf(capability);
  return {
    ...nothing,
    permission,
    capabilities: [capability],
    paths: paths.length > 0 ? ["*"] : [],
    destinations: destinations.length > 0 ? ["*"] : [],
  };
}

function declaredReach(ir: WorkflowIr, name: string): Reach {
  const tool = ir.tools?.find((each) => each.name === name);
  if (tool === undefined)
    return { ...nothing, permission: "admin", capabilities: ["*"], paths: ["*"], destinations: ["*"], outside: [name] };
  const any = anyReach(tool.capability, tool.permission);
  return {
    ...any,
    paths: tool.paths === undefined ? any.paths : [...leastScopes(tool.paths, pathScopeCovers)],
    destinations: tool.destinations === undefined ? any.destinations : [...leastScopes(tool.destinations, destinationScopeCovers)],
    ...(isOutside(name, tool.capability) ? { outside: [name] } : {}),
  };
}

/** A call whose arguments are partly known: what is literal is printed as it is. */
function callReach(ir: WorkflowIr, node: ToolNode): Reach {
  const name = node.tool ?? node.capability;
  const declared = ir.tools?.some((tool) => tool.name === name) === true ? declaredReach(ir, name) : undefined;
  const any = declared ?? { ...anyReach(node.capability), ...(isOutside(name, node.capability) ? { outside: [name] } : {}) };
  const { paths, destinations } = placesOf(node.capability);
  const permission = node.permission ?? any.permission ?? "modify";
  return {
    ...any,
    permission,
    paths: narrowed(
      any.paths,
      node.paths,
      paths.map((parameter) => literalPath(ir, node, parameter)),
      pathScopeCovers,
    ),
    destinations: narrowed(
      any.destinations,
      node.destinations,
      destinations.map((parameter) => literalDestination(node, parameter)),
      destinationScopeCovers,
    ),
  };
}

/** The narrowest bounds that are known: what the arguments say, where all are literal, or what the node declares; never past what its tool does. */
function narrowed(
  bounds: readonly string[],
  declared: readonly string[] | undefined,
  literal: readonly (string | undefined)[],
  covers: (outer: string, inner: string) => boolean,
): string[] {
  const known = literal.filter((scope) => scope !== undefined);
  const narrow = literal.length > 0 && known.length === literal.length ? known : declared;
  if (narrow === undefined) return [...bounds];
  const within = narrow.filter((scope) => bounds.length === 0 || bounds.some((outer) => covers(outer, scope)));
  return [
    ...leastScopes(
      within.length === narrow.length ? within : [...within, ...bounds.filter((bound) => narrow.some((scope) => covers(scope, bound)))],
      covers,
    ),
  ];
}

/** Parameters of a capability that are paths and destinations. A shell may touch anything; what it does is bound by its sandbox alone. */
function placesOf(capability: string): { readonly paths: readonly string[]; readonly destinations: readonly string[] } {
  const parameters = anyCapabilityOf(capability)?.parameters ?? [];
  return {
    paths: parameters.filter(({ type }) => type === "path").map(({ name }) => name),
    destinations: parameters.filter(({ names }) => names === "url").map(({ name }) => name),
  };
}

function literalPath(ir: WorkflowIr, node: ToolNode, parameter: string): string | undefined {
  // Where the run says what relative paths are relative to, a literal does not say where it leads.
  if (ir.inputs.some(({ name }) => name === "cwd")) return undefined;
  const text = literalOf(node, parameter);
  return text === undefined ? undefined : pathScopeOf(text);
}

function literalDestination(node: ToolNode, parameter: string): string | undefined {
  const text = literalOf(node, parameter);
  const found = text === undefined ? null : /^(https?):\/\/([a-z0-9.-]+)(?::(\d{1,5}))?(?:[/?#]|$)/.exec(text);
  if (found === null) return undefined;
  const scope = `${found[2]}:${found[3] ?? (found[1] === "https" ? "443" : "80")}`;
  return DestinationScope.safeParse(scope).success ? scope : undefined;
}

function literalOf(node: ToolNode, parameter: string): string | undefined {
  const value = node.reads?.find(({ name }) => name === parameter)?.value;
  return value?.kind === "literal" && typeof value.value === "string" ? value.value : undefined;
}

/** Actions of plugins are named `<plugin>.<action>`, and are no capability of the catalog. */
function isOutside(tool: string, capability: string): boolean {
  return anyCapabilityOf(capability) === undefined && tool.includes(".");
}

function reachesAnything({ confinement, permission, capabilities }: Reach): boolean {
  return confinement !== undefined || permission !== undefined || capabilities.length > 0;
}

function joined(parts: readonly Reach[]): Reach {
  const confinement = confinements.find((each) => parts.some((part) => part.confinement === each));
  const permission = permissions.find((each) => parts.some((part) => part.permission === each));
  const all = (list: (part: Reach) => readonly string[]): string[] => [...new Set(parts.flatMap(list))].sort();
  return {
    ...(confinement === undefined ? {} : { confinement }),
    ...(permission === undefined ? {} : { permission }),
    capabilities: all((part) => part.capabilities),
    destinations: [
      ...leastScopes(
        parts.flatMap((part) => part.destinations),
        destinationScopeCovers,
      ),
    ],
    paths: [
      ...leastScopes(
        parts.flatMap((part) => part.paths),
        pathScopeCovers,
      ),
    ],
    outside: all((part) => part.outside),
  };
}

/** One difference between what two bundles reach. `name` is what a reviewer allows it by. */
export interface ReachChange {
  readonly name: string;
  readonly change: "widened" | "narrowed";
  readonly workflow: string;
  readonly message: string;
}

/** How what is reached changes from one bundle to the next, workflow by workflow, widening first. */
export function reachChanges(before: CapabilityManifest, after: CapabilityManifest): readonly ReachChange[] {
  const old = new Map(before.workflows.map((each) => [each.workflow, each.total]));
  const next = new Map(after.workflows.map((each) => [each.workflow, each.total]));
  const changes = [...new Set([...old.keys(), ...next.keys()])]
    .sort()
    .flatMap((workflow) => changesOf(workflow, old.get(workflow) ?? nothing, next.get(workflow) ?? nothing));
  return [...changes.filter(({ change }) => change === "widened"), ...changes.filter(({ change }) => change === "narrowed")];
}

function changesOf(workflow: string, before: Reach, after: Reach): readonly ReachChange[] {
  const changes: ReachChange[] = [];
  const say = (change: ReachChange["change"], kind: string, value: string, message: string): void => {
    changes.push({ name: `${kind}:${value}`, change, workflow, message: `${workflow} ${message}` });
  };
  const [oldStrength, newStrength] = [before.confinement, after.confinement].map((each) =>
    each === undefined ? confinements.length : confinements.indexOf(each),
  );
  if (oldStrength !== newStrength) {
    const change = (newStrength ?? 0) < (oldStrength ?? 0) ? "widened" : "narrowed";
    say(
      change,
      "confinement",
      after.confinement ?? "no-code",
      `runs code with the confinement ${after.confinement ?? "of none, as it runs none"}, before: ${before.confinement ?? "it ran none"}`,
    );
  }
  const rank = (permission: Permission | undefined): number =>
    permission === undefined ? permissions.length : permissions.indexOf(permission);
  if (rank(before.permission) !== rank(after.permission)) {
    const change = rank(after.permission) < rank(before.permission) ? "widened" : "narrowed";
    say(
      change,
      "permission",
      after.permission ?? "no-calls",
      `makes calls that may ${after.permission ?? "do nothing"}, before: ${before.permission ?? "none"}`,
    );
  }
  for (const [kind, list, covers, what] of [
    ["capability", (reach: Reach) => reach.capabilities, capabilityCovers, "the capability"],
    ["destination", (reach: Reach) => reach.destinations, destinationScopeCovers, "the destination"],
    ["path", (reach: Reach) => reach.paths, pathScopeCovers, "the path"],
    ["outside", (reach: Reach) => reach.outside, nameCovers, "the plugin action or remote node"],
  ] as const) {
    for (const each of list(after))
      if (!list(before).some((outer) => covers(outer, each))) say("widened", kind, each, `newly reaches ${what} ${each}`);
    for (const each of list(before))
      if (!list(after).some((outer) => covers(outer, each))) say("narrowed", kind, each, `no longer reaches ${what} ${each}`);
  }
  return changes;
}

function nameCovers(outer: string, inner: string): boolean {
  return outer === inner || outer === "*";
}

/** Weaker confinement may do what stronger one may. */
function capabilityCovers(outer: string, inner: string): boolean {
  if (outer === "code.native" && inner.startsWith("code.")) return true;
  return nameCovers(outer, inner) || (outer === "code.process" && inner === "code.sandbox");
}

/** Whether a manifest read from outside is the one that was computed. */
export function sameReach(given: CapabilityManifest, computed: CapabilityManifest): boolean {
  return canonicalJson(given as unknown as JsonValue) === canonicalJson(computed as unknown as JsonValue);
}
