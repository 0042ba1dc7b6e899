/**
 * The frames of a workflow, each as a graph of points: where a token may stand, and along which arcs it goes
 * on. A node has the point before it and, for each outcome, one point for each edge that is asked in turn.
 * What a node writes and what a guard has found out sit on the arcs.
 */
import { type Body, bodiesOf, type Edge, type EdgeOutcome, type Expr, isJsonObject, type Node, type WorkflowIr } from "@heddle/core";
import { constantOf } from "../expressions/conditions.ts";

export const outcomes: readonly EdgeOutcome[] = ["success", "failure", "rejected", "timeout"];

export interface FrameNode {
  readonly node: Node;
  readonly index: number;
  /** By outcome, in the order in which they are asked. */
  readonly edges: Readonly<Record<EdgeOutcome, readonly Edge[]>>;
  /** All of them. */
  readonly ways: readonly Edge[];
  /** A router that fails its frame instead of going on. */
  readonly fails: boolean;
  /** The frames of the bodies that it owns. */
  readonly bodies: readonly Frame[];
}

const attempted: ReadonlySet<Node["kind"]> = new Set<Node["kind"]>(["model", "tool", "handler", "process", "agent", "remote", "workflow"]);

/** Whether its reads are held to their types: those of a node that somebody is asked to do. */
export function holdsReads({ kind }: Node): boolean {
  return attempted.has(kind);
}

/** Whether what it writes is held to its types: what a success gives, where something was done for it. */
export function holdsWrites({ kind }: Node, on: EdgeOutcome | undefined): boolean {
  return kind !== "router" && (on ?? "success") === "success";
}

/** The root frame, or that of a body. */
export interface Frame {
  /** In the list of all frames, outer ones first. */
  readonly number: number;
  readonly path: string;
  readonly body: Pick<Body, "entry" | "nodes" | "edges">;
  readonly inputs: NonNullable<Body["inputs"]>;
  /** Absent: the root. */
  readonly owner?: { readonly frame: Frame; readonly node: FrameNode; readonly slot: string };
  readonly nodes: readonly FrameNode[];
  readonly byId: ReadonlyMap<string, FrameNode>;
}

/** All frames, outer ones first. Total: an edge that leads nowhere is left out. */
export function framesOf(ir: WorkflowIr): readonly Frame[] {
  const frames: Frame[] = [];
  const todo: { body: Frame["body"]; inputs: Frame["inputs"]; path: string; owner?: NonNullable<Frame["owner"]>; into?: Frame[] }[] = [
    { body: ir, inputs: [], path: ir.id },
  ];
  for (const { body, inputs, path, owner, into } of todo) {
    const leaving = edgesByNode(body);
    const nodes: FrameNode[] = [];
    const byId = new Map<string, FrameNode>();
    const frame: Frame = { number: frames.length, path, body, inputs, nodes, byId, ...(owner === undefined ? {} : { owner }) };
    for (const [index, node] of body.nodes.entries()) {
      const bodies: Frame[] = [];
      const ways = leaving.get(node.id) ?? [];
      const fails = node.kind === "router" && isJsonObject(node.raw?.["fail"]);
      const made: FrameNode = { node, index, edges: byOutcome(ways), ways, fails, bodies };
      nodes.push(made);
      if (!byId.has(node.id)) byId.set(node.id, made);
      for (const { slot, body: inner } of bodiesOf(node)) {
        const place = `${path}/${node.id}/${slot}`;
        todo.push({ body: inner, inputs: inner.inputs ?? [], path: place, owner: { frame, node: made, slot }, into: bodies });
      }
    }
    frames.push(frame);
    into?.push(frame);
  }
  return frames;
}

/** The edges that leave each node, in the order in which they are asked. */
function edgesByNode({ nodes, edges }: Frame["body"]): ReadonlyMap<string, readonly Edge[]> {
  const known = new Set(nodes.map((node) => node.id));
  const found = new Map<string, Edge[]>();
  for (const edge of edges) {
    if (!known.has(edge.to)) continue;
    const own = found.get(edge.from);
    if (own === undefined) found.set(edge.from, [edge]);
    else own.push(edge);
  }
  for (const own of found.values()) if (own.length > 1) own.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  return found;
}

const none: readonly Edge[] = [];
const noEdges: FrameNode["edges"] = { success: none, failure: none, rejected: none, timeout: none };

function byOutcome(edges: readonly Edge[]): FrameNode["edges"] {
  if (edges.length === 0) return noEdges;
  if (edges.every((edge) => edge.on === undefined)) return { ...noEdges, success: edges };
  const of = (on: EdgeOutcome): readonly Edge[] => edges.filter((edge) => (edge.on ?? "success") === on);
  return { success: of("success"), failure: of("failure"), rejected: of("rejected"), timeout: of("timeout") };
}

/** A condition that has turned out true, or not. */
export interface Found {
  readonly condition: Expr;
  readonly truth: boolean;
}

export interface Arc {
  readonly from: number;
  readonly to: number;
  /** The node's writes of this outcome happen here. */
  readonly writes?: { readonly node: FrameNode; readonly on: EdgeOutcome };
  readonly found?: Found;
}

export interface Points {
  readonly count: number;
  /** Before each node. */
  readonly before: readonly number[];
  /** After its writes, by node: the point at which the first edge of the outcome is asked. */
  readonly after: readonly Partial<Readonly<Record<EdgeOutcome, number>>>[];
  /** By edge: where its guard is asked. */
  readonly asked: ReadonlyMap<Edge, number>;
  readonly arcs: readonly Arc[];
  readonly entry: number | undefined;
}

/** Edges behind one that is always taken, and edges whose guard is a literal false, have no arc. */
export function pointsOf(frame: Frame): Points {
  const arcs: Arc[] = [];
  const asked = new Map<Edge, number>();
  const before = frame.nodes.map((_, i) => i);
  let count = frame.nodes.length;
  const after = frame.nodes.map((node, index) => {
    const places: Partial<Record<EdgeOutcome, number>> = {};
    for (const on of outcomes) {
      const edges = node.edges[on];
      if (node.fails || (edges.length === 0 && on !== "success")) continue;
      let at = count++;
      places[on] = at;
      const writes = node.node.writes?.some((write) => (write.on ?? "success") === on) === true ? { writes: { node, on } } : {};
      arcs.push({ from: index, to: at, ...writes });
      if (on === "success" && node.node.exit !== undefined) continue;
      for (const [i, edge] of edges.entries()) {
        asked.set(edge, at);
        const to = frame.byId.get(edge.to)?.index;
        const { guard } = edge;
        const constant = guard === undefined ? true : constantOf(guard);
        const never = constant !== undefined && constant !== true;
        if (to !== undefined && !never)
          arcs.push({ from: at, to, ...(guard === undefined ? {} : { found: { condition: guard, truth: true } }) });
        if (constant === true || i === edges.length - 1) break;
        const next = count++;
        arcs.push({ from: at, to: next, ...(guard === undefined ? {} : { found: { condition: guard, truth: false } }) });
        at = next;
      }
    }
    return places;
  });
  return { count, before, after, asked, arcs, entry: frame.byId.get(frame.body.entry)?.index };
}
