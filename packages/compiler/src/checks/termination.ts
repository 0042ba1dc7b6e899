/** Termination: what goes round has a bound, or something in it that can change whether it goes round again. */
import { type Expr, type RunLimits, refsOf } from "@heddle/core";
import type { Diagnostic } from "../diagnostics/index.ts";
import { outlooksOf } from "../expressions/conditions.ts";
import type { Check } from "./check.ts";
import { componentsOf } from "./cycles.ts";
import type { Facts } from "./facts.ts";
import type { Frame, FrameNode } from "./frames.ts";
import { loopScope } from "./type-troubles.ts";

export const termination: Check = {
  name: "termination",
  ids: ["HD2303", "HD2304"],
  run(ir, facts) {
    if (isBounded(ir.limits)) return [];
    const cycles = ir.type === "service" ? [] : facts.frames.flatMap((frame) => cyclesWithoutEnd(frame, facts));
    return [...facts.frames.flatMap((frame) => frame.nodes.flatMap((node) => loopWithoutEnd(frame, node, facts))), ...cycles];
  },
};

function isBounded(limits: RunLimits | undefined): boolean {
  return limits?.stepsMax !== undefined || limits?.timeMs !== undefined;
}

function loopWithoutEnd(frame: Frame, loop: FrameNode, facts: Facts): readonly Diagnostic[] {
  const { node } = loop;
  if (node.kind !== "loop" || node.iterationsMax !== undefined || node.timeoutMs !== undefined) return [];
  const scope = loopScope(facts.shapes.scope(frame), loop, facts.shapes);
  const always = outlooksOf([node.while], facts.scopeAt(frame, undefined, scope))?.each[0]?.always === true;
  if (!always && !neverChanges(loop)) return [];
  return [
    facts.diagnostic(
      "HD2303",
      { of: "node", node: node.id },
      {
        message: `loop \`${node.id}\` has no bound`,
        reason: always
          ? "Its condition is always true, and nothing else ends it but a failure."
          : "Its body gives no new value to anything that its condition reads: it goes round never, or for ever.",
        help: facts.isCode
          ? "begin its body with `bound(100)`, limit the steps or the time of the workflow, or write a condition that the body can make false"
          : "set `iterationsMax`, or the workflow's limit of steps or time; or write a condition that the body can make false",
      },
    ),
  ];
}

/** Whether the body leaves alone all that the condition reads. */
function neverChanges({ node, bodies }: FrameNode): boolean {
  if (node.kind !== "loop") return false;
  const carried = new Set(node.carried.map(({ name }) => name));
  const read = refsOf(node.while).flatMap(({ scope, name }) => (scope === "var" && name !== undefined && carried.has(name) ? [name] : []));
  const outputs = (bodies[0]?.nodes ?? []).flatMap((inner) => (inner.node.exit === undefined ? [] : [inner.node.exit.output]));
  return outputs.every((output) => read.every((name) => keeps(output, name)));
}

/** Whether the output of a loop's body leaves a carried variable as it is. */
function keeps(output: Expr, name: string): boolean {
  if (output.kind === "literal") return output.value === null || typeof output.value !== "object" || !Object.hasOwn(output.value, name);
  if (output.kind !== "object") return false;
  return output.fields.every((field) => field.name !== name);
}

function cyclesWithoutEnd(frame: Frame, facts: Facts): readonly Diagnostic[] {
  const next = frame.nodes.map((node) => node.ways.map((edge) => frame.byId.get(edge.to)?.index ?? node.index));
  const { of, members } = componentsOf(next);
  return members.flatMap((component) => {
    const [only] = component;
    if (only === undefined || (component.length === 1 && next[only]?.includes(only) !== true)) return [];
    const nodes = [...component].sort((a, b) => a - b).map((index) => frame.nodes[index] as FrameNode);
    const inside = (edge: { readonly to: string }): boolean => of[frame.byId.get(edge.to)?.index ?? -1] === of[only];
    const leaving = nodes.flatMap((node) => node.ways.flatMap((edge) => (inside(edge) ? [] : [{ node, edge }])));
    // A cycle without any way out is a matter of exits.
    if (leaving.length === 0 || nodes.some(({ node, fails }) => node.exit !== undefined || fails)) return [];
    const open = leaving.filter(({ node, edge }) => facts.mayGo(frame, node, edge));
    if (open.length > 0 && !isDecided(nodes, open)) return [];
    const [first] = nodes;
    return first === undefined ? [] : [tell(nodes, open.length === 0, facts)];
  });
}

/** Whether all that decides in a cycle is as it was, each time round. */
function isDecided(nodes: readonly FrameNode[], open: readonly { readonly edge: { readonly on?: string } }[]): boolean {
  if (open.some(({ edge }) => (edge.on ?? "success") !== "success")) return false;
  const written = new Set(nodes.flatMap(({ node }) => (node.writes ?? []).map(({ name }) => name)));
  const guards = nodes.flatMap((node) => node.ways.flatMap(({ guard }) => (guard === undefined ? [] : [guard])));
  const refs = guards.flatMap(refsOf);
  return refs.every(({ scope, name }) => scope === "var" && name !== undefined && !written.has(name));
}

function tell(nodes: readonly FrameNode[], closed: boolean, facts: Facts): Diagnostic {
  const ids = nodes.map(({ node }) => node.id);
  const [first = ""] = ids;
  const shown = `${ids
    .slice(0, 4)
    .map((id) => `\`${id}\``)
    .join(", ")}${ids.length > 4 ? ", …" : ""}`;
  return facts.diagnostic(
    "HD2304",
    { of: "node", node: first },
    {
      message: `the cycle of ${shown} is never left`,
      reason: closed
        ? "No edge that leads out of it can ever be taken."
        : "Nothing in it changes what its guards ask about: a run that goes round once goes round for ever.",
      help: "let a node of the cycle write what decides, or set the workflow's limit of steps or time",
    },
  );
}
