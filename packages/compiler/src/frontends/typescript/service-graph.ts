/**
 * The graph of a service: calls and choices as nodes, edges and guards.
 *
 * Within one stretch of a body everything that has a value has a node that sends it, and each message that starts a
 * lineage makes every one of these nodes send, or none. So a call that reads several values is behind a join of their
 * senders, and a choice over several values, or with several in its ways, is a join of its own whose edges have the guards:
 * what is in a way is sent by that join, and comes together there again. A join waits for no message that does not come,
 * unless a call failed; replaying that dead letter completes it.
 */
import type { Edge, Expr, FireRule, Node, Read } from "@heddle/core";
import { refsOf } from "@heddle/core";
import { mapRefs, variableRef } from "../../authoring/expressions.ts";
import type { Written } from "./draft.ts";
import type { ServiceItem } from "./lower-service.ts";
import { type Lowering, refuse, textAt } from "./lowering.ts";

export interface ServiceGraph {
  readonly entry: string;
  readonly nodes: Node[];
  readonly edges: Edge[];
}

/** Where a value is: what its sender sends, or a part of it. */
interface Held {
  readonly sender: string;
  readonly path: readonly string[];
}

/** A stretch of a body: where its values are, and what messages of their senders have to fulfil to be in it. */
interface Stretch {
  readonly values: ReadonlyMap<string, Held>;
  readonly guards: ReadonlyMap<string, readonly Guard[]>;
  /** Sends whenever a message is in the stretch. */
  readonly trigger: string;
}

interface Guard {
  readonly test: Expr;
  readonly at: Written;
}

const payload = variableRef("payload");

/** `entry`: the node that messages come to from outside. `nodes`: those of the calls, as their options have them. */
export function graphOfService(ctx: Lowering, entry: string, items: readonly ServiceItem[], nodes: readonly Node[]): ServiceGraph {
  const graph = new Graph(ctx, entry, nodes);
  graph.build(items, { values: new Map([[entry, { sender: entry, path: [] }]]), guards: new Map(), trigger: entry });
  return graph.done();
}

class Graph {
  readonly #ctx: Lowering;
  readonly #entry: string;
  readonly #given: ReadonlyMap<string, Node>;
  readonly #nodes: Node[] = [];
  readonly #edges: Edge[] = [];
  /** Of each sender: the group of messages that it sends one for. Those of one lineage: the entry. */
  readonly #rhythm = new Map<string, string>();
  #drain: string | undefined;

  constructor(ctx: Lowering, entry: string, nodes: readonly Node[]) {
    this.#ctx = ctx;
    this.#entry = entry;
    this.#given = new Map(nodes.map((node) => [node.id, node]));
    this.#nodes.push({ kind: "router", id: entry });
    this.#rhythm.set(entry, entry);
  }

  build(items: readonly ServiceItem[], around: Stretch): void {
    const values = new Map(around.values);
    const stretch = { ...around, values };
    for (const item of items) {
      if (item.kind === "choice") this.#choice(item, stretch);
      else {
        this.#call(item, stretch);
        values.set(item.node.id, { sender: item.node.id, path: [] });
      }
    }
  }

  done(): ServiceGraph {
    // What no edge takes would be a dead letter: a way that nothing is on takes it.
    for (const { id } of [...this.#nodes]) {
      const guards = this.#edges.filter(({ from }) => from === id).map(({ guard }) => guard);
      const tests = guards.filter((guard) => guard !== undefined);
      if (guards.length === 0 || tests.length < guards.length || isComplete(tests)) continue;
      this.#edge(id, this.#drainNode(), [
        {
          test: { kind: "not", of: tests.length === 1 && tests[0] !== undefined ? tests[0] : { kind: "or", of: tests } },
          at: { start: 0, end: 0 },
        },
      ]);
    }
    return { entry: this.#entry, nodes: this.#nodes, edges: this.#edges };
  }

  #call({ node, reads, at }: Extract<ServiceItem, { kind: "call" }>, stretch: Stretch): void {
    const { id } = node;
    const given = this.#given.get(id);
    if (given === undefined) return;
    const { writes: _, reads: __, ...fields } = given;
    const fires: FireRule | undefined = fields.fires ?? (fields.template === "stream" ? { kind: "stream" } : undefined);
    const sources = [...new Set(reads.flatMap(({ value }) => sourcesOf(value)))];
    const [only] = reads;
    const isWhole = reads.length === 1 && only !== undefined && only.value.kind === "ref" && only.value.name?.startsWith("@") === true;
    if (fires !== undefined && (fires.kind === "collect" ? !isWhole : this.#sendersOf(sources, stretch).length > 1))
      this.#refuseShaped(id, at);
    const { sender, held } = this.#together(sources, stretch, id, at);
    this.#edge(sender, id, stretch.guards.get(sender) ?? []);
    const collects = fires?.kind === "collect";
    this.#rhythm.set(id, collects ? id : (this.#rhythm.get(sender) ?? this.#entry));
    const placed = reads.map((read): Read => ({ ...read, value: collects ? payload : located(read.value, held) }));
    const own = { ...fields, ...(fires === undefined ? {} : { fires }) };
    this.#nodes.push({ ...own, ...(placed.length === 0 ? {} : { reads: placed }) } as Node);
  }

  #choice({ test, then, otherwise, at }: Extract<ServiceItem, { kind: "choice" }>, stretch: Stretch): void {
    const sources = [...new Set([...sourcesOf(test), ...sourcesIn(then), ...sourcesIn(otherwise)])].filter((one) =>
      stretch.values.has(one),
    );
    const { sender, held, joined } = this.#together(sources, stretch, "if", at);
    const before = joined ? [] : (stretch.guards.get(sender) ?? []);
    const asked = located(test, held);
    const values = new Map([...stretch.values, ...held]);
    const way = (items: readonly ServiceItem[], guard: Expr): void => {
      if (items.length === 0) return;
      this.build(items, { values, guards: new Map([...stretch.guards, [sender, [...before, { test: guard, at }]]]), trigger: sender });
    };
    way(then, asked);
    way(otherwise, { kind: "not", of: asked });
  }

  #sendersOf(sources: readonly string[], stretch: Stretch): readonly string[] {
    return [...new Set(sources.flatMap((source) => stretch.values.get(source)?.sender ?? []))];
  }

  /** One sender of all these values: their own, or a join of those that they have. */
  #together(
    sources: readonly string[],
    stretch: Stretch,
    base: string,
    at: Written,
  ): { readonly sender: string; readonly held: ReadonlyMap<string, Held>; readonly joined: boolean } {
    const values = new Map(
      sources.flatMap((source): [string, Held][] => {
        const held = stretch.values.get(source);
        return held === undefined ? [] : [[source, held]];
      }),
    );
    const senders = this.#sendersOf(sources, stretch);
    const [first = stretch.trigger] = senders;
    if (senders.length <= 1) return { sender: first, held: values, joined: false };
    const rhythms = new Set(senders.map((sender) => this.#rhythm.get(sender)));
    if (rhythms.size > 1) this.#refuseApart(at);
    const id = this.#ctx.draft.claimId(base === "if" ? "if" : `${base}-join`);
    this.#nodes.push({ kind: "router", id, fires: { kind: "join", need: "all" } });
    this.#rhythm.set(id, this.#rhythm.get(first) ?? this.#entry);
    for (const sender of senders) this.#edge(sender, id, stretch.guards.get(sender) ?? []);
    const held = new Map(
      [...values].map(([source, { sender, path }]): [string, Held] => [source, { sender: id, path: [sender, ...path] }]),
    );
    return { sender: id, held, joined: true };
  }

  #edge(from: string, to: string, guards: readonly Guard[]): void {
    const tests = guards.map(({ test }) => test);
    const [only] = tests;
    const guard: Expr | undefined = tests.length > 1 ? { kind: "and", of: tests } : only;
    const base = `${from}-to-${to}`.slice(0, 110);
    let id = base;
    for (let n = 2; this.#edges.some((edge) => edge.id === id); n++) id = `${base}-${n}`;
    this.#edges.push({ id, from, to, ...(guard === undefined ? {} : { guard }) });
    const asked = guards.at(-1)?.at;
    if (asked !== undefined && asked.end > 0) this.#ctx.draft.written.conditions.set(id, asked);
  }

  /** Takes what goes no further. */
  #drainNode(): string {
    if (this.#drain !== undefined) return this.#drain;
    this.#drain = this.#ctx.draft.claimId("done");
    this.#nodes.push({ kind: "router", id: this.#drain, emits: null });
    return this.#drain;
  }

  #refuseApart(at: Written): void {
    refuse(this.#ctx, "HD3605", at, {
      message: `\`${textAt(this.#ctx, at)}\` reads what is there for each message, and what is there for a group of them`,
      reason: "Values come together that were made from the same first message; a step that collects gives one value for many.",
      help: "read the group alone: what is needed of its messages is in them, as far as what was sent to the step that collects has it",
    });
  }

  #refuseShaped(id: string, at: Written): void {
    refuse(this.#ctx, "HD3606", at, {
      message: `\`${id}\` is given something made of values, and takes messages as they are`,
      reason: "Groups and streams are made of the messages that one step sends.",
      help: "give it what one step gave, whole; let that step give all that is needed",
    });
  }
}

function sourcesOf(expr: Expr): readonly string[] {
  return refsOf(expr).flatMap(({ name }) => (name?.startsWith("@") === true ? [name.slice(1)] : []));
}

function sourcesIn(items: readonly ServiceItem[]): readonly string[] {
  return items.flatMap((item) =>
    item.kind === "call"
      ? item.reads.flatMap(({ value }) => sourcesOf(value))
      : [...sourcesOf(item.test), ...sourcesIn(item.then), ...sourcesIn(item.otherwise)],
  );
}

/** The expression over what is sent. */
function located(expr: Expr, held: ReadonlyMap<string, Held>): Expr {
  return mapRefs(expr, (ref) => {
    const at = ref.name?.startsWith("@") === true ? held.get(ref.name.slice(1)) : undefined;
    return at === undefined ? ref : at.path.reduce<Expr>((of, name) => ({ kind: "field", of, name }), payload);
  });
}

/** Whether one of two guards that say the opposite is always true. */
function isComplete(tests: readonly Expr[]): boolean {
  const said = new Set(tests.map((test) => JSON.stringify(test)));
  return tests.some((test) => test.kind === "not" && said.has(JSON.stringify(test.of)));
}
