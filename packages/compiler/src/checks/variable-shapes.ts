/**
 * The shapes of all variables of all frames: from their types where they have one, otherwise from what is
 * written to them, over and over until nothing is added. One shape for a variable, wherever it is read.
 */
import type { EdgeOutcome, ValueType, WorkflowInput, WorkflowIr } from "@heddle/core";
import {
  booleanShape,
  joinShapes,
  kind,
  listOf,
  noShape,
  nullShape,
  numberShape,
  objectOf,
  orNull,
  type Shape,
  sameShape,
  shapeOfType,
  stringShape,
  unknownShape,
} from "../expressions/shape.ts";
import { type ShapeScope, shapeOfExpr } from "../expressions/shape-of.ts";
import { type Frame, type FrameNode, holdsWrites } from "./frames.ts";

export interface VariableShapes {
  /** What expressions of the frame read; with a node, also what they read of its outcome. */
  scope(frame: Frame, of?: { readonly node: FrameNode; readonly on: EdgeOutcome }): ShapeScope;
  /** Whether something gives the variable a value: an input, a region, or a write. */
  has(frame: Frame, name: string): boolean;
  names(frame: Frame): Iterable<string>;
}

/** Rounds until what is not settled counts as unknown; regions nest at most 32 deep. */
const roundsMax = 40;

export const failureShape: Shape = objectOf(
  new Map([
    ["code", stringShape],
    ["message", stringShape],
    ["class", stringShape],
    ["retryable", booleanShape],
    ["node", orNull(stringShape)],
  ]),
);

export function variableShapes(ir: WorkflowIr, frames: readonly Frame[]): VariableShapes {
  const solver = new Solver(ir, frames);
  solver.solve();
  return solver;
}

class Solver implements VariableShapes {
  readonly #ir: WorkflowIr;
  readonly #frames: readonly Frame[];
  readonly #variables: readonly Map<string, Shape>[];
  /** What the exits of a frame give. */
  readonly #outputs: Shape[];
  #changed = false;
  #settled = false;

  constructor(ir: WorkflowIr, frames: readonly Frame[]) {
    this.#ir = ir;
    this.#frames = frames;
    this.#variables = frames.map(() => new Map<string, Shape>());
    this.#outputs = frames.map(() => noShape);
  }

  solve(): void {
    for (let round = 0; round < roundsMax; round++) {
      this.#changed = false;
      for (const frame of this.#frames) this.#round(frame);
      if (!this.#changed) break;
    }
    if (this.#changed) {
      for (const variables of this.#variables) for (const name of variables.keys()) variables.set(name, unknownShape);
      this.#outputs.fill(unknownShape);
    }
    this.#settled = true;
  }

  has(frame: Frame, name: string): boolean {
    return this.#variables[frame.number]?.has(name) === true;
  }

  names(frame: Frame): Iterable<string> {
    return this.#variables[frame.number]?.keys() ?? [];
  }

  scope(frame: Frame, of?: { readonly node: FrameNode; readonly on: EdgeOutcome }): ShapeScope {
    const variables = this.#variables[frame.number];
    const read = (name: string): Shape => {
      const shape = variables?.get(name) ?? noShape;
      return shape.kinds === 0 && this.#settled ? unknownShape : shape;
    };
    if (of === undefined) return { var: read };
    return of.on === "success" ? { var: read, result: this.#resultOf(of.node) } : { var: read, failure: failureShape };
  }

  #round(frame: Frame): void {
    this.#start(frame);
    const plain = this.scope(frame);
    for (const node of frame.nodes) {
      for (const write of node.node.writes ?? []) {
        const value = (): Shape => shapeOfExpr(write.value, this.scope(frame, { node, on: write.on ?? "success" }));
        this.#add(
          frame,
          write.name,
          write.type === undefined || !holdsWrites(node.node, write.on) ? value() : ofPlace(write.type, write.optional),
        );
      }
      if (node.node.exit !== undefined && !node.fails) {
        this.#output(frame, shapeOfExpr(node.node.exit.output, this.scope(frame, { node, on: "success" })));
      }
      for (const inner of node.bodies) {
        for (const { name, value, type } of inner.inputs)
          this.#add(inner, name, type === undefined ? shapeOfExpr(value, plain) : shapeOfType(type));
      }
      this.#startBodies(node, plain);
    }
  }

  /** What is there before the first node. */
  #start(frame: Frame): void {
    if (frame.owner === undefined) for (const input of this.#ir.inputs) this.#add(frame, input.name, ofInput(input));
  }

  #startBodies({ node, bodies }: FrameNode, scope: ShapeScope): void {
    const [body] = bodies;
    if (body === undefined) return;
    if (node.kind === "map") {
      const over = shapeOfExpr(node.over, scope);
      this.#add(body, node.item, over.items ?? (over.kinds === 0 ? noShape : unknownShape));
      if (node.index !== undefined) this.#add(body, node.index, numberShape);
    } else if (node.kind === "loop") {
      for (const { name, initial, type } of node.carried) {
        if (type !== undefined) this.#add(body, name, shapeOfType(type));
        else {
          this.#add(body, name, shapeOfExpr(initial, scope));
          this.#add(body, name, this.#nextOf(body, name));
        }
      }
    } else if (node.kind === "try" && node.catch !== undefined) {
      const caught = bodies[1];
      if (caught !== undefined) this.#add(caught, node.failureName ?? "failure", failureShape);
    }
  }

  /** What the exits of a loop's body give for a carried variable; none of one that leaves it out. */
  #nextOf(body: Frame, name: string): Shape {
    let next = noShape;
    for (const inner of body.nodes) {
      const output = inner.fails ? undefined : inner.node.exit?.output;
      if (output === undefined) continue;
      if (output.kind === "object" && !output.fields.some((field) => field.name === name)) continue;
      const shape = shapeOfExpr(output, this.scope(body, { node: inner, on: "success" }));
      next = joinShapes(next, shape.kinds === 0 ? noShape : (shape.fields?.get(name) ?? unknownShape));
    }
    return next;
  }

  #resultOf({ node, bodies }: FrameNode): Shape {
    const output = (frame: Frame | undefined): Shape => (frame === undefined ? noShape : (this.#outputs[frame.number] ?? unknownShape));
    switch (node.kind) {
      case "model":
        return node.output === undefined ? unknownShape : shapeOfType(node.output);
      case "router":
        return nullShape;
      case "human":
        return node.mode === "approve"
          ? objectOf(new Map([["approved", { kinds: kind.boolean, values: [true] }], ...byWhom]))
          : objectOf(new Map([["answer", node.answer === undefined ? unknownShape : shapeOfType(node.answer)], ...byWhom]));
      case "wait":
        if (node.wait.kind !== "signal") return nullShape;
        return node.wait.type === undefined ? unknownShape : shapeOfType(node.wait.type);
      case "parallel":
        return objectOf(new Map(bodies.map((body) => [body.owner?.slot ?? "", output(body)])));
      case "map":
        if (node.collect === "collect") return listOf(objectOf(new Map([["ok", booleanShape]])));
        return output(bodies[0]).kinds === 0 ? noShape : listOf(output(bodies[0]));
      case "loop": {
        const [body] = bodies;
        if (body === undefined) return unknownShape;
        const { var: read } = this.scope(body);
        return objectOf(new Map(node.carried.map(({ name }) => [name, read(name)])));
      }
      case "try":
        return joinShapes(output(bodies[0]), node.catch === undefined ? noShape : output(bodies[1]));
      default:
        return unknownShape;
    }
  }

  #add(frame: Frame, name: string, shape: Shape): void {
    const variables = this.#variables[frame.number];
    const before = variables?.get(name);
    const after = before === undefined ? shape : joinShapes(before, shape);
    if (before !== undefined && sameShape(before, after)) return;
    variables?.set(name, after);
    this.#changed = true;
  }

  #output(frame: Frame, shape: Shape): void {
    const before = this.#outputs[frame.number] ?? noShape;
    const after = joinShapes(before, shape);
    if (sameShape(before, after)) return;
    this.#outputs[frame.number] = after;
    this.#changed = true;
  }
}

const byWhom: readonly (readonly [string, Shape])[] = [
  ["by", orNull(stringShape)],
  ["comment", orNull(stringShape)],
];

function ofPlace(type: ValueType, optional: boolean | undefined): Shape {
  const shape = shapeOfType(type);
  return optional === true ? orNull(shape) : shape;
}

function ofInput({ type, optional, default: preset }: WorkflowInput): Shape {
  return ofPlace(type, optional === true && (preset === undefined || preset === null));
}
