/**
 * Where the parts of a workflow come from: what a frontend hands over beside the IR, so that a check can
 * point at the source. Positions are worked out only for what is shown.
 */
import type { WorkflowIr } from "@heddle/core";
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
  | { readonly of: "node" | "prompt"; readonly node: string }
  | { readonly of: "read" | "write" | "require"; readonly node: string; readonly index: number }
  | { readonly of: "argument"; readonly node: string; readonly name: string }
  | { readonly of: "edge" | "guard"; readonly edge: string };

export interface Origins {
  /** The nearest source of a part: that of the part, else of its node or edge, else of the workflow. */
  spanOf(part: Part): Span | undefined;
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

/** Origins of a workflow without a text of its own: the positions that its nodes carry, where they do. */
export function originsOf(ir: WorkflowIr, source: SourceText | undefined): Origins {
  const lines = new Map(ir.nodes.map((node) => [node.id, node.source]));
  return {
    spanOf(part) {
      const at = "node" in part ? lines.get(part.node) : undefined;
      if (at === undefined || source === undefined) return source?.span(0, 0);
      const offset = offsetOf(source, at.line, at.column ?? 1);
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
