/** The workflows that are measured, as IR: what a compiler would make of the plainest source. */
import { type Expr, irVersion, type Node, type WorkflowIr } from "@heddle/core";

/** The one handler. It is given `n`, and gives `{ n: n + 1, payload }`. */
const handler = "step";

const variable = (name: string): Expr => ({ kind: "ref", scope: "var", name });
const result = (name: string): Expr => ({ kind: "ref", scope: "result", name });
const literal = (value: number): Expr => ({ kind: "literal", value });
const below = (left: Expr, limit: number): Expr => ({ kind: "compare", op: "lt", left, right: literal(limit) });

/** Steps that follow each other: each is given what the one before gave, and all results are kept. */
export function chainWorkflow(steps: number): WorkflowIr {
  const nodes = Array.from({ length: steps }, (_, step): Node => {
    const reads = [{ name: "n", value: step === 0 ? literal(0) : variable("n") }];
    const writes = [{ name: "n", value: result("n") }];
    const base = { kind: "handler", id: `s${step}`, handler, reads, writes } as const;
    return step === steps - 1 ? { ...base, exit: { output: variable("n") } } : base;
  });
  const edges = nodes.slice(1).map((node, step) => ({ id: `e${step}`, from: `s${step}`, to: node.id }));
  const inputs = [{ name: "key", type: { kind: "string" as const }, optional: true }];
  return { ir: irVersion, id: `chain-${steps}`, discipline: "stages", inputs, entry: "s0", nodes, edges };
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
