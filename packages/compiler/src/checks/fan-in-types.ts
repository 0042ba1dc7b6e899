/** Fan-in: where ways meet, a variable is of one type, whichever way a run has come. */
import type { WorkflowIr } from "@heddle/core";
import type { Diagnostic } from "../diagnostics/index.ts";
import { isUnknown, presentKinds, type Shape, shapeOfType, showShape } from "../expressions/shape.ts";
import { shapeOfExpr } from "../expressions/shape-of.ts";
import type { Check } from "./check.ts";
import type { Facts } from "./facts.ts";
import type { Frame } from "./frames.ts";
import type { PlacedUse } from "./presence.ts";
import type { Question } from "./spread.ts";

export const fanInTypes: Check = {
  name: "fan-in-types",
  ids: ["HD2105"],
  run: (ir, facts) => facts.frames.flatMap((frame) => checkFrame(ir, frame, facts)),
};

/** More types of one variable than bits to tell them apart are not told apart. */
const typesMax = 8;

interface Writes {
  /** What is written, one for each type. */
  readonly shapes: Shape[];
  /** The type that it has before anything is written. */
  readonly start: number;
  readonly changes: { readonly arc: number; readonly clear: number; readonly set: number }[];
}

function checkFrame(ir: WorkflowIr, frame: Frame, facts: Facts): readonly Diagnostic[] {
  const mixed = mixedVariables(ir, frame, facts);
  if (mixed.size === 0) return [];
  const uses = facts.presence.uses.filter((use) => use.frame === frame && mixed.has(use.name));
  const byName = new Map<string, PlacedUse[]>();
  for (const use of uses) {
    const known = byName.get(use.name);
    if (known === undefined) byName.set(use.name, [use]);
    else known.push(use);
  }
  const asked = [...byName];
  const questions = asked.map(([name, own]): Question => {
    const { shapes, start, changes } = mixed.get(name) ?? { shapes: [], start: 0, changes: [] };
    return { bits: shapes.length, start, changes, at: own.map(({ point }) => point) };
  });
  const answers = facts.presence.spreadOf(frame).answers(questions);
  return asked.flatMap(([name, own], i) => {
    for (const [j, bits] of (answers[i] ?? []).entries()) {
      const use = own[j];
      const shapes = (mixed.get(name)?.shapes ?? []).filter((_, bit) => ((bits ?? 0) & (1 << bit)) !== 0);
      if (use !== undefined && shapes.length > 1) return [tell(use, shapes, facts)];
    }
    return [];
  });
}

/** Variables that are written with types of which no value could be the other. */
function mixedVariables(ir: WorkflowIr, frame: Frame, facts: Facts): ReadonlyMap<string, Writes> {
  const variables = new Map<string, Writes>();
  if (frame.owner === undefined) {
    for (const input of ir.inputs) {
      const shapes: Shape[] = [];
      const start = bitOf(shapes, shapeOfType(input.type));
      variables.set(input.name, { shapes, start, changes: [] });
    }
  }
  for (const [arc, { writes: at }] of facts.presence.pointsOf(frame).arcs.entries()) {
    if (at === undefined) continue;
    const scope = facts.shapes.scope(frame, at);
    for (const write of at.node.node.writes ?? []) {
      if ((write.on ?? "success") !== at.on) continue;
      const own = variables.get(write.name) ?? { shapes: [], start: 0, changes: [] };
      variables.set(write.name, own);
      const shape = write.type === undefined ? shapeOfExpr(write.value, scope) : shapeOfType(write.type);
      own.changes.push({ arc, clear: (1 << typesMax) - 1, set: bitOf(own.shapes, shape) });
    }
  }
  return new Map([...variables].filter(([, { shapes }]) => shapes.length > 1));
}

/** The bit of a type, by its kinds; none for what may be anything. */
function bitOf(shapes: Shape[], shape: Shape): number {
  const kinds = presentKinds(shape);
  if (isUnknown(shape) || kinds === 0) return 0;
  const known = shapes.findIndex((each) => (presentKinds(each) & kinds) !== 0);
  if (known !== -1) return 1 << known;
  return shapes.length < typesMax ? 1 << (shapes.push(shape) - 1) : 0;
}

function tell({ node, name, part }: PlacedUse, shapes: readonly Shape[], facts: Facts): Diagnostic {
  return facts.diagnostic("HD2105", part, {
    message: `\`${name}\`${facts.isCode ? "" : `, which \`${node.node.id}\` reads,`} is ${shapes.map(showShape).join(" or ")}, depending on the way here`,
    reason: "Ways meet here that wrote values of different types under one name, and what works for the one fails for the other.",
    help: "write the same type on every way, or use two names",
  });
}
