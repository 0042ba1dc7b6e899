// Parity: HE2.
import { describe, expect, test } from "vitest";
import { anonymousBundle, type BundleManifest, checkBundle, reachOfBundle } from "./bundle.ts";
import { type CapabilityManifest, capabilityManifestOf, reachChanges } from "./capability-manifest.ts";
import { type Node, WorkflowIr } from "./ir.ts";
import type { ToolDeclaration } from "./ir-parts.ts";
import type { JsonValue } from "./json.ts";

const literal = (value: JsonValue) => ({ kind: "literal", value }) as const;
const variable = (name: string) => ({ kind: "ref", scope: "var", name }) as const;

interface Given {
  readonly id?: string;
  readonly nodes: readonly Partial<Node>[];
  readonly tools?: readonly ToolDeclaration[];
  readonly inputs?: readonly string[];
}

function workflow({ id = "flow", nodes, tools, inputs = [] }: Given): WorkflowIr {
  const all = [...nodes, { kind: "router", id: "end", exit: { output: literal(null) } }];
  return WorkflowIr.parse({
    ir: "heddle.ir/v1",
    id,
    discipline: "stages",
    inputs: inputs.map((name) => ({ name, type: { kind: "string" } })),
    entry: all[0]?.id,
    nodes: all,
    edges: all.slice(1).map((node, i) => ({ id: `e${i}`, from: all[i]?.id, to: node.id })),
    ...(tools === undefined ? {} : { tools }),
  });
}

const totalOf = (...given: Given[]) => capabilityManifestOf(given.map(workflow), new Set(["coded"])).total;
const call = (capability: string, args: Record<string, JsonValue | undefined>, extra: object = {}): Partial<Node> => ({
  kind: "tool",
  id: capability.replace(".", "-"),
  capability,
  reads: Object.entries(args).map(([name, value]) => ({ name, value: value === undefined ? variable("x") : literal(value) })),
  ...extra,
});

describe("what a workflow reaches", () => {
  test("is nothing where it only routes", () => {
    expect(totalOf({ nodes: [] })).toEqual({ capabilities: [], destinations: [], paths: [], outside: [] });
  });

  test("names the least confinement of its code, and workers apart", () => {
    const handler = (id: string, name: string, confinement?: string): Partial<Node> =>
      ({ kind: "handler", id, handler: name, ...(confinement === undefined ? {} : { confinement }) }) as Partial<Node>;
    expect(totalOf({ nodes: [handler("a", "coded")] })).toMatchObject({ confinement: "process", capabilities: ["code.process"] });
    expect(totalOf({ nodes: [handler("a", "coded", "sandbox"), handler("b", "coded", "none")] })).toMatchObject({
      confinement: "none",
      capabilities: ["code.native", "code.sandbox"],
    });
    expect(totalOf({ nodes: [handler("a", "elsewhere")] })).toMatchObject({ confinement: "worker", capabilities: ["code.worker"] });
  });

  test("names what policies look at before a call apart from the call's own", () => {
    const requires = [{ capability: "fs.read", args: { path: variable("x") } }, { capability: "user.confirm" }];
    const before = { id: "look", kind: "before", trigger: { capability: "fs.write" }, requires } as const;
    const ir = workflow({ nodes: [call("fs.write", { path: "out/a.md", content: "x" }), call("kv.read", { key: "k" })] });
    const { workflows, total } = capabilityManifestOf([WorkflowIr.parse({ ...ir, policies: [before] })], new Set());
    expect(
      workflows[0]?.nodes.map(({ node, kind, permission, capabilities, paths }) => [node, kind, permission, capabilities, paths]),
    ).toEqual([
      ["fs-write", "tool", "modify", ["fs.write"], ["workspace:out/a.md"]],
      ["fs-write", "policy", "read", ["fs.read"], ["*"]],
      ["kv-read", "tool", "read", ["kv.read"], []],
    ]);
    expect(total.capabilities).toEqual(["fs.read", "fs.write", "kv.read"]);
  });

  test("prints literal paths and hosts as they are, and what is computed as anywhere", () => {
    expect(totalOf({ nodes: [call("fs.write", { path: "out/./a.md", content: "x" })] })).toMatchObject({
      permission: "modify",
      paths: ["workspace:out/a.md"],
    });
    expect(totalOf({ nodes: [call("fs.read", { path: undefined })] })).toMatchObject({ permission: "read", paths: ["*"] });
    expect(totalOf({ nodes: [call("http.fetch", { url: "https://api.example.com/x", method: "GET" })] }).destinations).toEqual([
      "api.example.com:443",
    ]);
    for (const url of [undefined, "https://u@h.example/", "https://exa\u0301mple.com/", "ftp://h.example/"])
      expect(totalOf({ nodes: [call("http.fetch", { url, method: "GET" })] }).destinations).toEqual(["*"]);
  });

  test("does not believe a literal path that leaves its root, or one that an input moves", () => {
    for (const path of ["../a", "/etc/passwd", "a/../../b", "C:\\x"])
      expect(totalOf({ nodes: [call("fs.read", { path })] }).paths).toEqual(["*"]);
    expect(totalOf({ inputs: ["cwd"], nodes: [call("fs.read", { path: "a" })] }).paths).toEqual(["*"]);
  });

  test("keeps to the bounds of declared tools, which a node may narrow and never widen", () => {
    const tools: ToolDeclaration[] = [{ name: "save", capability: "fs.write", paths: ["workspace:out/"] }];
    const of = (extra: object, path?: string) =>
      totalOf({ tools, nodes: [call("fs.write", { path, content: "" }, { tool: "save", ...extra })] }).paths;
    expect(of({})).toEqual(["workspace:out/"]);
    expect(of({ paths: ["workspace:out/a/"] })).toEqual(["workspace:out/a/"]);
    expect(of({ paths: ["workspace:"] })).toEqual(["workspace:out/"]);
    expect(of({ paths: ["workspace:etc/"] })).toEqual([]);
    expect(of({}, "out/b.md")).toEqual(["workspace:out/b.md"]);
    expect(of({}, "b.md")).toEqual([]);
  });

  test("counts every tool that a model may be given, and everything of a capability that it requires", () => {
    const tools: ToolDeclaration[] = [
      { name: "look", capability: "http.fetch", permission: "read", destinations: [".example.com"] },
      { name: "save", capability: "fs.write", paths: ["workspace:out/"] },
    ];
    const model = (extra: object): Partial<Node> => ({ kind: "model", id: "think", prompt: literal("?"), ...extra }) as Partial<Node>;
    expect(totalOf({ tools, nodes: [model({ tools: ["look"] })] })).toMatchObject({
      permission: "read",
      capabilities: ["http.fetch", "model.call"],
      destinations: [".example.com"],
      paths: [],
    });
    expect(totalOf({ tools, nodes: [model({ requires: ["fs.write", "os.shell"] })] })).toMatchObject({
      permission: "modify",
      capabilities: ["fs.write", "model.call", "os.shell"],
      paths: ["workspace:out/"],
    });
  });

  test("goes through regions and sub-workflows, and stops where they call each other", () => {
    const inner: Partial<Node> = {
      kind: "try",
      id: "t",
      body: { entry: "w", nodes: [{ kind: "tool", id: "w", capability: "fs.write", exit: { output: literal(1) } }], edges: [] },
    } as Partial<Node>;
    const child = { kind: "workflow", id: "sub", workflow: "other" } as Partial<Node>;
    const back = { kind: "workflow", id: "again", workflow: "flow" } as Partial<Node>;
    const manifest = capabilityManifestOf([workflow({ nodes: [child] }), workflow({ id: "other", nodes: [inner, back] })], new Set());
    expect(manifest.workflows.map(({ workflow: id, total, nodes }) => [id, total.capabilities, nodes.length])).toEqual([
      ["flow", ["fs.write"], 0],
      ["other", ["fs.write"], 1],
    ]);
  });

  test("names actions of plugins and nodes of node servers apart", () => {
    const remote = { kind: "remote", id: "r", remote: { node: "blur", server: "images" } } as Partial<Node>;
    expect(totalOf({ nodes: [call("texts.measure", {}, { tool: "texts.measure", permission: "read" }), remote] })).toMatchObject({
      outside: ["images/blur", "texts.measure"],
    });
  });
});

describe("a bundle and its capability manifest", () => {
  const ir = workflow({ nodes: [call("fs.write", { path: "out/a", content: "x" })] });
  const bundle = (capabilities: CapabilityManifest): BundleManifest => ({ ...anonymousBundle([ir]), capabilities });
  const honest = reachOfBundle(anonymousBundle([ir]));

  test("is sound where it says what is computed, in whatever order of members", () => {
    const turned = Object.fromEntries(Object.entries(honest).reverse()) as unknown as CapabilityManifest;
    expect(checkBundle(bundle(turned))).toEqual([]);
  });

  test.each([
    ["less", { ...honest, total: { ...honest.total, capabilities: [] } }],
    ["more", { ...honest, total: { ...honest.total, paths: ["*"] } }],
    ["nothing", { ...honest, workflows: [] }],
  ])("is refused where it says %s", (_, forged) => {
    expect(checkBundle(bundle(forged)).map(({ path }) => path)).toEqual(["capabilities"]);
  });
});

describe("what changes from one bundle to the next", () => {
  const of = (...nodes: Partial<Node>[]) => capabilityManifestOf([workflow({ nodes })], new Set(["coded"]));
  const names = (before: CapabilityManifest, after: CapabilityManifest) =>
    reachChanges(before, after).map(({ change, name }) => `${change} ${name}`);
  const write = (path?: string) => call("fs.write", { path, content: "" });

  test("is nothing for equals", () => {
    expect(reachChanges(of(write("a")), of(write("a")))).toEqual([]);
  });

  test("is widened by what was not covered before, and narrowed by what no longer is", () => {
    expect(names(of(), of(write("out/a")))).toEqual([
      "widened permission:modify",
      "widened capability:fs.write",
      "widened path:workspace:out/a",
    ]);
    expect(names(of(write()), of(write("out/a")))).toEqual(["narrowed path:*"]);
    expect(names(of(write("out/a")), of(write()))).toEqual(["widened path:*"]);
  });

  test("says a weaker confinement is wider", () => {
    const code = (confinement: string) => of({ kind: "handler", id: "h", handler: "coded", confinement } as Partial<Node>);
    expect(names(code("sandbox"), code("process"))).toEqual(["widened confinement:process", "widened capability:code.process"]);
    expect(names(code("none"), code("sandbox")).filter((name) => name.startsWith("widened"))).toEqual([]);
  });
});
