/**
 * The recorder: what the builder's steps write into, and what knows the rules of frames.
 *
 * A frame is the workflow or a region's body. A block is a stretch of a frame: all of it, or one arm
 * of a branch. Its tails are the ways out of what was recorded so far, and the next node is joined to
 * all of them. Variables have unique names across the workflow; one that a body needs from outside
 * becomes an input of that body and of each body in between, under the same name.
 */
import type { Edge, EdgeOutcome, Expr, Node } from "@heddle/core";
import { AuthoringError, type CallSite, callSite } from "./authoring-error.ts";
import { mapRefs, variableRef } from "./expressions.ts";
import { assertName } from "./handler.ts";
import { type Derived, lower, type Owner, symbolic } from "./symbolic.ts";
import type { Type } from "./types.ts";
import type { Value } from "./value.ts";

export interface Variable {
  readonly name: string;
  readonly block: Block;
  /** May be assigned again. */
  readonly mutable: boolean;
  used: boolean;
}

interface Tail {
  /** Absent: the entry of the frame. */
  readonly from: NodeDraft | undefined;
  readonly on: EdgeOutcome;
  readonly guard?: Expr;
  readonly priority?: number;
  /** Whether what is recorded next may be written into `from` itself. */
  readonly open: boolean;
}

interface WriteDraft {
  readonly variable: Variable;
  readonly value: Expr;
  readonly on: EdgeOutcome;
  readonly type?: Type<unknown> | undefined;
}

export interface NodeDraft {
  readonly id: string;
  /** The fields of its kind, asked for once everything is recorded. */
  readonly fields: () => Record<string, unknown>;
  readonly writes: WriteDraft[];
  exit?: Expr;
}

export interface Frame {
  /** How messages name it: `the body of map-2`. */
  readonly what: string;
  readonly parent: Block | undefined;
  readonly inputs: Map<string, Expr>;
  readonly nodes: NodeDraft[];
  readonly edges: Edge[];
  entry: string | undefined;
  /** Makes an exit output of what a body returns; default: the value itself. */
  readonly output?: ((value: unknown, what: string) => Expr) | undefined;
}

export interface Block {
  readonly frame: Frame;
  readonly parent: Block | undefined;
  tails: Tail[];
  /** Which step ended it, where one did. */
  ended: string | undefined;
}

/** A body in the form of the IR, without its inputs. */
export interface Lowered {
  readonly entry: string;
  readonly nodes: Node[];
  readonly edges: Edge[];
}

export class Recorder implements Owner {
  readonly workflow: string;
  readonly derived: Derived[] = [];
  /** Where each node was recorded. */
  readonly sites = new Map<string, CallSite>();
  /** The functions behind handler nodes. */
  readonly handlers = new Map<string, unknown>();
  /** The workflows that steps start, as far as they were given and not only named. */
  readonly children = new Map<string, unknown>();
  readonly queries: { readonly name: string; readonly value: Expr }[] = [];
  readonly #ids = new Map<string, CallSite | undefined>();
  readonly #variables = new Map<string, Variable>();
  #current: Block | undefined;

  constructor(workflow: string) {
    this.workflow = workflow;
  }

  /** A frame with its first block. */
  frame(what: string, parent: Block | undefined, output?: Frame["output"]): Block {
    const frame: Frame = { what, parent, inputs: new Map(), nodes: [], edges: [], entry: undefined, output };
    return { frame, parent, tails: [{ from: undefined, on: "success", open: false }], ended: undefined };
  }

  /** A block of the same frame that starts with these ways in. */
  arm(parent: Block, tails: Tail[]): Block {
    return { frame: parent.frame, parent, tails, ended: undefined };
  }

  /** Runs the author's function that records a block, and gives what it returned. */
  run<R>(block: Block, fn: () => R): R {
    const before = this.#current;
    this.#current = block;
    try {
      const value = fn();
      if (value instanceof Promise) {
        value.catch(() => undefined);
        throw new AuthoringError(
          `${block.frame.what} is an async function`,
          "Leave async and await out: steps follow each other by themselves, and wait for what they read",
        );
      }
      return value;
    } finally {
      this.#current = before;
    }
  }

  /** Holds a step to the builder of the function that is being recorded. */
  assertCurrent(block: Block, step: string): void {
    if (this.#current === undefined) {
      throw new AuthoringError(
        `${step} was called after workflow ${this.workflow} was built`,
        "Call steps inside the function of the workflow only",
      );
    }
    if (this.#current !== block) {
      throw new AuthoringError(
        `${step} was called on the builder of ${block.frame.what} inside ${this.#current.frame.what}`,
        "Use the builder that the inner function is given, and name the parameter b too",
      );
    }
    if (block.ended !== undefined) {
      throw new AuthoringError(`${step} comes after ${block.ended} and can never run`, "Remove it, or return in a branch only");
    }
  }

  /** An id for a node: the given one, which must be new, or the first free one of `base`, `base-2`, … */
  claimId(given: string | undefined, base: string): string {
    const site = callSite();
    if (given !== undefined) {
      assertName(given, "the id of a step");
      if (this.#ids.has(given)) {
        const first = this.#ids.get(given);
        throw new AuthoringError(
          `two steps have the id ${given}${first === undefined ? "" : ` (the first at line ${first.line})`}`,
          "Give one of them another id; a step without id takes the name of its handler",
        );
      }
    }
    const clean = base
      .replace(/[^A-Za-z0-9_.-]/g, "-")
      .replace(/^(?![A-Za-z_])/, "_")
      .slice(0, 90);
    let id = given ?? clean;
    for (let n = 2; given === undefined && this.#ids.has(id); n++) id = `${clean}-${n}`;
    this.#ids.set(id, site);
    if (site !== undefined) this.sites.set(id, site);
    return id;
  }

  /** A variable of the block's frame, under the first free name like `base`. */
  declare(base: string, block: Block, mutable = false): Variable {
    const clean = base
      .replace(/[^A-Za-z0-9_]/g, "_")
      .replace(/^(?![A-Za-z_])/, "_")
      .slice(0, 100);
    let name = clean;
    for (let n = 2; this.#variables.has(name); n++) name = `${clean}_${n}`;
    const variable: Variable = { name, block, mutable, used: false };
    this.#variables.set(name, variable);
    return variable;
  }

  valueOf<T>(variable: Variable): Value<T> {
    return symbolic<T>(variableRef(variable.name), this, false);
  }

  /** The variable that an expression is nothing but a read of. */
  variableOf(expr: Expr): Variable | undefined {
    return expr.kind === "ref" && expr.scope === "var" ? this.#variables.get(expr.name ?? "") : undefined;
  }

  /** An expression for what an author gave, where it is used. */
  resolve(value: unknown, block: Block, what: string): Expr {
    return this.bind(this.express(value, what), block);
  }

  /** An expression for what an author gave, whose variables are not looked at yet. */
  express(value: unknown, what: string): Expr {
    const { expr, owner } = lower(value, what);
    if (owner !== undefined && owner !== this) {
      throw new AuthoringError(
        `${what} is a value of workflow ${owner.workflow}, used in ${this.workflow}`,
        "Pass it to the other workflow as an input",
      );
    }
    return expr;
  }

  /** Holds the variables of an expression to the block, and carries those of outer frames in. */
  bind(expr: Expr, block: Block): Expr {
    return mapRefs(expr, (ref) => {
      if (ref.scope === "var") this.#bindName(ref.name ?? "", block);
      return ref;
    });
  }

  #bindName(name: string, block: Block): void {
    const variable = this.#variables.get(name);
    if (variable === undefined || !encloses(variable.block, block)) {
      const where = variable === undefined ? "another workflow" : variable.block.frame.what;
      const inside = variable !== undefined && variable.block.frame === block.frame ? "one arm of a branch" : where;
      throw new AuthoringError(
        `${name} is used outside of ${inside}, where it was made`,
        "Return it from that function: the step gives what its functions return",
      );
    }
    variable.used = true;
    for (let frame = block.frame; frame !== variable.block.frame && frame.parent !== undefined; frame = frame.parent.frame) {
      frame.inputs.set(name, variableRef(name));
    }
  }

  /** Adds a node after everything recorded in the block. */
  add(block: Block, id: string, fields: () => Record<string, unknown>): NodeDraft {
    const node: NodeDraft = { id, fields, writes: [] };
    const { frame } = block;
    for (const { from, on, guard, priority } of block.tails) {
      if (from === undefined) frame.entry = id;
      else frame.edges.push(edge(frame, from.id, id, on, guard, priority));
    }
    frame.nodes.push(node);
    block.tails = [{ from: node, on: "success", open: true }];
    return node;
  }

  addRouter(block: Block, base: string, raw?: Record<string, unknown>): NodeDraft {
    return this.add(block, this.claimId(undefined, base), () => ({ kind: "router", ...(raw === undefined ? {} : { raw }) }));
  }

  /** Sets a variable at the end of the block: on its last node where possible, else on a router of its own. */
  write(block: Block, variable: Variable, value: Expr, base: string): void {
    const last = lastNode(block);
    const own = last?.writes.filter((write) => write.on === "success") ?? [];
    if (last !== undefined && own.every((write) => write.variable !== variable)) {
      last.writes.push({ variable, value: this.bind(throughWrites(value, last), block), on: "success" });
    } else {
      const router = this.addRouter(block, base);
      router.writes.push({ variable, value: this.bind(value, block), on: "success" });
    }
  }

  /** Ends the block, and with it the frame's token, with an output. */
  end(block: Block, value: Expr, step: string): void {
    const node = lastNode(block) ?? this.addRouter(block, "return");
    node.exit = this.bind(throughWrites(value, node, isOfResult), block);
    block.tails = [];
    block.ended = step;
  }

  /** What a body's function returned, as the output of its frame. */
  outputOf(block: Block, value: unknown, what: string): Expr {
    const given = value === undefined ? null : value;
    return block.frame.output?.(given, what) ?? this.express(given, what);
  }

  lowered(block: Block): Lowered {
    const { frame } = block;
    return { entry: frame.entry ?? "", nodes: frame.nodes.map(nodeOf), edges: frame.edges };
  }
}

/** Whether what is made in `outer` may be used in `inner`. */
export function encloses(outer: Block, inner: Block): boolean {
  for (let block: Block | undefined = inner; block !== undefined; block = block.parent) if (block === outer) return true;
  return false;
}

/** The one node that the block ends in, where nothing but its success leads on. */
function lastNode(block: Block): NodeDraft | undefined {
  const [tail] = block.tails;
  return block.tails.length === 1 && tail?.open === true ? tail.from : undefined;
}

/**
 * An expression as it reads in the writes of a node, which are evaluated together over the frame as it
 * was: what the node itself writes is put in its place. `only`: which of its writes.
 */
function throughWrites(expr: Expr, node: NodeDraft, only: (value: Expr) => boolean = () => true): Expr {
  return mapRefs(expr, (ref) => {
    const own = ref.scope === "var" ? node.writes.find(({ on, variable }) => on === "success" && variable.name === ref.name) : undefined;
    return own !== undefined && only(own.value) ? own.value : ref;
  });
}

/** Whether an expression reads the same before and after the writes of its node. */
function isOfResult(expr: Expr): boolean {
  let vars = 0;
  mapRefs(expr, (ref) => {
    if (ref.scope === "var") vars++;
    return ref;
  });
  return vars === 0;
}

function edge(frame: Frame, from: string, to: string, on: EdgeOutcome, guard: Expr | undefined, priority: number | undefined): Edge {
  const base = `${from}-to-${to}`;
  const taken = new Set(frame.edges.map(({ id }) => id));
  let id = base.length > 120 ? `edge-${frame.edges.length + 1}` : base;
  for (let n = 2; taken.has(id); n++) id = `${base.length > 120 ? `edge-${frame.edges.length + 1}` : base}-${n}`;
  return {
    id,
    from,
    to,
    ...(on === "success" ? {} : { on }),
    ...(guard === undefined ? {} : { guard }),
    ...(priority === undefined ? {} : { priority }),
  };
}

function nodeOf(draft: NodeDraft): Node {
  const writes = draft.writes
    .filter(({ variable, type }) => variable.used || type !== undefined)
    .map(({ variable, value, on, type }) => ({
      name: variable.name,
      value,
      ...(on === "success" ? {} : { on }),
      ...(type === undefined ? {} : { type: type.type }),
      ...(type?.optional === true ? { optional: true } : {}),
    }));
  return {
    id: draft.id,
    ...draft.fields(),
    ...(writes.length === 0 ? {} : { writes }),
    ...(draft.exit === undefined ? {} : { exit: { output: draft.exit } }),
  } as Node;
}
