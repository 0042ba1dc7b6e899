/** What the checks of guards share: every list of guards that is asked in order. */
import type { Edge, EdgeOutcome } from "@heddle/core";
import type { Outlook, Outlooks } from "../expressions/conditions.ts";
import type { Facts } from "./facts.ts";
import { type Frame, type FrameNode, outcomes } from "./frames.ts";

export interface Guards {
  readonly frame: Frame;
  readonly node: FrameNode;
  readonly on: EdgeOutcome;
  readonly edges: readonly Edge[];
  /** Undefined where nobody can say. */
  readonly outlooks: Outlooks | undefined;
}

/** Nodes without guards are left out, and those that no token comes to. */
export function* guardsOf(facts: Facts): Generator<Guards> {
  for (const frame of facts.frames) {
    for (const node of frame.nodes) {
      if (!facts.presence.spreadOf(frame).reaches(node.index)) continue;
      for (const on of outcomes) {
        const edges = node.edges[on];
        if (edges.length === 0 || node.fails) continue;
        const plain = edges.every(({ guard }) => guard === undefined);
        if (plain && edges.length === 1) continue;
        yield { frame, node, on, edges, outlooks: facts.outlooks(frame, node, on) };
      }
    }
  }
}

export function outlookOf({ outlooks }: Guards, index: number): Outlook | undefined {
  return outlooks?.each[index];
}

/** `edge to \`b\``. */
export function nameOf(edge: Edge): string {
  return `the edge to \`${edge.to}\``;
}
