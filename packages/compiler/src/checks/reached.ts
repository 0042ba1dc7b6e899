/** Which nodes some run may come to. */
import type { WorkflowIr } from "@heddle/core";
import type { Facts } from "./facts.ts";
import type { Frame, FrameNode } from "./frames.ts";

/** In a frame: along edges that can be taken, from the entry. */
export function reachedIn(frame: Frame, facts: Facts): ReadonlySet<FrameNode> {
  const entry = frame.byId.get(frame.body.entry);
  const reached = new Set(entry === undefined ? [] : [entry]);
  // A set is walked in the order of insertion, what is added on the way included.
  for (const node of reached) {
    for (const edge of node.ways) {
      const to = frame.byId.get(edge.to);
      if (to !== undefined && !reached.has(to) && facts.mayGo(frame, node, edge)) reached.add(to);
    }
  }
  return reached;
}

/** In a graph: messages start at the seeds, and go along every edge. Signals enter wherever something waits for them. */
export function reachedInGraph(ir: WorkflowIr): ReadonlySet<string> {
  const next = new Map<string, string[]>(ir.nodes.map((node) => [node.id, []]));
  for (const { from, to } of ir.edges) next.get(from)?.push(to);
  const reached = new Set((ir.seeds ?? [{ node: ir.entry }]).map(({ node }) => node));
  for (const node of ir.nodes) if (node.kind === "sensor" || (node.kind === "wait" && node.wait.kind === "signal")) reached.add(node.id);
  for (const id of reached) for (const to of next.get(id) ?? []) reached.add(to);
  return reached;
}

/** The ids of all nodes that some run may come to; those in a region that is not reached are not. */
export function reachedIds(ir: WorkflowIr, facts: Facts): ReadonlySet<string> {
  if (ir.discipline !== "stages") return reachedInGraph(ir);
  const ids = new Set<string>();
  // Outer frames come first.
  for (const frame of facts.frames) {
    if (frame.owner !== undefined && !ids.has(frame.owner.node.node.id)) continue;
    for (const { node } of reachedIn(frame, facts)) ids.add(node.id);
  }
  return ids;
}
