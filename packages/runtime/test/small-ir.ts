/** Small workflows written by hand. */
import { type Body, type Edge, type Expr, irVersion, type JsonValue, type Node, type WorkflowIr } from "@heddle/core";

export const literal = (value: JsonValue): Expr => ({ kind: "literal", value });
export const variable = (name: string): Expr => ({ kind: "ref", scope: "var", name });
export const result: Expr = { kind: "ref", scope: "result" };

export function handler(id: string, extra: Partial<Extract<Node, { kind: "handler" }>> = {}): Node {
  return { kind: "handler", id, handler: id, ...extra };
}

export function body(node: Node, inputs: readonly string[] = []): Body {
  return { inputs: inputs.map((name) => ({ name, value: variable(name) })), entry: node.id, nodes: [node], edges: [] };
}

/** Nodes in a row, the last one an exit. */
export function row(nodes: readonly Node[], output: Expr): { entry: string; nodes: Node[]; edges: Edge[] } {
  const last = nodes.length - 1;
  return {
    entry: (nodes[0] as Node).id,
    nodes: nodes.map((node, i) => (i === last ? { ...node, exit: { output } } : node)),
    edges: nodes.slice(1).map((node, i) => ({ id: `e${i}`, from: (nodes[i] as Node).id, to: node.id })),
  };
}

/** A workflow without inputs that ends with the result of its last node. */
export function workflowOf(id: string, nodes: readonly Node[], extra: Partial<WorkflowIr> = {}): WorkflowIr {
  return { ir: irVersion, id, discipline: "stages", inputs: [], ...row(nodes, result), ...extra };
}
