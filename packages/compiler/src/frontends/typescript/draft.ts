/**
 * The workflow while it is being made: frames, their nodes and edges, and the ways out that the next node is joined to.
 *
 * Variables have one name in the whole workflow. A frame that reads a variable of an outer frame names it among its
 * inputs, and so does each frame between. A frame that changes one holds a copy, and its region writes it back.
 */
import type { Edge, EdgeOutcome, Expr, Node, ValueType } from "@heddle/core";
import { mapRefs, variableRef } from "../../authoring/expressions.ts";

/** A stretch of the source. */
export interface Written {
  readonly start: number;
  readonly end: number;
}

export interface Tail {
  /** Absent: the entry of the frame. */
  readonly from: NodeDraft | undefined;
  readonly on: EdgeOutcome;
  readonly guard?: Expr;
  readonly priority?: number;
  /** Where the author wrote its guard. */
  readonly asked?: Written;
  /** What comes next may be written into `from` itself. */
  readonly open: boolean;
}

interface WriteDraft {
  readonly variable: string;
  readonly value: Expr;
  readonly on: EdgeOutcome;
  readonly type?: ValueType | undefined;
  readonly optional?: boolean | undefined;
}

export interface NodeDraft {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly writes: WriteDraft[];
  readonly offset: number | undefined;
  exit?: Expr;
}

export interface Frame {
  /** `function`: what it returns is its output. `region`: its output is an object of the variables that it holds copies of. */
  readonly kind: "function" | "region" | "finally";
  readonly parent: Frame | undefined;
  readonly variables: Set<string>;
  readonly inputs: Map<string, Expr>;
  /** Of a region: the variables whose values come out. */
  readonly copies: readonly string[];
  /** How control leaves it other than by its end, and the variables that tell. */
  readonly jumps: Map<string, Jump>;
  readonly left: LeftBy;
  /** Regions around it. */
  readonly depth: number;
  readonly nodes: NodeDraft[];
  readonly edges: Edge[];
  entry: string | undefined;
}

/** What `break` and `continue` aim at. */
export interface Target {
  readonly kind: "loop" | "switch";
  /** The frame of a loop's body, or the one around a switch. */
  readonly frame: Frame;
  readonly n: number;
  /** Ways that go on behind a switch. */
  readonly breaks: Tail[];
  /** Ways that go on at the end of a loop's body. */
  readonly continues: Tail[];
}

export type Jump = { readonly kind: "return" } | { readonly kind: "break" | "continue"; readonly target: Target };

/** Names of the variables that say how a region was left, and what is returned. The same inside and behind it. */
export interface LeftBy {
  readonly how: string;
  readonly value: string;
}

/** A stretch of a frame that is being written. */
export interface Block {
  readonly frame: Frame;
  tails: Tail[];
}

export interface BodyDraft {
  readonly inputs?: readonly { readonly name: string; readonly value: Expr; readonly type?: ValueType }[];
  readonly entry: string;
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

/** Largest expression that is written into the place of a variable. */
const inlineSizeMax = 60;

export class Draft {
  /** Deepest nesting of regions so far. */
  regionDepth = 0;
  /** Conditions by the ids of edges (those that only leave regions have none), and what is returned by those of nodes. */
  readonly written = { conditions: new Map<string, Written>(), exits: new Map<string, Written>() };
  /** Types that constants were held to when they got their values: what is passed on of them is held to the same. */
  readonly held = new Map<string, ValueType>();
  readonly #ids = new Set<string>();
  readonly #names = new Set<string>();
  readonly #used = new Set<string>();
  readonly #position: (offset: number) => { readonly line: number; readonly column: number };
  readonly #file: string;

  constructor(file: string, position: (offset: number) => { readonly line: number; readonly column: number }) {
    this.#file = file;
    this.#position = position;
  }

  frame(
    kind: Frame["kind"],
    parent: Frame | undefined,
    copies: readonly string[] = [],
    left: LeftBy = { how: "how", value: "value" },
  ): Block {
    const frame: Frame = {
      kind,
      parent,
      variables: new Set(copies),
      inputs: new Map(),
      copies,
      jumps: new Map(),
      left,
      depth: parent === undefined ? 0 : parent.depth + 1,
      nodes: [],
      edges: [],
      entry: undefined,
    };
    for (const name of copies) this.#used.add(name);
    this.regionDepth = Math.max(this.regionDepth, frame.depth);
    return { frame, tails: [{ from: undefined, on: "success", open: false }] };
  }

  /** The first free id of `base`, `base-2`, … */
  claimId(base: string): string {
    const clean = base
      .replace(/[^A-Za-z0-9_.-]/g, "-")
      .replace(/^(?![A-Za-z_])/, "_")
      .slice(0, 90);
    return firstFree(this.#ids, clean, "-");
  }

  /** A variable of the frame, under the first free name like `base`. */
  declare(base: string, frame: Frame): string {
    const clean = base
      .replace(/[^A-Za-z0-9_]/g, "_")
      .replace(/^(?![A-Za-z_])/, "_")
      .slice(0, 90);
    const name = firstFree(this.#names, clean, "_");
    frame.variables.add(name);
    return name;
  }

  /** Brings the variables of an expression into a frame. */
  bind(expr: Expr, frame: Frame): Expr {
    return mapRefs(expr, (ref) => {
      if (ref.scope === "var" && ref.name !== undefined) this.reach(ref.name, frame);
      return ref;
    });
  }

  /** Makes a variable readable in a frame. */
  reach(name: string, frame: Frame): void {
    this.#used.add(name);
    for (let at: Frame | undefined = frame; at !== undefined && !at.variables.has(name); at = at.parent)
      at.inputs.set(name, variableRef(name));
  }

  /** Adds a node after everything written in the block. */
  add(block: Block, id: string, fields: Readonly<Record<string, unknown>>, offset?: number): NodeDraft {
    const node: NodeDraft = { id, fields, writes: [], offset };
    const { frame } = block;
    for (const tail of block.tails) {
      if (tail.from === undefined) frame.entry = id;
      else {
        const edge = edgeOf(frame, tail.from.id, id, tail);
        frame.edges.push(edge);
        if (tail.asked !== undefined) this.written.conditions.set(edge.id, tail.asked);
      }
    }
    frame.nodes.push(node);
    block.tails = [{ from: node, on: "success", open: true }];
    return node;
  }

  /** The node that a branching block leaves from: its last one, or a router. */
  fork(block: Block, base: string, offset?: number): NodeDraft {
    return lastNode(block) ?? this.add(block, this.claimId(base), { kind: "router" }, offset);
  }

  /** Sets a variable at the end of the block: on its last node where that reads the same, else on a router. */
  write(block: Block, variable: string, value: Expr, offset?: number): void {
    const last = lastNode(block);
    if (last?.writes.every((write) => write.on === "success" && write.variable !== variable) === true) {
      const whole = throughWrites(value, last);
      if (sizeOf(whole, inlineSizeMax) <= inlineSizeMax) {
        last.writes.push({ variable, value: this.bind(whole, block.frame), on: "success" });
        return;
      }
    }
    const router = this.add(block, this.claimId(`set-${variable}`), { kind: "router" }, offset);
    router.writes.push({ variable, value: this.bind(value, block.frame), on: "success" });
  }

  /** Ends the frame's token with an output. */
  end(block: Block, output: Expr, offset?: number): void {
    const last = lastNode(block);
    const whole = last === undefined ? output : throughResults(output, last);
    const node = last ?? this.add(block, this.claimId("return"), { kind: "router" }, offset);
    node.exit = this.bind(whole, block.frame);
    if (offset !== undefined) this.written.exits.set(node.id, { start: offset, end: offset });
    block.tails = [];
  }

  /** The frame as the body of a region. */
  body(frame: Frame, without: ReadonlySet<string> = new Set()): BodyDraft {
    const inputs = [...frame.inputs].flatMap(([name, value]) => {
      const type = this.held.get(name);
      return without.has(name) ? [] : [{ name, value, ...(type === undefined ? {} : { type }) }];
    });
    return { ...(inputs.length === 0 ? {} : { inputs }), ...this.lowered(frame) };
  }

  lowered(frame: Frame): { entry: string; nodes: Node[]; edges: Edge[] } {
    return { entry: frame.entry ?? "", nodes: frame.nodes.map((node) => this.#node(node)), edges: frame.edges };
  }

  #node(draft: NodeDraft): Node {
    const writes = draft.writes
      .filter(({ variable, type }) => this.#used.has(variable) || type !== undefined)
      .map(({ variable, value, on, type, optional }) => ({
        name: variable,
        value,
        ...(on === "success" ? {} : { on }),
        ...(type === undefined ? {} : { type }),
        ...(type !== undefined && optional === true ? { optional } : {}),
      }));
    const source = draft.offset === undefined ? undefined : this.#position(draft.offset);
    const fields = typeof draft.fields["late"] === "function" ? (draft.fields["late"]() as object) : draft.fields;
    return {
      id: draft.id,
      ...fields,
      ...(writes.length === 0 ? {} : { writes }),
      ...(draft.exit === undefined ? {} : { exit: { output: draft.exit } }),
      ...(source === undefined ? {} : { source: { file: this.#file, line: source.line, column: source.column } }),
    } as Node;
  }
}

function firstFree(taken: Set<string>, base: string, between: string): string {
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}${between}${n}`;
  taken.add(name);
  return name;
}

/** The one node that the block ends in, where nothing but its success leads on. */
export function lastNode(block: Block): NodeDraft | undefined {
  const [tail] = block.tails;
  return block.tails.length === 1 && tail?.open === true ? tail.from : undefined;
}

/** An expression as it reads in the writes of a node, which are evaluated together over the frame as it was. */
function throughWrites(expr: Expr, node: NodeDraft): Expr {
  return mapRefs(expr, (ref) => {
    const own = ref.scope === "var" ? node.writes.find(({ on, variable }) => on === "success" && variable === ref.name) : undefined;
    return own?.value ?? ref;
  });
}

/** An exit sees the writes of its node; what only repeats the result is put in its place, so that no variable is needed. */
function throughResults(expr: Expr, node: NodeDraft): Expr {
  return mapRefs(expr, (ref) => {
    const own = ref.scope === "var" ? node.writes.find(({ on, variable }) => on === "success" && variable === ref.name) : undefined;
    return own !== undefined && own.value.kind === "ref" && own.value.scope === "result" ? own.value : ref;
  });
}

/** Parts of an expression; stops counting past `max`. */
function sizeOf(expr: Expr, max: number): number {
  let size = 0;
  const open: unknown[] = [expr];
  for (let at = open.pop(); at !== undefined && size <= max; at = open.pop()) {
    if (typeof at !== "object" || at === null) continue;
    if ("kind" in at) size++;
    if ("kind" in at && at.kind === "literal") continue;
    open.push(...Object.values(at));
  }
  return size;
}

function edgeOf(frame: Frame, from: string, to: string, { on, guard, priority }: Tail): Edge {
  const base = `${from}-to-${to}`.slice(0, 110);
  const taken = new Set(frame.edges.map(({ id }) => id));
  return {
    id: firstFree(taken, base, "-"),
    from,
    to,
    ...(on === "success" ? {} : { on }),
    ...(guard === undefined ? {} : { guard }),
    ...(priority === undefined ? {} : { priority }),
  };
}
