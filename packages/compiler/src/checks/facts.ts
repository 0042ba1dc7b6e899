/**
 * What the checks share: a workflow taken apart once. Everything is worked out when it is first asked for,
 * and none of it depends on a check.
 */
import { bodiesOf, type Edge, type EdgeOutcome, type Expr, type Node, type WorkflowIr } from "@heddle/core";
import {
  createDiagnostic,
  createSourceText,
  type Diagnostic,
  type DiagnosticDraft,
  type DiagnosticId,
  type Origins,
  type Part,
  type SourceText,
  type Span,
} from "../diagnostics/index.ts";
import { type Outlook, type Outlooks, outlooksOf } from "../expressions/conditions.ts";
import { orNull, type Shape, withoutNull } from "../expressions/shape.ts";
import type { ShapeScope } from "../expressions/shape-of.ts";
import { type Frame, type FrameNode, framesOf } from "./frames.ts";
import { type Presence, presenceOf } from "./presence.ts";
import { type TypeTrouble, typeTroubles } from "./type-troubles.ts";
import { type VariableShapes, variableShapes } from "./variable-shapes.ts";

export interface FactsOptions {
  /** Where the parts of the workflow come from; without them, the positions that its nodes carry. */
  readonly origins?: Origins;
  /** Texts by the file names that nodes carry. */
  readonly sources?: ReadonlyMap<string, string>;
}

export interface Facts {
  /** Of the stages discipline, outer ones first; none of another. */
  readonly frames: readonly Frame[];
  readonly shapes: VariableShapes;
  readonly presence: Presence;
  readonly troubles: readonly TypeTrouble[];
  /** What the guards of a node can turn out to be; undefined where there are too many possibilities. */
  outlooks(frame: Frame, node: FrameNode, on: EdgeOutcome): Outlooks | undefined;
  /** Whether a guard has a type that is complained about. */
  isWrong(guard: Expr): boolean;
  /** The source is code: its author knows conditions and steps, and no edges. */
  readonly isCode: boolean;
  /** Whether an edge is the author's to be told of. Of code, those with a condition that is written there. */
  isWritten(edge: Edge): boolean;
  /** Whether control may go along an edge, for all that is known. */
  mayGo(frame: Frame, node: FrameNode, edge: Edge): boolean;
  /** What a condition sees at a point of a frame. */
  scopeAt(frame: Frame, point: number | undefined, scope: ShapeScope): ShapeScope;
  diagnostic(id: DiagnosticId, part: Part, draft: Omit<DiagnosticDraft, "span" | "path">): Diagnostic;
}

export function factsOf(ir: WorkflowIr, options: FactsOptions = {}): Facts {
  const frames = ir.discipline === "stages" ? framesOf(ir) : [];
  const shapes = once(() => variableShapes(ir, frames));
  const presence = once(() => presenceOf(ir, frames, shapes()));
  const troubles = once(() => typeTroubles(frames, shapes()));
  const wrong = once(() => new Set(troubles().flatMap(({ guard }) => (guard === undefined ? [] : [guard]))));
  const outlooks = new Map<FrameNode, Map<EdgeOutcome, Outlooks | undefined>>();
  const places = once(() => createPlaces(ir, options));
  const scopeAt = (frame: Frame, point: number | undefined, scope: ShapeScope): ShapeScope => ({
    ...scope,
    var: (name) => nullableAt(presence(), frame, point, name, scope.var(name)),
  });
  // Of code whose source is not at hand, nobody knows which edges are conditions.
  const isCode = options.origins?.isCondition !== undefined || ir.source?.frontend === "typescript";
  const facts: Facts = {
    frames,
    get shapes() {
      return shapes();
    },
    get presence() {
      return presence();
    },
    get troubles() {
      return troubles();
    },
    scopeAt,
    isWrong: (guard) => wrong().has(guard),
    isCode,
    isWritten: ({ id }) => options.origins?.isCondition?.(id) ?? !isCode,
    outlooks(frame, node, on) {
      const own = outlooks.get(node) ?? new Map<EdgeOutcome, Outlooks | undefined>();
      outlooks.set(node, own);
      if (own.has(on)) return own.get(on);
      const guards = node.edges[on].map((edge): Expr => edge.guard ?? { kind: "literal", value: true });
      const point = presence().pointsOf(frame).after[node.index]?.[on];
      const judged = point === undefined ? undefined : outlooksOf(guards, scopeAt(frame, point, shapes().scope(frame, { node, on })));
      own.set(on, judged);
      return judged;
    },
    mayGo(frame, node, edge) {
      const on = edge.on ?? "success";
      const edges = node.edges[on];
      if (edges[0] === edge && edge.guard === undefined) return true;
      const outlook: Outlook | undefined = facts.outlooks(frame, node, on)?.each[edges.indexOf(edge)];
      return outlook === undefined || (!outlook.never && !outlook.late);
    },
    diagnostic: (id, part, draft) => createDiagnostic(id, { ...draft, ...places()(part) }),
  };
  return facts;
}

/** A value made when it is first asked for. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function nullableAt(presence: Presence, frame: Frame, point: number | undefined, name: string, shape: Shape): Shape {
  if (point === undefined) return orNull(shape);
  if (presence.isThere(frame, point, name)) return withoutNull(shape);
  const state = presence.stateOf(frame, point, name);
  // A value whose state nobody knows is taken as its shape says.
  return state === undefined || (state & 1) !== 0 ? orNull(shape) : shape;
}

type PlaceOf = (part: Part) => { readonly span?: Span; readonly path: string };

function createPlaces(ir: WorkflowIr, { origins, sources }: FactsOptions): PlaceOf {
  const nodes = new Map<string, { readonly node: Node; readonly path: string }>();
  const edges = new Map<string, string>();
  const todo: { readonly path: string; readonly nodes: readonly Node[]; readonly edges: readonly Edge[] }[] = [{ path: ir.id, ...ir }];
  for (const body of todo) {
    for (const node of body.nodes) {
      const path = `${body.path}/${node.id}`;
      if (!nodes.has(node.id)) nodes.set(node.id, { node, path });
      for (const { slot, body: inner } of bodiesOf(node)) todo.push({ path: `${path}/${slot}`, ...inner });
    }
    for (const edge of body.edges) if (!edges.has(edge.id)) edges.set(edge.id, edge.from);
  }
  const texts = new Map<string, SourceText | undefined>();
  const textOf = (file: string): SourceText | undefined => {
    if (!texts.has(file)) {
      const text = sources?.get(file);
      texts.set(file, text === undefined ? undefined : createSourceText(file, text));
    }
    return texts.get(file);
  };
  return (part) => {
    const id = "node" in part ? part.node : "edge" in part ? edges.get(part.edge) : undefined;
    const found = id === undefined ? undefined : nodes.get(id);
    const path = pathOf(part, found?.path ?? ir.id);
    const span = origins?.spanOf(part) ?? spanOfNode(found?.node, ir.source?.file, textOf);
    return span === undefined ? { path } : { span, path };
  };
}

function pathOf(part: Part, path: string): string {
  switch (part.of) {
    case "input":
      return `${path}/input ${part.name}`;
    case "policy":
      return `${path}/policy ${part.index + 1}`;
    case "edge":
    case "guard":
      return `${path}/${part.edge}`;
    default:
      return path;
  }
}

/** The position that a node carries. Its offset is no place in a text: it puts positions in the order of their lines. */
function spanOfNode(node: Node | undefined, file: string | undefined, textOf: (file: string) => SourceText | undefined): Span | undefined {
  const source = node?.source;
  const name = source?.file ?? file;
  if (source === undefined || name === undefined) return undefined;
  const column = source.column ?? 1;
  const text = textOf(name);
  const start = { offset: source.line * 10_000 + column, line: source.line, column };
  // What the position points at: a word, where there is one.
  const word = /^[\p{L}\p{N}_.$]*/u.exec(text?.line(source.line).slice(column - 1) ?? "")?.[0].length ?? 0;
  return { file: name, start, end: { offset: start.offset + word, line: source.line, column: column + word } };
}
