/**
 * Definite assignment: for each place that reads a variable, whether the variable may be unset or null there,
 * over all ways that lead to it. Guards count: behind `x != null` x is there. Loops go to a fixpoint.
 */
import { bodiesOf, type Expr, pathOf, refsOf, type ValueType, type WorkflowIr } from "@heddle/core";
import type { Part } from "../diagnostics/index.ts";
import { kind, presentKinds, shapeOfType, unknownShape } from "../expressions/shape.ts";
import { type ShapeScope, shapeOfExpr } from "../expressions/shape-of.ts";
import { factsOf, type Use, usesOf } from "../expressions/uses.ts";
import { type Arc, type Frame, type FrameNode, holdsReads, holdsWrites, outcomes, type Points, pointsOf } from "./frames.ts";
import { type Change, type Question, Spread } from "./spread.ts";
import type { VariableShapes } from "./variable-shapes.ts";

/** On some way here: it is surely null. */
export const mayMiss = 1;
/** On some way here something has set it. */
export const maySet = 2;
/** On some way here it may be null, for all that is known. */
const unsure = 4;
const all = 7;

export interface PlacedUse extends Use {
  readonly frame: Frame;
  readonly node: FrameNode;
  readonly part: Part;
  readonly point: number;
}

export interface Presence {
  /** Every read of a variable, in the order of the frames. */
  readonly uses: readonly PlacedUse[];
  /** Bits of {@link mayMiss} and {@link maySet}; undefined where no token comes, or nobody can say. */
  stateOf(frame: Frame, point: number, name: string): number | undefined;
  /** Whether it is surely there. */
  isThere(frame: Frame, point: number, name: string): boolean;
  pointsOf(frame: Frame): Points;
  spreadOf(frame: Frame): Spread;
}

interface FrameState {
  readonly points: Points;
  readonly spread: Spread;
  /** By the name of the variable, for each point that was asked about. */
  readonly states: ReadonlyMap<string, States>;
}

/** The points in order, and what holds at each; -1 where nobody can say. */
interface States {
  readonly points: readonly number[];
  readonly bits: number[];
}

export function presenceOf(ir: WorkflowIr, frames: readonly Frame[], shapes: VariableShapes): Presence {
  const uses: PlacedUse[] = [];
  const known: FrameState[] = [];
  const stateOf = (frame: Frame, point: number, name: string): number | undefined => stateAt(known[frame.number]?.states.get(name), point);
  for (const frame of frames) {
    const points = pointsOf(frame);
    const spread = new Spread(points);
    const own = usesIn(frame, points);
    uses.push(...own.uses);
    const starts = startsOf(ir, frame, shapes, stateOf);
    const states = ask(own.asked, spread, starts, changesOf(frame, points, shapes));
    known.push({ points, spread, states });
  }
  const state = (frame: Frame): FrameState => known[frame.number] as FrameState;
  return {
    uses,
    stateOf: (frame, point, name) => {
      const bits = stateOf(frame, point, name);
      return bits === undefined ? undefined : bits & (mayMiss | maySet);
    },
    isThere: (frame, point, name) => ((stateOf(frame, point, name) ?? mayMiss) & (mayMiss | unsure)) === 0,
    pointsOf: (frame) => state(frame).points,
    spreadOf: (frame) => state(frame).spread,
  };
}

function stateAt(states: States | undefined, point: number): number | undefined {
  if (states === undefined) return undefined;
  const { points, bits } = states;
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as number) < point) low = middle + 1;
    else high = middle;
  }
  const found = bits[low] ?? -1;
  return points[low] !== point || found === -1 ? undefined : found;
}

/** Every question about a variable at a point, asked once. */
function ask(
  asked: ReadonlyMap<string, readonly number[]>,
  spread: Spread,
  starts: (name: string) => number,
  changes: ReadonlyMap<string, readonly Change[]>,
): ReadonlyMap<string, States> {
  const states = new Map<string, States>();
  const open: { name: string; question: Question }[] = [];
  for (const [name, all] of asked) {
    const points = all.length === 1 ? all : [...new Set(all)].sort((a, b) => a - b);
    const own = changes.get(name) ?? noChanges;
    const start = starts(name);
    const bits = points.map((point) => (spread.reaches(point) ? (easyState(point, own, start, spread) ?? -2) : -1));
    states.set(name, { points, bits });
    if (bits.includes(-2)) open.push({ name, question: { bits: 3, start, changes: own, at: points } });
  }
  for (const [i, answer] of spread.answers(open.map(({ question }) => question)).entries()) {
    const own = states.get(open[i]?.name ?? "");
    for (const [j, bits] of answer.entries()) if (own !== undefined) own.bits[j] = bits ?? -1;
  }
  return states;
}

const noChanges: readonly Change[] = [];

/** Where there is nothing to find out: nothing changes the variable, or a write that is always passed sets it for good. */
function easyState(point: number, changes: readonly Change[], start: number, spread: Spread): number | undefined {
  if (changes.length === 0) return start;
  if (changes.some(({ set }) => (set & ~maySet) !== 0)) return undefined;
  if (start === maySet) return maySet;
  const write = changes.find(({ set }) => set === maySet);
  return write !== undefined && spread.isBehind(point, write.arc) ? maySet : undefined;
}

/** What arcs do to each variable. */
function changesOf(frame: Frame, points: Points, shapes: VariableShapes): ReadonlyMap<string, readonly Change[]> {
  const changes = new Map<string, Change[]>();
  const change = (name: string, arc: number, clear: number, set: number): void => {
    const own = changes.get(name);
    if (own === undefined) changes.set(name, [{ arc, clear, set }]);
    else own.push({ arc, clear, set });
  };
  for (const [i, arc] of points.arcs.entries()) {
    for (const [name, set] of writesOf(frame, arc, shapes)) change(name, i, all, set);
    if (arc.found === undefined) continue;
    for (const [name, presence] of factsOf(arc.found.condition, arc.found.truth)) {
      // What is known to be missing here may have been set all the same, to null.
      if (presence === "present") change(name, i, mayMiss | unsure, 0);
      else change(name, i, unsure, mayMiss);
    }
  }
  return changes;
}

function writesOf(frame: Frame, { writes }: Arc, shapes: VariableShapes): readonly (readonly [string, number])[] {
  if (writes === undefined) return [];
  const scope = shapes.scope(frame, writes);
  return (writes.node.node.writes ?? [])
    .filter((write) => (write.on ?? "success") === writes.on)
    .map((write) => {
      return [
        write.name,
        write.type === undefined || !holdsWrites(writes.node.node, write.on)
          ? stateOfResult(write.value, writes.node, scope)
          : stateOfPlace(write.type, write.optional === true),
      ];
    });
}

/** Of what is held to a type when it is set. */
function stateOfPlace(type: ValueType, optional: boolean): number {
  if (optional) return maySet | mayMiss;
  return (shapeOfType(type).kinds & kind.null) === 0 ? maySet : maySet | unsure;
}

/** Of a value: surely there, null on purpose (a literal, an optional field of a declared result), or nobody knows. */
function stateOfValue(value: Expr, scope: ShapeScope, lookup?: (name: string) => number | undefined): number {
  if (value.kind === "ref" && value.scope === "var" && value.name !== undefined && lookup !== undefined) {
    const bits = lookup(value.name) ?? unsure;
    return maySet | (bits & (mayMiss | unsure));
  }
  if (value.kind === "literal") return value.value === null ? maySet | mayMiss : maySet;
  const { kinds } = shapeOfExpr(value, scope);
  const reads = refsOf(value).some((ref) => ref.scope === "var");
  if ((kinds & kind.null) === 0) return reads && !makesValue(value) ? maySet | unsure : maySet;
  const isField = !reads && pathOf(value)?.path.every((step) => typeof step === "string") === true;
  return isField && presentKinds({ kinds }) !== presentKinds(unknownShape) ? maySet | mayMiss : maySet | unsure;
}

/** What regions give is made of much, and null in it may mean nothing. */
function stateOfResult(value: Expr, node: FrameNode, scope: ShapeScope): number {
  const state = stateOfValue(value, scope);
  return value.kind !== "literal" && node.bodies.length > 0 && (state & mayMiss) !== 0 ? maySet | unsure : state;
}

/** Never null, whatever it reads. */
function makesValue({ kind: of }: Expr): boolean {
  return !["ref", "field", "index", "length", "arithmetic", "coalesce", "if"].includes(of);
}

/** What is known of each variable before the first node of a frame. */
function startsOf(
  ir: WorkflowIr,
  frame: Frame,
  shapes: VariableShapes,
  stateOf: (frame: Frame, point: number, name: string) => number | undefined,
): (name: string) => number {
  const starts = new Map<string, number>();
  const { owner } = frame;
  if (owner === undefined) {
    for (const { name, type, optional, default: preset } of ir.inputs) {
      starts.set(name, stateOfPlace(type, optional === true && (preset === undefined || preset === null)));
    }
    return (name) => starts.get(name) ?? mayMiss;
  }
  const outer = shapes.scope(owner.frame);
  const lookup = (name: string): number | undefined => stateOf(owner.frame, owner.node.index, name);
  for (const { name, value } of frame.inputs) starts.set(name, stateOfValue(value, outer, lookup));
  const { node } = owner.node;
  if (node.kind === "map") {
    starts.set(node.item, (shapes.scope(frame).var(node.item).kinds & kind.null) === 0 ? maySet : maySet | unsure);
    if (node.index !== undefined) starts.set(node.index, maySet);
  } else if (node.kind === "loop") {
    for (const { name, initial, type } of node.carried) {
      const typed = type !== undefined && (shapeOfType(type).kinds & kind.null) === 0;
      const grows = (shapes.scope(frame).var(name).kinds & kind.null) === 0 ? 0 : unsure;
      starts.set(name, typed ? maySet : stateOfValue(initial, outer, lookup) | grows);
    }
    if (node.test !== "after")
      for (const [name, presence] of factsOf(node.while, true)) if (presence === "present" && starts.has(name)) starts.set(name, maySet);
  } else if (node.kind === "try" && owner.slot === "catch") starts.set(node.failureName ?? "failure", maySet);
  return (name) => starts.get(name) ?? mayMiss;
}

interface UsesIn {
  readonly uses: readonly PlacedUse[];
  /** The points at which something is to be known of a variable. */
  readonly asked: ReadonlyMap<string, readonly number[]>;
}

function usesIn(frame: Frame, points: Points): UsesIn {
  const uses: PlacedUse[] = [];
  const asked = new Map<string, number[]>();
  const askAt = (name: string, point: number): void => {
    const own = asked.get(name);
    if (own === undefined) asked.set(name, [point]);
    else own.push(point);
  };
  for (const node of frame.nodes) {
    const add = (expr: Expr | undefined, point: number | undefined, part: Part, need?: string, without?: ReadonlySet<string>): void => {
      if (expr === undefined || point === undefined) return;
      for (const use of usesOf(expr, need)) {
        if (without?.has(use.name) === true) continue;
        uses.push({ ...use, frame, node, part, point });
        askAt(use.name, point);
      }
    };
    usesOfNode(node, points, add);
    for (const on of outcomes) {
      const first = points.after[node.index]?.[on];
      for (const edge of node.edges[on]) {
        const point = points.asked.get(edge);
        if (edge.guard === undefined || point === undefined) continue;
        add(edge.guard, point, { of: "guard", edge: edge.id });
        if (first !== undefined && first !== point) for (const { name } of usesOf(edge.guard)) askAt(name, first);
      }
    }
  }
  return { uses, asked };
}

type AddUse = (expr: Expr | undefined, point: number | undefined, part: Part, need?: string, without?: ReadonlySet<string>) => void;

function usesOfNode({ node, index }: FrameNode, points: Points, add: AddUse): void {
  const own: Part = { of: "node", node: node.id };
  for (const [i, read] of (node.reads ?? []).entries()) {
    const required =
      holdsReads(node) && read.type !== undefined && read.optional !== true && (shapeOfType(read.type).kinds & kind.null) === 0;
    add(read.value, index, { of: "read", node: node.id, index: i }, required ? "it is required" : undefined);
  }
  for (const [i, write] of (node.writes ?? []).entries()) {
    const required =
      holdsWrites(node, write.on) &&
      write.type !== undefined &&
      write.optional !== true &&
      (shapeOfType(write.type).kinds & kind.null) === 0;
    add(
      write.value,
      index,
      { of: "write", node: node.id, index: i },
      required ? `it becomes \`${write.name}\`, which is required` : undefined,
    );
  }
  for (const { body } of bodiesOf(node)) for (const input of body.inputs ?? []) add(input.value, index, own);
  switch (node.kind) {
    case "model":
      add(node.prompt, index, { of: "prompt", node: node.id });
      break;
    case "human":
      add(node.prompt, index, { of: "prompt", node: node.id });
      add(node.details, index, own);
      break;
    case "wait":
      if (node.wait.kind === "duration") add(node.wait.ms, index, own, "it is how long to wait");
      if (node.wait.kind === "until") add(node.wait.at, index, own, "it is when to go on");
      break;
    case "map":
      add(node.over, index, own, "it is the list to go over");
      break;
    case "loop":
      for (const carried of node.carried) add(carried.initial, index, own);
      add(node.while, index, own, undefined, new Set(node.carried.map((carried) => carried.name)));
      break;
    default:
      break;
  }
  if (node.exit !== undefined) add(node.exit.output, points.after[index]?.success, own);
}
