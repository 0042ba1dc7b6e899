/** The workflows that are measured, as IR: what a compiler would make of the plainest source. */
import { type Expr, irVersion, type Node, type WorkflowIr } from "@heddle/core";

/** What is carried out, by a handler, an action and a node alike. It is given `n`, and gives `{ n: n + 1, payload }`. */
const handler = "step";

/** The handler of the reduction. It is given what `step` gave for each item as `items`, and gives `{ n }`, their sum. */
const reduceHandler = "sum";

/** The plugin of the benchmarks and its one action; and the one node of its node server. */
export const pluginName = "bench";
export const actionName = "step";
export const nodeUid = "bench.step";

const variable = (name: string): Expr => ({ kind: "ref", scope: "var", name });
const result = (name: string): Expr => ({ kind: "ref", scope: "result", name });
const literal = (value: number): Expr => ({ kind: "literal", value });
const below = (left: Expr, limit: number): Expr => ({ kind: "compare", op: "lt", left, right: literal(limit) });

/** Who carries out a step. */
export type StepKind = "handler" | "tool" | "remote";

const tool = `${pluginName}.${actionName}`;

/** As authors write them, with what a node of its kind has by default. An action that only reads is a plain step; a remote node is not. */
const carriedOut = {
  handler: { kind: "handler", handler },
  tool: { kind: "tool", capability: tool, tool, permission: "read" },
  remote: { kind: "remote", remote: { node: nodeUid } },
} as const;

/** Steps that follow each other: each is given what the one before gave, and all results are kept. */
export function chainWorkflow(steps: number, kind: StepKind = "handler"): WorkflowIr {
  // The outputs of a node of a node server are lists.
  const given: Expr = kind === "remote" ? { kind: "index", of: result("n"), at: literal(0) } : result("n");
  const nodes = Array.from({ length: steps }, (_, step): Node => {
    const reads = [{ name: "n", value: step === 0 ? literal(0) : variable("n") }];
    const base = { ...carriedOut[kind], id: `s${step}`, reads, writes: [{ name: "n", value: given }] };
    return step === steps - 1 ? { ...base, exit: { output: variable("n") } } : base;
  });
  const edges = nodes.slice(1).map((node, step) => ({ id: `e${step}`, from: `s${step}`, to: node.id }));
  const inputs = [{ name: "key", type: { kind: "string" as const }, optional: true }];
  return { ir: irVersion, id: `chain-${kind}-${steps}`, discipline: "stages", inputs, entry: "s0", nodes, edges };
}

/** Items that are all worked on at once, and one step that is given what all of them gave. */
export function mapWorkflow(): WorkflowIr {
  const item: Node = {
    kind: "handler",
    id: "item",
    handler,
    reads: [{ name: "n", value: variable("item") }],
    exit: { output: { kind: "ref", scope: "result" } },
  };
  const nodes: Node[] = [
    {
      kind: "map",
      id: "each",
      over: variable("items"),
      item: "item",
      body: { entry: "item", nodes: [item], edges: [] },
      writes: [{ name: "given", value: { kind: "ref", scope: "result" } }],
    },
    {
      kind: "handler",
      id: "reduce",
      handler: reduceHandler,
      reads: [{ name: "items", value: variable("given") }],
      exit: { output: result("n") },
    },
  ];
  const edges = [{ id: "then", from: "each", to: "reduce" }];
  const inputs = [{ name: "items", type: { kind: "array" as const, items: { kind: "number" as const } } }];
  return { ir: irVersion, id: "map", discipline: "stages", inputs, entry: "each", nodes, edges };
}

/** One run of many steps: a loop whose body is one handler. */
export function loopWorkflow(steps: number): WorkflowIr {
  const step: Node = {
    kind: "handler",
    id: "step",
    handler,
    reads: [{ name: "n", value: variable("n") }],
    exit: { output: { kind: "object", fields: [{ name: "n", value: result("n") }] } },
  };
  const loop: Node = {
    kind: "loop",
    id: "loop",
    carried: [{ name: "n", initial: literal(0) }],
    while: below(variable("n"), steps),
    body: { entry: "step", nodes: [step], edges: [] },
    exit: { output: result("n") },
  };
  return { ir: irVersion, id: `loop-${steps}`, discipline: "stages", inputs: [], entry: "loop", nodes: [loop], edges: [] };
}

/** The same as a cycle of edges. */
export function cycleWorkflow(steps: number): WorkflowIr {
  const nodes: Node[] = [
    {
      kind: "handler",
      id: "step",
      handler,
      reads: [{ name: "n", value: { kind: "coalesce", left: variable("n"), right: literal(0) } }],
      writes: [{ name: "n", value: result("n") }],
    },
    { kind: "router", id: "done", exit: { output: variable("n") } },
  ];
  const edges = [
    { id: "again", from: "step", to: "step", guard: below(variable("n"), steps) },
    { id: "end", from: "step", to: "done", priority: 1 },
  ];
  return { ir: irVersion, id: `cycle-${steps}`, discipline: "stages", inputs: [], entry: "step", nodes, edges };
}

/** Waits for a signal that never comes. */
export function waitingWorkflow(): WorkflowIr {
  const nodes: Node[] = [{ kind: "wait", id: "wait", wait: { kind: "signal", name: "go" }, exit: { output: literal(0) } }];
  return { ir: irVersion, id: "waiting", discipline: "stages", inputs: [], entry: "wait", nodes, edges: [] };
}
