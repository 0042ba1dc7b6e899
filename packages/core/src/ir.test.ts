import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lit, ref, workflow } from "../test/values.ts";
import { hashJson } from "./hash.ts";
import { type Body, bodiesOf, type Edge, isSafeToRepeat, type Node, type NodeKind, type WaitNode, WorkflowIr } from "./ir.ts";
import { checkIr, regionDepthMax } from "./ir-check.ts";
import { type JsonObject, type JsonValue, parseJson } from "./json.ts";

const exit = { output: ref("x") };
const body: Body = { entry: "inner", nodes: [{ kind: "router", id: "inner", exit }], edges: [] };

/** The smallest node of each kind that belongs to stages. */
const nodes: readonly Node[] = [
  { kind: "model", id: "n", prompt: lit("say"), exit },
  { kind: "tool", id: "n", capability: "fs.read", exit },
  { kind: "handler", id: "n", handler: "h", exit },
  { kind: "process", id: "n", config: {}, exit },
  { kind: "agent", id: "n", agent: "helper", exit },
  { kind: "remote", id: "n", remote: { node: "n" }, exit },
  { kind: "router", id: "n", exit },
  { kind: "human", id: "n", mode: "approve", prompt: lit("sure?"), exit },
  { kind: "human", id: "n", mode: "answer", prompt: lit("which?"), answer: { kind: "string" }, exit },
  { kind: "wait", id: "n", wait: { kind: "duration", ms: lit(5) }, exit },
  { kind: "wait", id: "n", wait: { kind: "until", at: lit("2030-01-01T00:00:00Z") }, exit },
  { kind: "wait", id: "n", wait: { kind: "signal", name: "go" }, exit },
  { kind: "workflow", id: "n", workflow: "flow", exit },
  { kind: "parallel", id: "n", branches: [{ name: "a", body }], exit },
  { kind: "map", id: "n", over: ref("list"), item: "x", body, exit },
  { kind: "loop", id: "n", carried: [{ name: "x", initial: lit(0) }], while: lit(true), body, exit },
  { kind: "try", id: "n", body, exit },
];
const ofGraphs: readonly Node[] = [
  { kind: "aggregate", id: "n", exit },
  { kind: "sensor", id: "n", exit },
];

describe("a workflow of one node", () => {
  test.each([...nodes, ...ofGraphs].map((node) => [node.kind, node] as const))("%s parses to itself", (_, node) => {
    const ir = workflow([node]);
    expect(WorkflowIr.parse(ir)).toEqual(ir);
    expect(hashJson(WorkflowIr.parse(ir) as unknown as JsonValue)).toBe(hashJson(ir as unknown as JsonValue));
  });

  test.each(nodes.map((node) => [node.kind, node] as const))("%s is sound", (_, node) => {
    expect(checkIr(workflow([node]))).toEqual([]);
  });

  test.each(ofGraphs.map((node) => [node.kind, node] as const))("%s is sound in a graph alone", (_, node) => {
    expect(checkIr(workflow([node]))).toEqual([{ path: "flow/n", message: `${node.kind} nodes belong to the graph discipline` }]);
    expect(checkIr({ ...workflow([node]), discipline: "graph" })).toEqual([]);
  });
});

/** A larger workflow that is sound, with something of everything; each mutation spoils one thing. */
function soundIr(): WorkflowIr {
  const step = (id: string, on = "success"): JsonObject => ({ id: `to-${id}`, from: id, to: "end", on });
  const inner = (id: string): JsonObject => ({
    inputs: [{ name: "x", value: ref("title") }],
    entry: `${id}-in`,
    nodes: [{ kind: "handler", id: `${id}-in`, handler: "h", reads: [{ name: "x", value: ref("x") }], exit }],
    edges: [],
  });
  const made = {
    ...workflow([]),
    inputs: [
      { name: "title", type: { kind: "string" } },
      { name: "list", type: { kind: "array", items: { kind: "number" } } },
    ],
    entry: "start",
    nodes: [
      {
        kind: "handler",
        id: "start",
        handler: "h",
        reads: [
          { name: "a", value: ref("title") },
          { name: "b", value: lit(1) },
        ],
        writes: [
          { name: "plan.summary", value: { kind: "ref", scope: "result", name: "summary" } },
          { name: "why", value: { kind: "ref", scope: "failure" }, on: "failure" },
        ],
        retry: { attemptsMax: 3 },
      },
      { kind: "router", id: "choose" },
      {
        kind: "parallel",
        id: "both",
        branches: [
          { name: "p", body: inner("p") },
          { name: "q", body: inner("q") },
        ],
      },
      { kind: "map", id: "each", over: ref("list"), item: "item", body: inner("m") },
      { kind: "loop", id: "again", carried: [{ name: "n", initial: lit(0) }], while: ref("n"), body: inner("l") },
      { kind: "try", id: "careful", body: inner("t"), catch: inner("c"), finally: inner("f") },
      { kind: "human", id: "ask", mode: "approve", prompt: ref("title"), details: ref("title") },
      { kind: "wait", id: "pause", wait: { kind: "duration", ms: lit(1) } },
      { kind: "workflow", id: "child", workflow: "flow" },
      { kind: "router", id: "end", exit: { output: ref("title") } },
    ],
    edges: [
      { id: "e1", from: "start", to: "choose", guard: { kind: "ref", scope: "result", name: "ok" } },
      { id: "e2", from: "start", to: "end", on: "failure", guard: { kind: "ref", scope: "failure", name: "retryable" } },
      { id: "e3", from: "choose", to: "both" },
      ...["both", "each", "again", "careful", "ask", "pause", "child"].map((id) => step(id)),
    ],
    queries: [{ name: "progress", value: ref("title") }],
  };
  return WorkflowIr.parse(parseJson(JSON.stringify(made)));
}

type Draft = { -readonly [Key in keyof WorkflowIr]: WorkflowIr[Key] } & { nodes: Node[]; edges: Edge[] };

function nodeOf<Kind extends NodeKind>(ir: WorkflowIr, id: string, kind: Kind): Extract<Node, { kind: Kind }> {
  const found = ir.nodes.find((node) => node.id === id && node.kind === kind);
  return found as Extract<Node, { kind: Kind }>;
}

const noScope = "which does not exist there";
const resultRef = { kind: "ref", scope: "result" } as const;
const bodyNodes = (of: Body | undefined): Node[] => of?.nodes as Node[];

const mutations: readonly (readonly [string, (ir: Draft) => void, string, string])[] = [
  [
    "the entry is no node",
    (ir) => {
      ir.entry = "gone";
    },
    "flow",
    "entry gone is not a node of this body",
  ],
  [
    "an edge leads nowhere",
    (ir) => {
      ir.edges.push({ id: "bad", from: "start", to: "gone" });
    },
    "flow/bad",
    "edge bad has to gone, which is not a node of this body",
  ],
  [
    "an edge comes from nowhere",
    (ir) => {
      ir.edges.push({ id: "bad", from: "gone", to: "end" });
    },
    "flow/bad",
    "edge bad has from gone, which is not a node of this body",
  ],
  [
    "an edge leaves its body",
    (ir) => {
      (nodeOf(ir, "each", "map").body.edges as Edge[]).push({ id: "bad", from: "m-in", to: "end", on: "failure" });
    },
    "flow/each/body/bad",
    "edge bad has to end, which is not a node of this body",
  ],
  [
    "two edges have one id",
    (ir) => {
      ir.edges.push({ id: "e3", from: "choose", to: "end" });
    },
    "flow",
    "duplicate edge e3",
  ],
  [
    "two nodes have one id",
    (ir) => {
      ir.nodes.push({ kind: "router", id: "end", exit });
    },
    "flow/end",
    "duplicate node id end",
  ],
  [
    "a node in a body has the id of one outside",
    (ir) => {
      bodyNodes(nodeOf(ir, "careful", "try").catch).push({ kind: "router", id: "choose", exit });
    },
    "flow/careful/catch/choose",
    "duplicate node id choose",
  ],
  [
    "two inputs have one name",
    (ir) => {
      ir.inputs = [...ir.inputs, { name: "title", type: { kind: "json" } }];
    },
    "flow",
    "duplicate input title",
  ],
  [
    "two queries have one name",
    (ir) => {
      ir.queries = [...(ir.queries ?? []), { name: "progress", value: lit(1) }];
    },
    "flow",
    "duplicate query progress",
  ],
  [
    "a query reads a result",
    (ir) => {
      ir.queries = [{ name: "q", value: resultRef }];
    },
    "flow",
    `query q reads scope result, ${noScope}`,
  ],
  [
    "a node leads nowhere",
    (ir) => {
      ir.edges = ir.edges.filter((edge) => edge.from !== "pause");
    },
    "flow/pause",
    "node pause is not an exit and no success edge leaves it",
  ],
  [
    "a node has only edges for failure",
    (ir) => {
      ir.edges = ir.edges.map((edge) => (edge.from === "ask" ? { ...edge, on: "rejected" } : edge));
    },
    "flow/ask",
    "node ask is not an exit and no success edge leaves it",
  ],
  [
    "an exit goes on",
    (ir) => {
      ir.edges.push({ id: "on", from: "end", to: "start" });
    },
    "flow/end",
    "node end is an exit and has an outgoing success edge on",
  ],
  [
    "a router has an edge for failure",
    (ir) => {
      ir.edges.push({ id: "bad", from: "choose", to: "end", on: "failure" });
    },
    "flow/choose",
    "router choose cannot fail, and has an edge for something else than success",
  ],
  [
    "a sensor stands in stages",
    (ir) => {
      ir.nodes.push({ kind: "sensor", id: "s", exit });
    },
    "flow/s",
    "sensor nodes belong to the graph discipline",
  ],
  [
    "a sub-workflow is not there",
    (ir) => {
      nodeOf(ir, "child", "workflow").workflow = "other";
    },
    "flow/child",
    "sub-workflow other is not in the bundle",
  ],
  [
    "an approval has an answer type",
    (ir) => {
      nodeOf(ir, "ask", "human").answer = { kind: "boolean" };
    },
    "flow/ask",
    "an approving person answers yes or no, and has no answer type",
  ],
  [
    "a region is retried",
    (ir) => {
      nodeOf(ir, "again", "loop").retry = { attemptsMax: 2 };
    },
    "flow/again",
    "loop is a region, and retries belong to the nodes in it",
  ],
  [
    "two reads have one name",
    (ir) => {
      nodeOf(ir, "start", "handler").reads?.push({ name: "a", value: lit(1) });
    },
    "flow/start",
    "duplicate read a",
  ],
  [
    "two branches have one name",
    (ir) => {
      for (const branch of nodeOf(ir, "both", "parallel").branches) branch.name = "p";
    },
    "flow/both",
    "duplicate branch p",
  ],
  [
    "two carried variables have one name",
    (ir) => {
      nodeOf(ir, "again", "loop").carried.push({ name: "n", initial: lit(1) });
    },
    "flow/again",
    "duplicate carried variable n",
  ],
  [
    "two inputs of a body have one name",
    (ir) => {
      const each = nodeOf(ir, "each", "map");
      each.body = { ...each.body, inputs: [...(each.body.inputs ?? []), { name: "x", value: lit(1) }] };
    },
    "flow/each/body",
    "duplicate input x",
  ],
  [
    "a read reads a result",
    (ir) => {
      nodeOf(ir, "start", "handler").reads?.push({ name: "c", value: resultRef });
    },
    "flow/start",
    `read c of start reads scope result, ${noScope}`,
  ],
  [
    "a write reads a failure where there is none",
    (ir) => {
      nodeOf(ir, "start", "handler").writes?.push({ name: "c", value: { kind: "ref", scope: "failure" } });
    },
    "flow/start",
    `write c of start reads scope failure, ${noScope}`,
  ],
  [
    "a write of a failure reads a result",
    (ir) => {
      nodeOf(ir, "start", "handler").writes?.push({ name: "c", value: resultRef, on: "timeout" });
    },
    "flow/start",
    `write c of start reads scope result, ${noScope}`,
  ],
  [
    "a guard reads a policy's scope",
    (ir) => {
      ir.edges.push({ id: "g", from: "start", to: "end", guard: { kind: "not", of: { kind: "ref", scope: "bound", name: "p" } } });
    },
    "flow/start",
    `the guard of edge g of start reads scope bound, ${noScope}`,
  ],
  [
    "a guard of failure reads a result",
    (ir) => {
      ir.edges.push({ id: "g", from: "start", to: "end", on: "failure", guard: resultRef });
    },
    "flow/start",
    `the guard of edge g of start reads scope result, ${noScope}`,
  ],
  [
    "an exit output reads a failure",
    (ir) => {
      nodeOf(ir, "end", "router").exit = { output: { kind: "ref", scope: "failure" } };
    },
    "flow/end",
    `the exit output of end reads scope failure, ${noScope}`,
  ],
  [
    "a variable has no name",
    (ir) => {
      nodeOf(ir, "ask", "human").prompt = { kind: "ref", scope: "var" };
    },
    "flow/ask",
    "the prompt of ask has a var reference without a name",
  ],
  [
    "details read a result",
    (ir) => {
      nodeOf(ir, "ask", "human").details = resultRef;
    },
    "flow/ask",
    `the details of ask reads scope result, ${noScope}`,
  ],
  [
    "a duration reads a result",
    (ir) => {
      (nodeOf(ir, "pause", "wait") as WaitNode).wait = { kind: "duration", ms: resultRef };
    },
    "flow/pause",
    `the duration of pause reads scope result, ${noScope}`,
  ],
  [
    "a list reads a result",
    (ir) => {
      nodeOf(ir, "each", "map").over = resultRef;
    },
    "flow/each",
    `the list of each reads scope result, ${noScope}`,
  ],
  [
    "a condition reads a result",
    (ir) => {
      nodeOf(ir, "again", "loop").while = resultRef;
    },
    "flow/again",
    `the condition of again reads scope result, ${noScope}`,
  ],
  [
    "a body input reads a result",
    (ir) => {
      const node = nodeOf(ir, "careful", "try");
      node.body = { ...node.body, inputs: [{ name: "x", value: resultRef }] };
    },
    "flow/careful",
    `input x of body body of careful reads scope result, ${noScope}`,
  ],
  [
    "a node deep inside is no exit",
    (ir) => {
      delete bodyNodes(nodeOf(ir, "careful", "try").finally)[0]?.exit;
    },
    "flow/careful/finally/f-in",
    "node f-in is not an exit and no success edge leaves it",
  ],
];

describe("soundness", () => {
  test("a workflow with something of everything is sound", () => {
    expect(checkIr(soundIr())).toEqual([]);
  });

  test.each(mutations)("%s", (_, mutate, path, message) => {
    const ir = soundIr();
    mutate(ir as Draft);
    expect(checkIr(ir)).toEqual([{ path, message }]);
  });

  test("all problems come at once", () => {
    const ir = soundIr();
    for (const index of [0, 1, 4, 5, 7]) mutations[index]?.[1](ir as Draft);
    expect(checkIr(ir)).toHaveLength(5);
  });

  test("regions nest to a bound", () => {
    const around = (depth: number, inside: Node): Node =>
      depth === 0
        ? inside
        : around(depth - 1, { kind: "try", id: `t${depth}`, body: { entry: inside.id, nodes: [inside], edges: [] }, exit });
    const leaf: Node = { kind: "router", id: "leaf", exit };
    expect(checkIr(workflow([around(regionDepthMax, leaf)]))).toEqual([]);
    const problems = checkIr(workflow([around(regionDepthMax + 1, leaf)]));
    expect(problems.map((problem) => problem.message)).toEqual([`regions are nested more than ${regionDepthMax} deep`]);
  });
});

describe("what the schema refuses", () => {
  const plain = (): { [key: string]: unknown } => JSON.parse(JSON.stringify(soundIr()));
  test.each<[string, (ir: ReturnType<typeof plain>) => void]>([
    [
      "another version",
      (ir) => {
        ir["ir"] = "heddle.ir/v2";
      },
    ],
    [
      "an unknown member",
      (ir) => {
        ir["entyr"] = "start";
      },
    ],
    [
      "no nodes",
      (ir) => {
        ir["nodes"] = [];
      },
    ],
    [
      "a name with a blank",
      (ir) => {
        ir["id"] = "my flow";
      },
    ],
    [
      "an unknown kind of node",
      (ir) => {
        ir["nodes"] = [{ kind: "goto", id: "a" }];
      },
    ],
    [
      "an unknown member of a node",
      (ir) => {
        ir["nodes"] = [{ kind: "router", id: "a", timeout: 5 }];
      },
    ],
    [
      "a retry without attempts",
      (ir) => {
        ir["nodes"] = [{ kind: "handler", id: "a", handler: "h", retry: { attemptsMax: 0 } }];
      },
    ],
    [
      "a time out of range",
      (ir) => {
        ir["limits"] = { timeMs: -1 };
      },
    ],
    [
      "a body without nodes",
      (ir) => {
        ir["nodes"] = [{ kind: "try", id: "a", body: { entry: "b", nodes: [], edges: [] } }];
      },
    ],
    [
      "a default that is not JSON",
      (ir) => {
        ir["inputs"] = [{ name: "a", type: { kind: "json" }, default: undefined }];
      },
    ],
  ])("%s", (_, mutate) => {
    const ir = plain();
    mutate(ir);
    expect(WorkflowIr.safeParse(ir).success).toBe(false);
  });
});

test("the bodies of a region come with the names of their frames", () => {
  const slots = (id: string): readonly string[] => bodiesOf(soundIr().nodes.find((node) => node.id === id) as Node).map(({ slot }) => slot);
  expect([slots("both"), slots("each"), slots("again"), slots("careful"), slots("start")]).toEqual([
    ["p", "q"],
    ["body"],
    ["body"],
    ["body", "catch", "finally"],
    [],
  ]);
});

test("what may be repeated without asking depends on the kind, and on what the author says", () => {
  const safe = nodes.filter(isSafeToRepeat).map((node) => node.kind);
  expect(new Set(nodes.map((node) => node.kind).filter((kind) => !safe.includes(kind)))).toEqual(new Set(["tool", "process", "remote"]));
  expect(isSafeToRepeat({ kind: "handler", id: "n", handler: "h", safety: "unsafe" })).toBe(false);
  expect(isSafeToRepeat({ kind: "tool", id: "n", capability: "fs.read", safety: "safe" })).toBe(true);
  expect(isSafeToRepeat({ kind: "tool", id: "n", capability: "fs.read", permission: "read" })).toBe(true);
});

test("the workflow in docs/ir.md is sound", () => {
  const document = readFileSync(new URL("../../../docs/ir.md", import.meta.url), "utf8");
  const [, text = ""] = /```json\n(.*?)```/s.exec(document) ?? [];
  expect(checkIr(WorkflowIr.parse(parseJson(text)))).toEqual([]);
});
