/**
 * Where the parts of a workflow come from: what a frontend hands over beside the IR, so that a check can
 * point at the source. Positions are worked out only for what is shown.
 */
import { bodiesOf, type Edge, type Node, type WorkflowIr } from "@heddle/core";
import type { Span } from "./diagnostic.ts";
import type { SourceText } from "./source-text.ts";

/**
 * A part of a workflow. `read` and `write` are counted within their node, in the order of the IR; `policy`
 * within the workflow; `guard` belongs to an edge.
 */
export type Part =
  | { readonly of: "workflow" }
  | { readonly of: "input"; readonly name: string }
  | { readonly of: "policy"; readonly index: number }
  | { readonly of: "node" | "prompt" | "exit"; readonly node: string }
  | { readonly of: "read" | "write" | "require"; readonly node: string; readonly index: number }
  | { readonly of: "argument"; readonly node: string; readonly name: string }
  | { readonly of: "edge" | "guard"; readonly edge: string };

export interface Origins {
  /** The nearest source of a part: that of the part, else of its node or edge, else of the workflow. */
  spanOf(part: Part): Span | undefined;
  /**
   * Of a workflow that was lowered from code: whether the author wrote the guard of an edge, as a condition. The other
   * edges say what the code leaves unsaid. Absent: the source is the graph itself.
   */
  isCondition?(edge: string): boolean;
}

/** Takes the origins of a workflow. */
export interface OriginTable {
  set(part: Part, start: number, end: number): unknown;
}

/** `fill` is called when somebody asks for the first time: a workflow without diagnostics needs no table. */
export function createOrigins(source: SourceText, fill: (table: OriginTable) => void): Origins {
  const table = new Map<string, readonly [number, number]>();
  let filled = false;
  return {
    spanOf(part) {
      if (!filled) {
        filled = true;
        fill({ set: (each, start, end) => table.set(keyOf(each), [start, end]) });
      }
      const found = table.get(keyOf(part)) ?? outer(table, part) ?? table.get("workflow");
      return found === undefined ? undefined : source.span(found[0], found[1]);
    },
  };
}

type Places = ReadonlyMap<string, { readonly start: number; readonly end: number }>;

/** Where code was written that the IR has no places for. */
export interface WrittenPlaces {
  /** By the id of the edge that it guards. */
  readonly conditions: Places;
  /** What is returned, by the id of the node that ends there. */
  readonly exits: Places;
}

/**
 * Origins of a workflow that was lowered from code: the positions that its nodes carry, and those of its conditions and
 * of what it returns. An edge without one stands where the node stands that it leaves.
 */
export function originsOf(ir: WorkflowIr, source: SourceText, { conditions, exits }: WrittenPlaces): Origins {
  const nodes = new Map<string, Node>();
  const from = new Map<string, string>();
  const bodies: { readonly nodes: readonly Node[]; readonly edges: readonly Edge[] }[] = [ir];
  for (const body of bodies) {
    for (const edge of body.edges) from.set(edge.id, edge.from);
    for (const node of body.nodes) {
      nodes.set(node.id, node);
      for (const inner of bodiesOf(node)) bodies.push(inner.body);
    }
  }
  return {
    isCondition: (edge) => conditions.has(edge),
    spanOf(part) {
      const written = "edge" in part ? conditions.get(part.edge) : part.of === "exit" ? exits.get(part.node) : undefined;
      if (written !== undefined) return source.span(written.start, written.end);
      const node = nodes.get("node" in part ? part.node : "edge" in part ? (from.get(part.edge) ?? "") : "");
      if (node?.source === undefined) return source.span(0, 0);
      const offset = offsetOf(source, node.source.line, node.source.column ?? 1);
      return source.span(offset, offset);
    },
  };
}

function offsetOf(source: SourceText, line: number, column: number): number {
  let low = 0;
  let high = source.text.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (source.position(middle).line < line) low = middle + 1;
    else high = middle;
  }
  return low + column - 1;
}

function outer(table: ReadonlyMap<string, readonly [number, number]>, part: Part): readonly [number, number] | undefined {
  if ("node" in part) return table.get(keyOf({ of: "node", node: part.node }));
  return part.of === "guard" ? table.get(keyOf({ of: "edge", edge: part.edge })) : undefined;
}

function keyOf(part: Part): string {
  switch (part.of) {
    case "workflow":
      return "workflow";
    case "input":
      return `input ${part.name}`;
    case "policy":
      return `policy ${part.index}`;
    case "node":
    case "prompt":
    case "exit":
      return `${part.of} ${part.node}`;
    case "argument":
      return `argument ${part.node} ${part.name}`;
    case "edge":
    case "guard":
      return `${part.of} ${part.edge}`;
    default:
      return `${part.of} ${part.node} ${part.index}`;
  }
}
