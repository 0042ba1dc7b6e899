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

/** A graph of these nodes; an edge is written `a>b`, or `a>b:type`, or given whole. */
export function graphOf(
  nodes: readonly Node[],
  edges: readonly (string | Omit<Edge, "id">)[] = [],
  extra: Partial<WorkflowIr> = {},
): WorkflowIr {
  return {
    ir: irVersion,
    id: "graph",
    discipline: "graph",
    inputs: [],
    entry: (nodes[0] as Node).id,
    nodes: [...nodes],
    edges: edges.map((edge, i) => ({ id: `e${i}`, ...(typeof edge === "string" ? edgeOf(edge) : edge) })),
    ...extra,
  };
}

function edgeOf(text: string): Omit<Edge, "id"> {
  const [ends = "", messageType] = text.split(":");
  const [from = "", to = ""] = ends.split(">");
  return { from, to, ...(messageType === undefined ? {} : { messageType }) };
}

/** A member of a variable. */
export const field = (of: string, name: string): Expr => ({ kind: "field", of: variable(of), name });

export const equals = (left: Expr, value: JsonValue): Expr => ({ kind: "eq", left, right: literal(value) });
