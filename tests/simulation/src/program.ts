/**
 * Random workflows of the stages discipline, from a seed. Every construct of the IR that runs occurs,
 * and whatever is made is well formed: `checkIr` finds nothing in it.
 */
import { type Body, type Edge, type Expr, irVersion, type Node, type WorkflowIr, type Write } from "@heddle/core";
import { SeededRandom } from "@heddle/testkit/simulator";
import { less, literal, numberType, orElse, Pieces, type Plain, result, type Scope, sum, variable } from "./pieces.ts";

export interface Program {
  readonly seed: number;
  /** The main workflow first. */
  readonly workflows: readonly WorkflowIr[];
  readonly signals: readonly string[];
  /** Constructs that occur in it. */
  readonly features: ReadonlySet<string>;
}

const depthMax = 4;

/** What is made here: the body of the main workflow, of a sub-workflow or of a region. */
interface Place {
  readonly depth: number;
  readonly vars: Scope;
  /** What an exit of this body gives, over the variables that it may read. */
  readonly output: (vars: Scope) => Expr;
}

export function programOf(seed: number): Program {
  return new Maker(seed).program();
}

class Maker {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #pieces: Pieces;
  readonly #signals = ["go", "stop"];
  readonly #subs: string[] = [];
  #budget = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#pieces = new Pieces(this.#random);
  }

  program(): Program {
    const random = this.#random;
    const subs: WorkflowIr[] = [];
    for (let i = random.weighted({ 0: 5, 1: 3, 2: 2 } as Record<string, number>); Number(i) > subs.length; ) {
      subs.push(this.#workflow(`sub${subs.length}`, random.integer(2, 6), 2));
      this.#subs.push(`sub${this.#subs.length}`);
    }
    const main = this.#workflow("main", random.pick([4, 8, 12, 18, 26]), 0);
    return { seed: this.#seed, workflows: [main, ...subs], signals: this.#signals, features: this.#pieces.features };
  }

  #workflow(id: string, budget: number, depth: number): WorkflowIr {
    const random = this.#random;
    this.#budget = budget;
    const body = this.#body({
      depth,
      vars: ["x", "list"],
      output: (vars) => ({ kind: "object", fields: vars.slice(-3).map((name) => ({ name, value: variable(name) })) }),
    });
    const limits = {
      ...(random.chance(0.1) ? { stepsMax: this.#pieces.mark("limit-steps", random.integer(2, 30)) } : {}),
      ...(random.chance(0.08) ? { timeMs: this.#pieces.mark("limit-time", random.integer(50, 9_000)) } : {}),
      ...(random.chance(0.4) ? { cleanupTimeoutMs: random.integer(10, 4_000) } : {}),
    };
    return {
      ir: irVersion,
      id,
      discipline: "stages",
      inputs: [
        { name: "x", type: { kind: "json" }, optional: true, default: 1 },
        { name: "list", type: { kind: "array", items: numberType }, default: [1, 2, 3] },
      ],
      ...body,
      queries: [{ name: "last", value: { kind: "array", items: ["x", ...this.#varsOf(body.nodes)].slice(-6).map(variable) } }],
      limits,
    };
  }

  #varsOf(nodes: readonly Node[]): readonly string[] {
    return nodes.flatMap((node) => (node.writes ?? []).map((write) => write.name));
  }

  #body(place: Place): { entry: string; nodes: Node[]; edges: Edge[] } {
    const random = this.#random;
    const count = Math.max(1, Math.min(this.#budget, random.integer(1, place.depth === 0 ? 6 : 3)));
    this.#budget -= count;
    const vars = [...place.vars];
    const nodes: Node[] = [];
    for (let i = 0; i < count; i++) {
      const node = this.#node(place.depth, vars);
      nodes.push(node);
      for (const write of node.writes ?? []) if (!vars.includes(write.name)) vars.push(write.name);
    }
    const exits = new Set([count - 1]);
    if (count > 2 && random.chance(0.08)) exits.add(this.#pieces.mark("exit-early", random.integer(0, count - 2)));
    const edges: Edge[] = [];
    for (const [i, node] of nodes.entries()) {
      if (exits.has(i))
        nodes[i] = {
          ...node,
          exit: {
            output:
              random.chance(0.3) && node.kind !== "router"
                ? place.depth > 0 && place.output([]).kind === "object"
                  ? place.output(vars)
                  : result()
                : place.output(vars),
          },
        };
      else edges.push(...this.#onwardEdges(nodes, i, vars));
      edges.push(...this.#otherEdges(nodes, i));
    }
    return { entry: (nodes[0] as Node).id, nodes, edges };
  }

  #onwardEdges(nodes: Node[], i: number, vars: Scope): Edge[] {
    const random = this.#random;
    const from = (nodes[i] as Node).id;
    const edge = (to: number, extra: Partial<Edge> = {}): Edge => ({
      id: this.#pieces.name("e"),
      from,
      to: (nodes[to] as Node).id,
      ...extra,
    });
    const later = (): number => random.integer(i + 1, nodes.length - 1);
    const onward = edge(i + 1, random.chance(0.5) ? { priority: 10 } : {});
    if (random.chance(0.06)) {
      this.#pieces.mark("edge-back", true);
      const counter = this.#pieces.name("c");
      const node = nodes[i] as Node;
      const counted: Write = { name: counter, value: sum(orElse(variable(counter), literal(0)), literal(1)) };
      nodes[i] = { ...node, writes: [...(node.writes ?? []), counted] };
      return [edge(random.integer(0, i), { guard: less(variable(counter), literal(random.integer(2, 3))), priority: -1 }), onward];
    }
    if (!random.chance(0.3)) return [onward];
    this.#pieces.mark("edge-guard", true);
    const guarded = Array.from({ length: random.integer(1, 2) }, () =>
      edge(later(), { guard: this.#pieces.guard(vars), priority: random.integer(-2, 5) }),
    );
    if (random.chance(0.88)) return [...guarded, { ...onward, priority: 10 }];
    this.#pieces.mark("edge-no-default", true);
    return guarded;
  }

  #otherEdges(nodes: readonly Node[], i: number): Edge[] {
    const random = this.#random;
    const node = nodes[i] as Node;
    if (node.kind === "router" || i === nodes.length - 1) return [];
    const edges: Edge[] = [];
    const add = (on: "failure" | "timeout" | "rejected", probability: number): void => {
      if (!random.chance(probability)) return;
      this.#pieces.mark(`edge-${on}`, true);
      const to = nodes[random.integer(i + 1, nodes.length - 1)] as Node;
      const guard: Expr = {
        kind: "eq",
        left: { kind: "ref", scope: "failure", name: "code" },
        right: literal(random.pick(["handler-failed", "flaky"])),
      };
      edges.push({ id: this.#pieces.name("e"), from: node.id, to: to.id, on, ...(random.chance(0.2) ? { guard } : {}) });
    };
    add("failure", 0.2);
    if (node.timeoutMs !== undefined) add("timeout", 0.3);
    if (node.kind === "human") add("rejected", 0.4);
    return edges;
  }

  #node(depth: number, vars: Scope): Node {
    const region = depth < depthMax && this.#budget > 0 ? 1 : 0;
    const kind = this.#random.weighted({
      handler: 34,
      router: 7,
      sleep: 5,
      until: 3,
      signal: 6,
      human: 6,
      workflow: this.#subs.length > 0 ? 8 : 0,
      parallel: 8 * region,
      map: 8 * region,
      loop: 7 * region,
      try: 12 * region,
    });
    const node = this.#made(kind, depth, vars);
    if (depth > 2 && node.kind !== "handler") this.#pieces.mark("nested-deep", true);
    return node;
  }

  #made(kind: string, depth: number, vars: Scope): Node {
    const random = this.#random;
    const id = this.#pieces.name("n");
    const plain = this.#pieces.plain(vars);
    const timed = (probability: number, minMs: number, maxMs: number): { timeoutMs?: number } =>
      random.chance(probability) ? { timeoutMs: this.#pieces.mark(`timeout-${kind}`, random.integer(minMs, maxMs)) } : {};
    this.#pieces.mark(kind, true);
    switch (kind) {
      case "router": {
        const fails = random.chance(0.12)
          ? { raw: { fail: this.#pieces.mark("router-fails", { code: "flaky", message: "it was thrown" }) } }
          : {};
        return {
          kind,
          id,
          ...(plain.writes === undefined ? {} : { writes: plain.writes.filter((write) => write.on === undefined) }),
          ...fails,
        };
      }
      case "sleep":
        return {
          kind: "wait",
          id,
          ...plain,
          wait: { kind: "duration", ms: random.chance(0.92) ? literal(random.integer(0, 3_000)) : variable(random.pick(vars)) },
        };
      case "until":
        return {
          kind: "wait",
          id,
          ...plain,
          wait: {
            kind: "until",
            at: literal(random.chance(0.5) ? 1_735_689_600_000 + random.integer(0, 4_000) : "2025-01-01T00:00:01.5Z"),
          },
        };
      case "signal":
        return {
          kind: "wait",
          id,
          ...plain,
          ...timed(0.4, 10, 4_000),
          wait: {
            kind: "signal",
            name: random.pick(this.#signals),
            ...(random.chance(0.2) ? { type: this.#pieces.mark("signal-typed", numberType) } : {}),
          },
        };
      case "human":
        return random.chance(0.5)
          ? {
              kind,
              id,
              ...plain,
              ...timed(0.4, 10, 4_000),
              mode: this.#pieces.mark("approve", "approve" as const),
              prompt: literal("may it?"),
            }
          : {
              kind,
              id,
              ...plain,
              ...timed(0.4, 10, 4_000),
              mode: this.#pieces.mark("answer", "answer" as const),
              prompt: variable("x"),
              ...(random.chance(0.5) ? { answer: numberType } : {}),
            };
      case "workflow":
        return {
          kind,
          id,
          ...plain,
          reads: [{ name: random.chance(0.96) ? "x" : "y", value: variable(random.pick(vars)) }],
          ...timed(0.25, 10, 3_000),
          ...(random.chance(0.25) ? { retry: this.#pieces.retry() } : {}),
          workflow: random.pick(this.#subs),
        };
      case "parallel":
      case "map":
      case "loop":
      case "try":
        return this.#region(
          kind,
          id,
          { ...(plain.writes === undefined ? {} : { writes: plain.writes }), ...timed(0.2, 1, 3_000) },
          depth,
          vars,
        );
      default:
        return {
          kind: "handler",
          id,
          handler: "act",
          ...plain,
          ...timed(0.25, 5, 1_500),
          ...(random.chance(0.35) ? { retry: this.#pieces.retry() } : {}),
          ...(random.chance(0.18) ? { safety: this.#pieces.mark("unsafe", "unsafe" as const) } : {}),
        };
    }
  }

  #inner(place: Place): Body {
    const inputs = place.vars.filter((name) => !["item", "at", "i", "failure"].includes(name));
    const named = this.#random.chance(0.5) ? inputs : inputs.slice(0, 2);
    return { inputs: named.map((name) => ({ name, value: variable(name) })), ...this.#body(place) };
  }

  #region(kind: "parallel" | "map" | "loop" | "try", id: string, plain: Plain, depth: number, around: Scope): Node {
    const random = this.#random;
    const vars = around.slice(0, 2);
    const output = (names: Scope): Expr => (names.length === 0 ? literal(null) : variable(random.pick(names)));
    const inner = (extra: Scope = [], give = output): Body => this.#inner({ depth: depth + 1, vars: [...vars, ...extra], output: give });
    switch (kind) {
      case "parallel":
        return { kind, id, ...plain, branches: Array.from({ length: random.integer(1, 3) }, (_, i) => ({ name: `b${i}`, body: inner() })) };
      case "map": {
        const lists: Expr[] = [
          variable("list"),
          variable("list"),
          literal([]),
          literal([1]),
          literal([5, 6, 7, 8, 9]),
          variable(random.pick(around)),
        ];
        const over = random.pick(lists);
        if (over.kind === "literal" && Array.isArray(over.value) && over.value.length === 0) this.#pieces.mark("map-empty", true);
        return {
          kind,
          id,
          ...plain,
          over,
          item: "item",
          ...(random.chance(0.3) ? { index: "at" } : {}),
          ...(random.chance(0.5) ? { concurrencyMax: this.#pieces.mark("map-concurrency", random.integer(1, 3)) } : {}),
          ...(random.chance(0.4) ? { collect: this.#pieces.mark("map-collect", "collect" as const) } : {}),
          body: inner(["item"]),
        };
      }
      case "loop": {
        const rounds = random.integer(0, 4);
        return {
          kind,
          id,
          ...plain,
          carried: [
            { name: "i", initial: literal(0) },
            { name: "kept", initial: variable(random.pick(around)) },
          ],
          while: less(variable("i"), literal(rounds)),
          ...(random.chance(0.4) ? { test: this.#pieces.mark("loop-after", "after" as const) } : {}),
          ...(random.chance(0.4) ? { iterationsMax: this.#pieces.mark("loop-limit", random.integer(0, 4)) } : {}),
          body: inner(["i", "kept"], () => ({ kind: "object", fields: [{ name: "i", value: sum(variable("i"), literal(1)) }] })),
        };
      }
      default:
        return {
          kind: "try",
          id,
          ...plain,
          body: inner(),
          ...(random.chance(0.6) ? { catch: this.#pieces.mark("catch", inner(["failure"])) } : {}),
          ...(random.chance(0.6) ? { finally: this.#pieces.mark("finally", inner()) } : {}),
        };
    }
  }
}
