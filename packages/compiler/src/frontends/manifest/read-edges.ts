/** Edges and entrypoints: every end is a node that is there, every edge says which messages go along it. */
import { type Expr, isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import { conditionOps, readCondition } from "./conditions.ts";
import { jsonPath, listAt, member, named, objectAt, shown, textAt } from "./json-access.ts";
import type { ProblemList } from "./problem-list.ts";
import type { ReadNodes, SourceNode } from "./read-nodes.ts";

export const routingModes: readonly string[] = ["broadcast", "first_match", "all_match"];
const rootRoles: readonly string[] = ["root", "root_coordinator"];

export interface SourceEdge {
  readonly id: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly messageType: string;
  readonly guard: Expr | undefined;
  readonly given: JsonObject;
}

export function readEdges(value: JsonValue | undefined, { ids, known }: ReadNodes, problems: ProblemList): readonly SourceEdge[] {
  if (value !== undefined && !Array.isArray(value)) {
    problems.error("edges", "edges must be a list", 'Write "edges": [{"from_node": …, "to_node": …, "message_type": …}], or leave it out');
    return [];
  }
  const seen = new Set<string>();
  return (value ?? []).flatMap((given: JsonValue, index) =>
    readEdge(given, jsonPath("edges", index), known ? ids : undefined, seen, problems),
  );
}

function readEdge(
  given: JsonValue,
  path: string,
  ids: ReadonlySet<string> | undefined,
  seen: Set<string>,
  problems: ProblemList,
): readonly SourceEdge[] {
  if (!isJsonObject(given)) {
    problems.error(path, "edge unknown must be an object", 'Write {"from_node": …, "to_node": …, "message_type": …}');
    return [];
  }
  const rawId = member(given, "edge_id");
  const id = textAt(given, "edge_id");
  const name = id === undefined ? "unknown" : named(id);
  if (rawId !== undefined && typeof rawId !== "string")
    problems.error(jsonPath(path, "edge_id"), `edge ${shown(rawId)} has an edge_id that is not a string`, "Leave it out, or write a text");
  if (id !== undefined && seen.has(id))
    problems.warn(jsonPath(path, "edge_id"), `duplicate edge_id ${name}`, "The edge gets a name of its own; give it one that you know");
  if (id !== undefined) seen.add(id);
  const ends = (["from_node", "to_node"] as const).map((end) => {
    const node = member(given, end);
    if (typeof node === "string" && (ids === undefined || ids.has(node))) return node;
    const message =
      node === undefined
        ? `edge ${name} must define ${end}`
        : `edge ${name} references missing ${end} ${typeof node === "string" ? named(node) : shown(node)}`;
    problems.error(jsonPath(path, end), message, "It names a node by its node_id");
    return undefined;
  });
  const messageType = textAt(given, "message_type");
  if (messageType === undefined)
    problems.error(jsonPath(path, "message_type"), `edge ${name} must define message_type`, 'Name a type of message, or "*" for every one');
  const mode = member(given, "routing_mode");
  if (mode !== undefined && !(typeof mode === "string" && routingModes.includes(mode))) {
    const help = `Known are ${routingModes.join(", ")}`;
    problems.error(jsonPath(path, "routing_mode"), `edge ${name} has unsupported routing_mode ${shown(mode)}`, help);
  }
  const guard = readGuard(member(given, "conditions"), path, name, problems);
  const [from, to] = ends;
  if (from === undefined || to === undefined || messageType === undefined) return [];
  return [{ id, from, to, messageType, guard, given }];
}

function readGuard(conditions: JsonValue | undefined, path: string, name: string, problems: ProblemList): Expr | undefined {
  if (conditions === undefined) return undefined;
  const read = readCondition(conditions);
  if (read.ok) return read.guard;
  const help = `Write {"path": "payload.score", "op": ">", "value": 1} (ops ${conditionOps.join(" ")}), {"expr": "\${payload.score} > 1"}, or all, any, not of those`;
  problems.error(jsonPath(path, "conditions"), `edge ${name} has invalid conditions: ${read.why}`, help);
  return undefined;
}

/** The nodes that a run begins with: those that are named, or those with the role of a root. */
export function readEntrypoints(manifest: JsonObject, { nodes, ids, known }: ReadNodes, problems: ProblemList): readonly string[] {
  const given = member(manifest, "entrypoints");
  const help = "An entrypoint is the node_id of a node";
  const list = typeof given === "string" ? [given] : listAt(manifest, "entrypoints");
  if (given !== undefined && list === undefined) {
    problems.error("entrypoints", "entrypoints must be a list of node ids, or one node id", help);
    return [];
  }
  const entrypoints = new Set<string>();
  for (const [index, entry] of (list ?? []).entries()) {
    if (typeof entry === "string" && (!known || ids.has(entry))) entrypoints.add(entry);
    else {
      const path = typeof given === "string" ? "entrypoints" : jsonPath("entrypoints", index);
      problems.error(path, `entrypoint ${typeof entry === "string" ? named(entry) : shown(entry)} does not reference a known node`, help);
    }
  }
  if ((list ?? []).length > 0) return [...entrypoints];
  const roots = rootsOf(manifest, nodes);
  if (roots.size === 0 && known) {
    const message = "manifest must define at least one entrypoint or one node with role root/root_coordinator";
    problems.error("entrypoints", message, 'Write "entrypoints": ["<node_id>"]');
  }
  return nodes.map(({ id }) => id).filter((id) => roots.has(id));
}

/** Ids of roots, those of nodes that could not be read among them: one fault is told once. */
function rootsOf(manifest: JsonObject, nodes: readonly SourceNode[]): ReadonlySet<string> {
  const roots = new Set(nodes.filter(({ node }) => rootRoles.includes(textAt(node, "role") ?? "")).map(({ id }) => id));
  for (const node of listAt(manifest, "nodes") ?? []) {
    if (!isJsonObject(node)) continue;
    const role = textAt(node, "role") ?? textAt(objectAt(node, "with") ?? {}, "role");
    if (role !== undefined && rootRoles.includes(role)) roots.add(textAt(node, "node_id") ?? "");
  }
  return roots;
}

const everyEntrypoint = "__entrypoints__";

/** What the entrypoints receive first. */
export interface InitialInputs {
  readonly byNode: ReadonlyMap<string, readonly JsonValue[]>;
  /** For each entrypoint that is not named; without any, one empty message. */
  readonly others: readonly JsonValue[];
}

export function readInitialInputs(
  value: JsonValue | undefined,
  entrypoints: readonly string[],
  { ids, known }: ReadNodes,
  problems: ProblemList,
): InitialInputs {
  const byNode = new Map<string, readonly JsonValue[]>();
  if (value === undefined) return { byNode, others: [{}] };
  if (Array.isArray(value)) return { byNode, others: value };
  if (!isJsonObject(value)) {
    problems.error(
      "initial_inputs",
      "initial_inputs must be an object or a list",
      'Write {"<node_id>": [{…}]}, or a list for every entrypoint',
    );
    return { byNode, others: [{}] };
  }
  const roots = new Set(entrypoints);
  let others: readonly JsonValue[] = [{}];
  for (const [id, payloads] of Object.entries(value)) {
    const list = Array.isArray(payloads) ? (payloads as readonly JsonValue[]) : [payloads];
    const path = jsonPath("initial_inputs", id);
    if (id === everyEntrypoint) others = list;
    else if (known && !ids.has(id))
      problems.error(path, `initial_inputs names ${named(id)}, which is not a known node`, "Name an entrypoint by its node_id");
    else {
      if (roots.size > 0 && !roots.has(id))
        problems.warn(path, `initial_inputs names ${named(id)}, which is not an entrypoint`, "Only entrypoints receive initial inputs");
      byNode.set(id, list);
    }
  }
  return { byNode, others };
}
