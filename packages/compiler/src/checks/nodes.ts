/** All nodes of a workflow, those of bodies included. */
import { bodiesOf, type Node, type WorkflowIr } from "@heddle/core";

export function allNodes(ir: WorkflowIr): readonly Node[] {
  const nodes: Node[] = [];
  const bodies: { readonly nodes: readonly Node[] }[] = [ir];
  for (const body of bodies) {
    for (const node of body.nodes) {
      nodes.push(node);
      for (const inner of bodiesOf(node)) bodies.push(inner.body);
    }
  }
  return nodes;
}
