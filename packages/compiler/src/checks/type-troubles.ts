/** Everything in the expressions of a workflow whose types cannot work, whatever the values, with its place. */
import { checkValue, type Edge, type Expr, type ValueType } from "@heddle/core";
import type { Part } from "../diagnostics/index.ts";
import { isUnknown, neverFits, orNull, type Shape, shapeOfType, showShape } from "../expressions/shape.ts";
import { condition, type ShapeScope, shapeOfExpr, type Trouble } from "../expressions/shape-of.ts";
import { type Frame, type FrameNode, holdsReads, outcomes } from "./frames.ts";
import type { VariableShapes } from "./variable-shapes.ts";

export type Misfit = { readonly kind: "misfit"; readonly what: string; readonly type: ValueType; readonly found: string };

export interface TypeTrouble {
  readonly trouble: Trouble | Misfit;
  readonly part: Part;
  readonly node: FrameNode;
  /** The guard that it is in, and its edge. */
  readonly guard?: Expr;
  readonly edge?: Edge;
}

export function typeTroubles(frames: readonly Frame[], shapes: VariableShapes): readonly TypeTrouble[] {
  const found: TypeTrouble[] = [];
  for (const frame of frames) for (const node of frame.nodes) new NodeTypes(frame, node, shapes, found).check();
  return found;
}

class NodeTypes {
  readonly #frame: Frame;
  readonly #node: FrameNode;
  readonly #shapes: VariableShapes;
  readonly #found: TypeTrouble[];

  constructor(frame: Frame, node: FrameNode, shapes: VariableShapes, found: TypeTrouble[]) {
    this.#frame = frame;
    this.#node = node;
    this.#shapes = shapes;
    this.#found = found;
  }

  check(): void {
    const { node } = this.#node;
    const plain = this.#shapes.scope(this.#frame);
    const own: Part = { of: "node", node: node.id };
    for (const [index, read] of (node.reads ?? []).entries()) {
      const part: Part = { of: "read", node: node.id, index };
      const shape = this.#shape(read.value, plain, part);
      if (read.type !== undefined && holdsReads(node))
        this.#place(read.value, shape, read.type, read.optional, part, `read \`${read.name}\``);
    }
    for (const [index, write] of (node.writes ?? []).entries()) {
      const part: Part = { of: "write", node: node.id, index };
      const shape = this.#shape(write.value, this.#shapes.scope(this.#frame, { node: this.#node, on: write.on ?? "success" }), part);
      if (write.type !== undefined) this.#place(write.value, shape, write.type, write.optional, part, `\`${write.name}\``);
    }
    this.#own(plain, own);
    if (node.exit !== undefined) this.#shape(node.exit.output, this.#shapes.scope(this.#frame, { node: this.#node, on: "success" }), own);
    for (const inner of this.#node.bodies) for (const { value } of inner.inputs) this.#shape(value, plain, own);
    this.#guards();
  }

  #guards(): void {
    for (const on of outcomes) {
      const edges = this.#node.edges[on];
      if (edges.every(({ guard }) => guard === undefined)) continue;
      const scope = this.#shapes.scope(this.#frame, { node: this.#node, on });
      for (const edge of edges) {
        const { id, guard } = edge;
        if (guard === undefined) continue;
        const part: Part = { of: "guard", edge: id };
        const report = (trouble: Trouble): void => void this.#found.push({ trouble, part, node: this.#node, guard, edge });
        condition(guard, shapeOfExpr(guard, scope, report), report);
      }
    }
  }

  /** The expressions of its kind. */
  #own(plain: ShapeScope, own: Part): void {
    const { node } = this.#node;
    const prompt: Part = { of: "prompt", node: node.id };
    switch (node.kind) {
      case "model":
        this.#shape(node.prompt, plain, prompt);
        return;
      case "human":
        this.#shape(node.prompt, plain, prompt);
        if (node.details !== undefined) this.#shape(node.details, plain, own);
        return;
      case "wait": {
        const { wait } = node;
        if (wait.kind === "duration")
          this.#place(wait.ms, this.#shape(wait.ms, plain, own), { kind: "number" }, false, own, "how long it waits");
        if (wait.kind === "until") this.#shape(wait.at, plain, own);
        return;
      }
      case "map": {
        const list: ValueType = { kind: "array", items: { kind: "json" } };
        this.#place(node.over, this.#shape(node.over, plain, own), list, false, own, "what it goes over");
        return;
      }
      case "loop": {
        for (const { initial } of node.carried) this.#shape(initial, plain, own);
        const test = this.#shape(node.while, loopScope(plain, this.#node, this.#shapes), own);
        condition(node.while, test, (trouble) => this.#found.push({ trouble, part: own, node: this.#node }));
        return;
      }
      default:
    }
  }

  #shape(expr: Expr, scope: ShapeScope, part: Part): Shape {
    return shapeOfExpr(expr, scope, (trouble) => this.#found.push({ trouble, part, node: this.#node }));
  }

  /** A value in a place that has a type, where it never fits. A missing value is another matter. */
  #place(expr: Expr, shape: Shape, type: ValueType, optional: boolean | undefined, part: Part, what: string): void {
    const misfit = (found: string): void =>
      void this.#found.push({ trouble: { kind: "misfit", what, type, found }, part, node: this.#node });
    if (expr.kind === "literal") {
      if (expr.value === null && optional === true) return;
      const [problem] = checkValue(type, expr.value);
      if (problem !== undefined) misfit(showShape(shape));
      return;
    }
    const wanted = shapeOfType(type);
    if (!isUnknown(shape) && neverFits(shape, orNull(wanted))) misfit(showShape(shape));
  }
}

/** The condition of a loop reads the carried variables, and around them the frame of the loop. */
export function loopScope(plain: ShapeScope, { node, bodies }: FrameNode, shapes: VariableShapes): ShapeScope {
  const [body] = bodies;
  if (node.kind !== "loop" || body === undefined) return plain;
  const carried = new Set(node.carried.map(({ name }) => name));
  const inner = shapes.scope(body);
  return { ...plain, var: (name) => (carried.has(name) ? inner.var(name) : plain.var(name)) };
}
