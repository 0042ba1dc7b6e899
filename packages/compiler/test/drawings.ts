// Workflows for the tests of the backends: small ones to look at, random ones of any size. Outside src, so
// that they are built into nothing.
import { type Body, type Edge, type Expr, irVersion, type Node, type WorkflowIr } from "@heddle/core";

export const literal = (value: Extract<Expr, { kind: "literal" }>["value"]): Expr => ({ kind: "literal", value });
export const variable = (name: string): Expr => ({ kind: "ref", scope: "var", name });
export const result = (name?: string): Expr => ({ kind: "ref", scope: "result", ...(name === undefined ? {} : { name }) });

export function handler(id: string, more: Partial<Node> = {}): Node {
  return { kind: "handler", id, handler: "act", ...more } as Node;
}

export function edge(from: string, to: string, more: Partial<Edge> = {}): Edge {
  return { id: `${from}-${to}-${more.on ?? "success"}`, from, to, ...more };
}

export function workflow(nodes: readonly Node[], edges: readonly Edge[], more: Partial<WorkflowIr> = {}): WorkflowIr {
  const entry = nodes[0]?.id ?? "none";
  return { ir: irVersion, id: "small", discipline: "stages", inputs: [], entry, nodes: [...nodes], edges: [...edges], ...more };
}

export function body(nodes: readonly Node[], edges: readonly Edge[] = [], more: Partial<Body> = {}): Body {
  return { entry: nodes[0]?.id ?? "none", nodes: [...nodes], edges: [...edges], ...more };
}

/** A release: asks, tries, goes over a list, and goes back when a person says no. */
export const release: WorkflowIr = workflow(
  [
    handler("draft", {
      label: "Draft the notes",
      reads: [{ name: "since", value: variable("since") }],
      writes: [{ name: "notes", value: result("text") }],
      retry: { attemptsMax: 3, delayMs: 500 },
      timeoutMs: 60_000,
      confinement: "process",
    }),
    { kind: "human", id: "review", mode: "approve", prompt: { kind: "template", parts: [literal("Publish "), variable("notes")] } },
    {
      kind: "map",
      id: "publish",
      over: variable("channels"),
      item: "channel",
      concurrencyMax: 2,
      body: body([handler("send", { exit: { output: result() } })], [], { inputs: [{ name: "notes", value: variable("notes") }] }),
    },
    { kind: "router", id: "done", exit: { output: variable("notes") } },
    { kind: "router", id: "stopped", exit: { output: literal(null) } },
  ],
  [
    edge("draft", "review", {
      guard: { kind: "compare", op: "gt", left: { kind: "length", of: result("text") }, right: literal(0) },
      priority: 1,
    }),
    edge("draft", "stopped", { priority: 2, reason: "nothing new" }),
    edge("draft", "stopped", { on: "timeout" }),
    edge("review", "publish"),
    edge("review", "draft", { on: "rejected" }),
    edge("publish", "done"),
    edge("publish", "stopped", { on: "failure" }),
  ],
  {
    id: "release-notes",
    inputs: [
      { name: "since", type: { kind: "string" } },
      { name: "channels", type: { kind: "array", items: { kind: "string" } } },
    ],
  },
);

/** A small generator of its own, so that a seed means the same graph for ever. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Any graph at all: cycles, arrows to oneself, several between two nodes, boxes in boxes. */
export function randomWorkflow(seed: number): WorkflowIr {
  const below = randomNumbers(seed);
  let names = 0;
  const bodyOf = (depth: number): Body => {
    const count = 1 + below(depth === 0 ? 14 : 5);
    const nodes: Node[] = Array.from({ length: count }, () => nodeOf(depth));
    const edges = Array.from({ length: below(2 * count + 1) }, () => {
      const [from, to] = [nodes[below(count)]?.id ?? "", nodes[below(count)]?.id ?? ""];
      const on = (["success", "success", "failure", "timeout"] as const)[below(4)] ?? "success";
      return {
        id: `e${names++}`,
        from,
        to,
        on,
        ...(below(2) === 0 ? { guard: { kind: "eq" as const, left: variable("x"), right: literal(names) } } : {}),
      };
    });
    return body(nodes, edges);
  };
  const nodeOf = (depth: number): Node => {
    const id = `${"node".repeat(1 + below(5))}${names++}`;
    switch (depth < 3 ? below(9) : 8) {
      case 0:
        return {
          kind: "parallel",
          id,
          branches: Array.from({ length: 1 + below(3) }, (_, index) => ({ name: `branch${index}`, body: bodyOf(depth + 1) })),
        };
      case 1:
        return {
          kind: "try",
          id,
          body: bodyOf(depth + 1),
          catch: bodyOf(depth + 1),
          ...(below(2) === 0 ? { finally: bodyOf(depth + 1) } : {}),
        };
      case 2:
        return { kind: "loop", id, carried: [], while: literal(false), body: bodyOf(depth + 1) };
      default:
        return handler(id);
    }
  };
  const { nodes, edges } = bodyOf(0);
  return workflow(nodes, edges, { id: `random-${seed}` });
}

/** So many nodes one after the other; `dense`: with arrows ahead and back besides. */
export function longWorkflow(count: number, dense: boolean): WorkflowIr {
  const below = randomNumbers(1);
  const nodes = Array.from({ length: count }, (_, index) => handler(`node-${index}`));
  const edges: Edge[] = [];
  for (let index = 0; index + 1 < count; index++) {
    edges.push({ id: `on${index}`, from: `node-${index}`, to: `node-${index + 1}` });
    if (dense && index % 2 === 0)
      edges.push({ id: `ahead${index}`, from: `node-${index}`, to: `node-${Math.min(count - 1, index + 1 + below(40))}`, on: "failure" });
    if (dense && index % 10 === 9)
      edges.push({ id: `back${index}`, from: `node-${index}`, to: `node-${index - 7}`, guard: variable("again") });
  }
  return workflow(nodes, edges, { id: "long" });
}

/** Plants a text wherever a workflow holds a text that its frontends take from an author. */
export function planted(ir: WorkflowIr, text: string): WorkflowIr {
  const plant = (value: unknown, key: string): unknown => {
    if (typeof value === "string")
      return ["kind", "ir", "discipline", "on", "mode", "scope", "op", "collect"].includes(key) ? value : `${value}${text}`;
    if (Array.isArray(value)) return value.map((each) => plant(each, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plant(member, name)]));
  };
  return plant(ir, "") as WorkflowIr;
}
