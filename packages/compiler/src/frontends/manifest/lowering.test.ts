// Parity: MN5.
import { checkIr, evaluate, isJsonObject, type JsonObject, type JsonValue, type Node, readPath, WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { changed, fixtureNames, fixturePayloads, fixtureText } from "../../../test/manifests.ts";
import { compileManifest } from "./compile-manifest.ts";
import { defaultWindows } from "./recovery-windows.ts";
import { templateNames } from "./templates.ts";

function irOf(text: string): WorkflowIr {
  const { ir, problems } = compileManifest(text);
  expect(problems.filter(({ severity }) => severity === undefined)).toEqual([]);
  if (ir === undefined) throw new RangeError("no workflow");
  return ir;
}

function nodeOf(ir: WorkflowIr, id: string): Node {
  const node = ir.nodes.find((one) => one.id === id);
  if (node === undefined) throw new RangeError(`no node ${id}`);
  return node;
}

/** The manifest that a workflow was made of, from the workflow alone. */
function restored(ir: WorkflowIr): JsonValue {
  const document = ir.raw?.["manifest"];
  if (!isJsonObject(document)) throw new RangeError("no manifest in raw");
  const nodes = ir.nodes.map((node): JsonObject => {
    const raw = node.raw ?? {};
    const config =
      "config" in node && !Object.hasOwn(raw, "uses") && !Object.hasOwn(raw, "config") ? { config: node.config as JsonValue } : {};
    return { ...raw, ...config };
  });
  return { ...document, nodes, edges: ir.edges.map((edge) => edge.raw ?? {}) };
}

describe("manifests of ours", () => {
  test.each(fixtureNames)("%s becomes a sound graph, and nothing of it is lost", (name) => {
    const text = fixtureText(name);
    const { ir, problems } = compileManifest(text, { payloads: fixturePayloads(name), absent: "error" });
    expect(problems.filter(({ severity }) => severity === undefined)).toEqual([]);
    expect(ir?.discipline).toBe("graph");
    expect(checkIr(ir as WorkflowIr)).toEqual([]);
    expect(WorkflowIr.parse(JSON.parse(JSON.stringify(ir)))).toEqual(ir);
    expect(restored(ir as WorkflowIr)).toEqual(JSON.parse(text));
  });

  test("there are six, one of them a fan-out of a hundred", () => {
    expect(fixtureNames).toEqual(["cycle", "fan-out", "linear", "service", "streaming", "templates"]);
    expect(irOf(fixtureText("fan-out")).nodes).toHaveLength(103);
  });
});

describe("typed fields", () => {
  const linear = irOf(fixtureText("linear"));
  const service = irOf(fixtureText("service"));

  test("of a process", () => {
    expect(nodeOf(linear, "count")).toMatchObject({
      kind: "process",
      label: "Count words",
      template: "map",
      pool: "default",
      retry: { attemptsMax: 3, delayMs: 200, factor: 2, jitter: 0 },
      timeoutMs: 30_000,
      environment: { LANG: "C", WORDS_MAX: "1000" },
      passEnv: ["PATH"],
      uploads: [{ source: "words", target: "words" }],
      confinement: "process",
      config: { environment: { WORDS_MAX: 1000 } },
    });
    expect(nodeOf(linear, "report")).not.toHaveProperty("retry");
    expect(nodeOf(service, "sandboxed")).toMatchObject({ confinement: "sandbox", safety: "unsafe" });
    expect(nodeOf(service, "index")).toMatchObject({ safety: "safe", label: "indexer", resources: { cpu_cores: 2 } });
    expect(nodeOf(service, "index").services).toHaveLength(1);
    expect(nodeOf(service, "index").raw).toMatchObject({ requires_services: ["ollama", { name: "vector.store" }] });
  });

  test("of the other kinds", () => {
    expect(linear.nodes.map(({ kind }) => kind)).toEqual(["router", "process", "process", "aggregate"]);
    expect(nodeOf(linear, "ingress")).toMatchObject({ template: "map", config: { emit_type: "text" }, raw: { role: "root_coordinator" } });
    expect(nodeOf(service, "watch")).toMatchObject({ kind: "sensor", config: { complete_after: 1 } });
  });

  test("a module carries why it cannot run", () => {
    expect(nodeOf(service, "alarm")).toMatchObject({
      kind: "process",
      refusal: { code: "executor-unavailable", message: "node alarm is the BEAM module Docs.Alarm, and BEAM modules do not run here" },
    });
    const { problems } = compileManifest(fixtureText("service"));
    expect(problems).toMatchObject([{ severity: "warning", path: "nodes[3].config" }]);
  });

  test("of the job", () => {
    expect(service).toMatchObject({
      id: "doc_watch_v1",
      type: "service",
      recovery: "cluster_recover",
      source: { frontend: "manifest", file: "manifest.json" },
      schedules: [{ kind: "periodic", cron: "*/15 6-20 * * 1-5" }],
      deployment: {
        key: "doc-watch",
        tag: "stable",
        update: { strategy: "canary", parallelMax: 2, healthyMinMs: 10_000, autoRevert: true },
      },
      restart: { attempts: 4, intervalMs: 600_000, delayFunction: "exponential", mode: "fail" },
      reschedule: { delayMs: 2_000, delayMaxMs: 300_000, unlimited: true },
    });
    expect(service.triggers).toHaveLength(1);
    expect(service.services).toHaveLength(1);
    expect(linear).toMatchObject({ type: "batch", entry: "ingress", seeds: [{ node: "ingress" }] });
  });

  test("windows have the defaults of type and recovery", () => {
    const short = (jobType: "batch" | "service", recovery: string) => {
      const { restart, reschedule } = defaultWindows(jobType, recovery);
      return [
        restart.attempts,
        restart.intervalMs,
        restart.mode,
        reschedule.unlimited ? "unlimited" : reschedule.attempts,
        reschedule.delayMaxMs,
      ];
    };
    expect(short("service", "cluster_recover")).toEqual([3, 600_000, "fail", "unlimited", 300_000]);
    expect(short("service", "local_restart")).toEqual([3, 600_000, "delay", 0, 5_000]);
    expect(short("batch", "cluster_recover")).toEqual([3, 86_400_000, "fail", 1, 5_000]);
    expect(short("batch", "manual_recover")).toEqual([0, 86_400_000, "fail", 0, 5_000]);
    expect(nodeOf(service, "index").restart).toEqual({
      attempts: 5,
      intervalMs: 60_000,
      delayMs: 500,
      delayFunction: "fibonacci",
      delayMaxMs: 8_000,
      mode: "delay",
    });
    expect(irOf(changed(fixtureText("linear"), [["policies.max_agent_restart_attempts", 7]])).restart).toMatchObject({ attempts: 7 });
  });

  test("initial inputs, in each form", () => {
    const inputs = (value: unknown) => irOf(changed(fixtureText("linear"), [["initial_inputs", value]])).seeds?.map(({ bodies }) => bodies);
    expect(inputs({ ingress: [{ a: 1 }, 2] })).toEqual([[{ a: 1 }, 2]]);
    expect(inputs({ ingress: { a: 1 } })).toEqual([[{ a: 1 }]]);
    expect(inputs({ ingress: "a" })).toEqual([["a"]]);
    expect(inputs([{ a: 1 }])).toEqual([[{ a: 1 }]]);
    expect(inputs({ __entrypoints__: [{ a: 1 }] })).toEqual([[{ a: 1 }]]);
    expect(inputs(undefined)).toEqual([[{}]]);
    expect(inputs(null)).toEqual([[{}]]);
  });

  test("what a node collects, sends and completes with", () => {
    const firing = (config: Record<string, unknown>, type = "reduce", kind = "executor") => {
      const base = changed(fixtureText("linear"), [
        ["nodes.1.agent_type", kind],
        ["nodes.1.type", type],
        ["nodes.1.config", { command: ["true"], ...config }],
      ]);
      const { fires, emits, completes, emitsOnFailure } = nodeOf(irOf(base), "count");
      return JSON.parse(JSON.stringify({ fires, emits, completes, emitsOnFailure })) as JsonObject;
    };
    expect(firing({})).toEqual({});
    expect(firing({ complete_after: 3, output_message_type: null })).toEqual({ fires: { kind: "collect", count: 3 }, emits: null });
    expect(firing({ key: "payload.city" })).toMatchObject({ fires: { kind: "collect", key: { kind: "field", name: "city" } } });
    expect(firing({ complete_on_message: true }, "reduce", "aggregator")).toEqual({
      fires: { kind: "collect", count: 1 },
      emits: null,
      completes: true,
    });
    expect(firing({ complete_after: 4, output_message_type: "sum" }, "reduce", "aggregator")).toEqual({
      fires: { kind: "collect", count: 4 },
      emits: "sum",
    });
    expect(firing({}, "batch")).toEqual({});
    expect(firing({ batch_size: 5, flush_after_ms: 200 }, "batch")).toEqual({
      fires: { kind: "collect", count: 5, afterMs: 200, partial: true },
    });
    expect(firing({}, "stream")).toEqual({ fires: { kind: "stream" } });
    expect(firing({ complete_job: true, complete_after: 2 }, "generic", "sensor")).toEqual({ completes: 2 });
    expect(firing({ failure_message_type: "sorry", complete_job: true })).toEqual({ emitsOnFailure: "sorry", completes: true });
  });

  test("conditions decide over the message, its payload and the state", () => {
    const [, , approved, archived] = irOf(fixtureText("cycle")).edges;
    const holds = (edge: typeof approved, names: Record<string, JsonValue>) =>
      evaluate(edge?.guard ?? { kind: "literal", value: null }, { var: (name) => names[name] });
    expect(holds(approved, { payload: { version: 3, author: "loom" } })).toBe(true);
    expect(holds(approved, { payload: { version: 3, author: "nobody" } })).toBe(false);
    expect(holds(approved, { payload: { version: 2, author: "loom" } })).toBe(false);
    expect(holds(archived, { message: { attempt: 1 } })).toBe(true);
    expect(holds(archived, { message: {}, agent_state: { drafts: ["the first one"] } })).toBe(true);
    expect(holds(archived, {})).toBe(false);
    expect(approved).toMatchObject({ messageType: "approved", raw: { routing_mode: "broadcast" } });
  });

  test("ids that are no names get names, and nothing that points at them is lost", () => {
    const text = fixtureText("linear").replaceAll('"count"', '"1. count/words"').replaceAll('"report"', '"1. count_words"');
    const ir = irOf(text);
    const ids = ir.nodes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    for (const edge of ir.edges) expect(ids).toEqual(expect.arrayContaining([edge.from, edge.to]));
    expect(ir.nodes[1]).toMatchObject({ label: "Count words", raw: { node_id: "1. count/words" } });
    expect(ir.nodes[2]).toMatchObject({ label: "1. count_words" });
    expect(restored(ir)).toEqual(JSON.parse(text));
  });

  test("edges without an id, or with one that another has, get one of their own", () => {
    const text = changed(fixtureText("cycle"), [
      ["edges.2.edge_id", "draft_to_review"],
      ["edges.3.edge_id", "draft_to_review"],
    ]);
    const { ir, problems } = compileManifest(text);
    expect(problems.map(({ message, severity }) => [message, severity])).toEqual([["duplicate edge_id draft_to_review", "warning"]]);
    expect(ir?.edges.map(({ id }) => id)).toEqual(["draft_to_review_2", "review_to_draft", "draft_to_review", "draft_to_review_3"]);
  });
});

describe("what is accepted under another name", () => {
  const cases: readonly (readonly [what: string, path: string, value: unknown, seen: (ir: WorkflowIr) => unknown, is: unknown])[] = [
    ["relay", "nodes.0.agent_type", "relay", (ir) => ir.nodes[0]?.kind, "router"],
    ["sandbox_worker", "nodes.1.agent_type", "sandbox_worker", (ir) => ir.nodes[1]?.kind, "process"],
    ["collector", "nodes.3.agent_type", "collector", (ir) => ir.nodes[3]?.kind, "aggregate"],
    ["accumulator", "nodes.3.type", "accumulator", (ir) => ir.nodes[3]?.template, "reduce"],
    ["daemon", "daemon", true, (ir) => ir.type, "service"],
    ["a job type", "policies.job_type", "system", (ir) => ir.type, "service"],
    ["a single entrypoint", "entrypoints", "ingress", (ir) => ir.entry, "ingress"],
    ["no entrypoints and a root", "entrypoints", undefined, (ir) => ir.entry, "ingress"],
    ["an edge without id", "edges.0.edge_id", undefined, (ir) => ir.edges[0]?.id, "ingress_to_count"],
    ["the unknown", "nodes.0.flavour", { sweet: [1] }, (ir) => ir.nodes[0]?.raw?.["flavour"], { sweet: [1] }],
    ["the unknown of the job", "long_lived", true, (ir) => readPath(ir.raw ?? {}, ["manifest", "long_lived"]), true],
    ["uploads", "nodes.1.config.uploads", [{ source: "words", target: "w" }], (ir) => ir.nodes[1]?.uploads?.length, 2],
    ["resources in config", "nodes.1.config.resources", { memory: "512MB" }, (ir) => ir.nodes[1]?.resources, { memory: "512MB" }],
    ["the short name of a runner", "nodes.1.config.runner_module", "host_local", (ir) => ir.nodes[1]?.confinement, "process"],
    ["no runner", "nodes.1.config.runner_module", undefined, (ir) => ir.nodes[1]?.confinement, "sandbox"],
    ["null for nothing", "nodes.1.config.policy", null, (ir) => ir.nodes[1]?.kind, "process"],
    [
      "null for a key of the worker",
      "nodes.1.config.pool",
      null,
      (ir) => ir.nodes[1],
      expect.not.objectContaining({ pool: expect.anything() }),
    ],
    ["no edges", "edges", undefined, (ir) => ir.edges, []],
    ["no configuration", "nodes.3.config", undefined, (ir) => ir.nodes[3]?.kind, "aggregate"],
    ["a deployment key in metadata", "metadata.deployment_key", "k", (ir) => ir.deployment, { key: "k" }],
    ["a delayed schedule", "schedule", { delay_ms: 5 }, (ir) => ir.schedules, [{ delay_ms: 5, kind: "delayed" }]],
    ["a schedule of events", "schedule", { event_type: "x" }, (ir) => ir.schedules, [{ event_type: "x", kind: "event" }]],
    ["a named cron", "schedule", { crons: ["@daily", "0 0 1,15 * 0-7/2"] }, (ir) => ir.schedules?.length, 1],
  ];
  test.each(cases)("%s", (_what, path, value, seen, is) => {
    const text = changed(fixtureText("linear"), [[path, value]]);
    const ir = irOf(text);
    expect(seen(ir)).toEqual(is);
    const lost = JSON.parse(text) as JsonObject;
    expect(restored(ir)).toEqual({ edges: [], ...lost });
  });

  test("a runner that is not here is accepted, and carries a refusal", () => {
    const { ir, problems } = compileManifest(changed(fixtureText("linear"), [["nodes.1.config.runner_module", "Acme.Runner"]]));
    expect(problems).toMatchObject([
      { severity: "warning", message: 'node count wants the runner "Acme.Runner", which this runtime does not have' },
    ]);
    expect(ir?.nodes[1]?.refusal?.code).toBe("executor-unavailable");
  });
});

describe("templates", () => {
  test("render to the node that they stand for", () => {
    const ir = irOf(fixtureText("templates"));
    expect(nodeOf(ir, "simulate")).toMatchObject({
      kind: "process",
      template: "generic",
      uploads: [{ source: "simulation", target: "simulation" }],
      config: {
        command: ["python3", "scripts/simulate.py"],
        runner_module: "MirrorNeuron.Runner.HostLocal",
        workdir: "/sandbox/job/simulation",
        upload_as: "simulation",
        no_keep: true,
      },
    });
    expect(nodeOf(ir, "simulate")).not.toHaveProperty("config.script");
    expect(nodeOf(ir, "decide")).toMatchObject({ template: "map", retry: { attemptsMax: 2 }, config: { llm_config: "primary" } });
    expect(nodeOf(ir, "sink")).toMatchObject({ kind: "aggregate", template: "reduce", config: { complete_on_message: true } });
    expect(ir.entry).toBe("ingress");
  });

  test("all twenty are known, and each renders to something that has no problem", () => {
    expect(templateNames).toHaveLength(20);
    const values = {
      ...{ approval_mode: "manual", checkpoint_key: "k", skill_name: "s", action: "start", predicate: "p", content: "c" },
      ...{ retry_policy: "r", emit_type: "t", adapter: "a", model_config: "m", device_profile: "d", llm_config: "l", tools: ["t"] },
      ...{ role: "root", module: "M", observation_source: "o", custom_openshell_image: "i", container_port: 1, external_port: 2 },
      ...{ tunnel: "ssh", script: "s.py", upload_path: "u", task: "t", sandbox: "s" },
    };
    for (const name of templateNames) {
      const node = { node_id: name, uses: `mn-agents.${name}`, with: values };
      const text = JSON.stringify({ manifest_version: "1.0", graph_id: "g", nodes: [node] });
      expect(irOf(text).nodes).toHaveLength(1);
    }
  });
});
