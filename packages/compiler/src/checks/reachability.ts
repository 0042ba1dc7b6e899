/** Reachability: every node can be entered by some run. */
import type { Edge, WorkflowIr } from "@heddle/core";
import type { Diagnostic } from "../diagnostics/index.ts";
import type { Check } from "./check.ts";
import type { Facts } from "./facts.ts";
import type { Frame, FrameNode } from "./frames.ts";
import { reachedIn, reachedInGraph } from "./reached.ts";

export const reachability: Check = {
  name: "reachability",
  ids: ["HD2301"],
  run: (ir, facts) => (ir.discipline === "graph" ? unreachedInGraph(ir, facts) : facts.frames.flatMap((frame) => unreached(frame, facts))),
};

function unreached(frame: Frame, facts: Facts): readonly Diagnostic[] {
  if (!frame.byId.has(frame.body.entry)) return [];
  const reached = reachedIn(frame, facts);
  const led = new Set(frame.nodes.flatMap((node) => node.ways.map(({ to }) => to)));
  return frame.nodes.flatMap((node) => {
    if (reached.has(node) || isExplained(frame, node, reached, facts)) return [];
    const { id } = node.node;
    return [
      facts.diagnostic(
        "HD2301",
        { of: "node", node: id },
        {
          message: `\`${id}\` cannot be reached`,
          reason: led.has(id)
            ? "No edge that leads to it can ever be taken."
            : `No edge leads to it, and the entry is \`${frame.body.entry}\`.`,
          help: "lead an edge to it, or remove it",
        },
      ),
    ];
  });
}

/** Of code, whether a condition that is told already keeps runs away from here, or from where they would come. */
function isExplained(frame: Frame, node: FrameNode, reached: ReadonlySet<FrameNode>, facts: Facts): boolean {
  if (!facts.isCode) return false;
  const ways = frame.nodes.flatMap((from) => from.ways.filter(({ to }) => to === node.node.id).map((edge) => ({ from, edge })));
  return ways.length > 0 && ways.every(({ from, edge }) => !reached.has(from) || isTold(frame, from, edge, facts));
}

function isTold(frame: Frame, from: FrameNode, edge: Edge, facts: Facts): boolean {
  const on = edge.on ?? "success";
  const edges = from.edges[on];
  const outlooks = facts.outlooks(frame, from, on);
  const at = edges.indexOf(edge);
  if (facts.isWritten(edge) && edge.guard !== undefined) {
    const outlook = outlooks?.each[at];
    if (facts.isWrong(edge.guard) || outlook?.never === true || outlook?.late === true) return true;
  }
  return edges.slice(0, at).some((earlier, i) => facts.isWritten(earlier) && outlooks?.each[i]?.always === true);
}

function unreachedInGraph(ir: WorkflowIr, facts: Facts): readonly Diagnostic[] {
  const reached = reachedInGraph(ir);
  return ir.nodes
    .filter(({ id }) => !reached.has(id))
    .map(({ id }) =>
      facts.diagnostic(
        "HD2301",
        { of: "node", node: id },
        {
          message: `\`${id}\` cannot be reached`,
          reason: "No message ever comes to it: it is no seed, and no edge leads to it from one.",
          help: "lead an edge to it, make it a seed, or remove it",
        },
      ),
    );
}
