/** Exits: from every node that a run can come to, it can come to an end. */
import type { Diagnostic } from "../diagnostics/index.ts";
import type { Check } from "./check.ts";
import type { Facts } from "./facts.ts";
import type { Frame, FrameNode } from "./frames.ts";

export const exits: Check = {
  name: "exits",
  ids: ["HD2302"],
  // A service is kept running: that it has no end is its purpose.
  run: (ir, facts) => (ir.type === "service" ? [] : facts.frames.flatMap((frame) => endless(frame, facts))),
};

function endless(frame: Frame, facts: Facts): readonly Diagnostic[] {
  const entry = frame.byId.get(frame.body.entry);
  if (entry === undefined) return [];
  const back = new Map<FrameNode, FrameNode[]>();
  const reached = new Set([entry]);
  for (const node of reached) {
    for (const edge of node.ways) {
      const to = frame.byId.get(edge.to);
      if (to === undefined) continue;
      const known = back.get(to);
      if (known === undefined) back.set(to, [node]);
      else known.push(node);
      reached.add(to);
    }
  }
  const ending = new Set(frame.nodes.filter((node) => node.node.exit !== undefined || node.fails));
  for (const node of ending) for (const from of back.get(node) ?? []) ending.add(from);
  const without = [...reached].filter((node) => !ending.has(node));
  const [first] = without;
  if (first === undefined) return [];
  const { id } = first.node;
  const others = without.length - 1;
  return [
    facts.diagnostic(
      "HD2302",
      { of: "node", node: id },
      {
        message: `from \`${id}\`${others === 0 ? "" : ` and ${others} more`} no exit can be reached`,
        reason: "A run that comes here goes round for ever, or until something fails.",
        help: "lead an edge to an exit, or make a node on the way one",
      },
    ),
  ];
}
