/**
 * Evil calls in whole runs: each is refused by its reason, and the call that differs from it as little as possible is
 * carried out. The tools here do nothing but say that they were reached, so that nothing leaves this process.
 */
import { defaultTenant, defineTool, type JsonObject, type Node, type Policy, type Principal, WorkflowIr } from "@heddle/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { literal, variable, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../create-runtime.ts";
import { commandFamilies } from "../guards/testing/command-families.ts";
import { urlFamilies } from "../guards/testing/destination-families.ts";
import { FileWorld } from "../guards/testing/file-world.ts";
import { judgedPathFamilies } from "../guards/testing/path-families.ts";

const caller = { principal: { subject: "ada", tenant: defaultTenant, roles: ["engineer"] } as Principal };

let world: FileWorld;
let reached: JsonObject[];
const reach = (name: string, capability: string, input: z.ZodObject, permission?: "read" | "admin") =>
  defineTool({
    name,
    capability,
    description: "says that it was reached",
    input,
    ...(permission === undefined ? {} : { permission }),
    handler: (args) => {
      reached.push(args as JsonObject);
      return null;
    },
  });
const text = z.string();
const tools = [
  reach("read", "fs.read", z.strictObject({ path: text })),
  reach("write", "fs.write", z.strictObject({ path: text, content: text.max(100) })),
  reach("shell", "os.shell", z.strictObject({ command: text })),
  reach("script", "os.shell.script", z.strictObject({ script: text })),
  reach("fetch", "http.fetch", z.strictObject({ url: text, method: text })),
  reach("look", "http.fetch", z.strictObject({ url: text, method: text.default("GET") }), "read"),
  reach("rule", "kv.write", z.strictObject({ key: text, value: z.json() }), "admin"),
];

function start(options: RuntimeOptions = {}): Runtime {
  return createRuntime({ tools, roots: { workspace: world.workspace }, approvals: { builtin: "allow" }, ...options });
}

/** A workflow of one call, whose arguments are its inputs: nothing about them is known before. */
function calling(capability: string, args: readonly string[], node: Partial<Node> = {}, extra: Partial<WorkflowIr> = {}): WorkflowIr {
  const reads = args.map((name) => ({ name, value: variable(name) }));
  const inputs = args.map((name) => ({ name, type: { kind: "json" as const } }));
  return workflowOf("calling", [{ kind: "tool", id: "call", capability, reads, ...node } as Node], { inputs, ...extra });
}

/** How the run of a call ends: the reason of its refusal, its failure's code, or `reached`. */
async function outcomeOf(runtime: Runtime, ir: WorkflowIr, input: JsonObject): Promise<string> {
  const before = reached.length;
  const { runId } = await runtime.api.runs.start({ bundle: await put(runtime, ir), input }, caller);
  const { failure } = await runtime.api.runs.result({ runId }, caller);
  if (failure === undefined) return reached.length === before + 1 ? "reached" : "succeeded";
  expect(reached.length, failure.message).toBe(before);
  const reason = (failure.details as { reason?: string } | undefined)?.reason;
  return reason ?? failure.code;
}

async function put(runtime: Runtime, ir: WorkflowIr): Promise<string> {
  const manifest = { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers: [], files: [] };
  return (await runtime.api.bundles.put({ manifest, files: [] }, caller)).hash;
}

describe("what a call names", () => {
  let runtime: Runtime;
  beforeEach(async () => {
    reached = [];
    world = await FileWorld.open();
    runtime = start();
  });
  afterEach(async () => {
    await runtime.close({ graceMs: 0 });
    await world.close();
  });
  const at = (path: string): string => path.replace("@workspace", world.workspace).replace("@outside", world.outside);

  for (const family of judgedPathFamilies) {
    test(`a path: ${family.name}`, async () => {
      const ir = calling("fs.read", ["path"]);
      for (const { evil, refused, twin } of family.cases) {
        for (const [tried, outcome] of [[evil, refused] as const, [twin, "reached"] as const]) {
          await runtime.close({ graceMs: 0 });
          await world.close();
          world = await FileWorld.open();
          runtime = start();
          await world.arrange(tried.arrange);
          expect(await outcomeOf(runtime, ir, { path: at(tried.path) }), tried.path).toBe(outcome);
        }
      }
    });
  }

  for (const family of urlFamilies) {
    test(`a destination: ${family.name}`, async () => {
      const ir = calling("http.fetch", ["url"], { tool: "look" } as Partial<Node>);
      for (const { evil, refused, twin } of family.cases) {
        for (const [tried, outcome] of [[evil, refused] as const, [twin, "reached"] as const]) {
          const { url, rules: allowedHosts = ["*"], privateRules: privateHosts = [] } = tried;
          const lists = start({ allowedHosts, privateHosts });
          try {
            expect(await outcomeOf(lists, ir, { url }), url).toBe(outcome);
          } finally {
            await lists.close({ graceMs: 0 });
          }
        }
      }
    });
  }

  for (const family of commandFamilies) {
    test(`a command: ${family.name}`, async () => {
      const ir = calling("os.shell", ["command"]);
      for (const { evil, refused, twin } of family.cases) {
        expect(await outcomeOf(runtime, ir, { command: evil }), evil).toBe(refused);
        expect(await outcomeOf(runtime, ir, { command: twin }), twin).toBe("reached");
      }
    });
  }
});

interface Told {
  readonly ir: WorkflowIr;
  readonly input: JsonObject;
}
type Case = readonly [evil: Told, outcome: string, twin: Told];

const call = (capability: string, input: JsonObject, node: object = {}, extra: Partial<WorkflowIr> = {}): Told => ({
  ir: calling(capability, Object.keys(input), node as Partial<Node>, extra),
  input,
});
const save = (path: string, node: object = {}, extra: Partial<WorkflowIr> = {}): Told =>
  call("fs.write", { path, content: "x" }, node, extra);
const get = (url: string, node: object = {}, extra: Partial<WorkflowIr> = {}): Told =>
  call("http.fetch", { url, method: "GET" }, node, extra);
const bound = (name: string) => ({ kind: "ref", scope: "bound", name }) as const;
const policy = (capability: string, bind: string, condition: Policy["condition"]): Policy => ({
  id: `deny ${capability}`,
  kind: "deny",
  trigger: { capability, bind: { [bind]: bind } },
  ...(condition === undefined ? {} : { condition }),
});
const not = (of: NonNullable<Policy["condition"]>) => ({ kind: "not", of }) as const;
const starts = (name: string, prefix: string) => ({ kind: "starts-with", left: bound(name), right: literal(prefix) }) as const;
const inside = not({ kind: "contains", left: { kind: "ref", scope: "input", name: "root" }, right: bound("path") });

/** Each family at most fifteen cases. */
const families: Readonly<Record<string, () => readonly Case[]>> = {
  "arguments that do not fit": () => [
    [call("fs.write", { path: "a" }), "input-invalid", save("a")],
    [call("fs.write", { path: "a", content: 4 }), "input-invalid", call("fs.write", { path: "a", content: "4" })],
    [call("fs.write", { path: ["a"], content: "x" }), "input-invalid", save("a")],
    [call("fs.write", { path: "a", content: "x", mode: "777" }), "input-invalid", save("a")],
    [call("fs.write", { path: null, content: "x" }), "input-invalid", save("a")],
    [call("fs.write", { path: "a", content: "x".repeat(101) }), "input-invalid", call("fs.write", { path: "a", content: "x".repeat(100) })],
    [call("os.shell", { command: { toString: "ls" } }), "input-invalid", call("os.shell", { command: "ls" })],
  ],
  "arguments without end": () => [
    [call("fs.read", { path: "a/".repeat(5_000) }), "path-too-long", call("fs.read", { path: "a/".repeat(1_000) })],
    [call("fs.read", { path: "a".repeat(256) }), "path-too-long", call("fs.read", { path: "a".repeat(255) })],
    [call("os.shell", { command: "x".repeat(65_537) }), "command-too-long", call("os.shell", { command: "x".repeat(65_536) })],
    [get(`http://example.com/${"x".repeat(9_000)}`), "destination-invalid", get(`http://example.com/${"x".repeat(900)}`)],
  ],
  "tools that are not what they are called": () => [
    [save("a", { tool: "nothing" }), "tool-not-found", save("a", { tool: "write" })],
    [save("a", { tool: "read" }), "capability-not-declared", save("a", { tool: "write" })],
    [save("a", { tool: "constructor" }), "tool-not-found", save("a", { tool: "write" })],
    [call("fs.delete", { path: "a" }), "tool-not-found", call("fs.read", { path: "a" })],
    [call("os.shell", { script: "ls" }, { tool: "script" }), "script-refused", call("os.shell.script", { script: "ls" })],
  ],
  "permissions that say less than the tool may do": () => [
    [save("a", { permission: "read" }), "permission-not-declared", save("a", { permission: "modify" })],
    [
      get("http://example.com/", { tool: "fetch", permission: "read" }),
      "permission-not-declared",
      get("http://example.com/", { tool: "look", permission: "read" }),
    ],
    [
      call("kv.write", { key: "a", value: 1 }, { permission: "modify" }),
      "permission-not-declared",
      call("kv.write", { key: "a", value: 1 }, { permission: "admin" }),
    ],
  ],
  "calls that the node does not require": () => [
    [save("a", { requires: ["fs.read"] }), "capability-not-required", save("a", { requires: ["fs.write"] })],
    [save("a", { requires: [] }), "capability-not-required", save("a")],
    [
      call("os.shell.script", { script: "ls" }, { requires: ["os.shell"] }),
      "script-refused",
      call("os.shell.script", { script: "ls" }, { requires: ["os.shell", "os.shell.script"] }),
    ],
  ],
  "paths past what was printed": () => {
    const declared: Partial<WorkflowIr> = { tools: [{ name: "write", capability: "fs.write", paths: ["workspace:out/"] }] };
    const to = (path: string): Told => save(path, { tool: "write" }, declared);
    return [
      [to("elsewhere/a"), "path-not-declared", to("out/a")],
      [to("out/../a"), "path-not-declared", to("out/b/../a")],
      [to("outer/a"), "path-not-declared", to("out/er")],
      [to("Out/a"), "path-not-declared", to("out/A")],
      [to("."), "path-not-declared", to("out")],
      [
        save("out/a", { tool: "write", paths: ["workspace:out/b/"] }, declared),
        "path-not-declared",
        save("out/b/a", { tool: "write", paths: ["workspace:out/b/"] }, declared),
      ],
      [
        save("b", { tool: "write", paths: ["workspace:"] }, declared),
        "path-not-declared",
        save("out/b", { tool: "write", paths: ["workspace:"] }, declared),
      ],
    ];
  },
  "destinations past what was printed": () => {
    const declared: Partial<WorkflowIr> = {
      tools: [{ name: "look", capability: "http.fetch", permission: "read", destinations: ["api.example.com:443", ".cdn.example"] }],
    };
    const to = (url: string): Told => call("http.fetch", { url }, { tool: "look" }, declared);
    return [
      [to("https://example.com/"), "destination-not-declared", to("https://api.example.com/")],
      [to("http://api.example.com/"), "destination-not-declared", to("http://api.example.com:443/")],
      [to("https://api.example.com:8443/"), "destination-not-declared", to("https://API.EXAMPLE.COM/")],
      [to("https://api.example.com.evil.example/"), "destination-not-declared", to("https://a.cdn.example/")],
      [to("https://cdn.example/"), "destination-not-declared", to("https://b.a.cdn.example/")],
      [to("https://evilcdn.example/"), "destination-not-declared", to("https://evil.cdn.example/")],
    ];
  },
  "policies on paths": () => {
    const inputs: WorkflowIr["inputs"] = [
      { name: "path", type: { kind: "json" } },
      { name: "content", type: { kind: "json" } },
      { name: "root", type: { kind: "path" } },
    ];
    const only: Partial<WorkflowIr> = { inputs, policies: [policy("fs.write", "path", inside)] };
    const to = (path: string): Told => ({
      ir: calling("fs.write", ["path", "content"], {}, only),
      input: { path, content: "x", root: `${world.workspace}/src` },
    });
    return [
      [to("a"), "policy-denied", to("src/a")],
      [to("src/../a"), "policy-denied", to("a/../src/a")],
      [to("srcs/a"), "policy-denied", to("src/s/a")],
      [to("away/a"), "policy-denied", to("near/a")],
      [to("src/../away/a"), "policy-denied", to("src/../near/a")],
    ];
  },
  "policies on commands": () => {
    const only: Partial<WorkflowIr> = { policies: [policy("os.shell", "command", not(starts("command", "git ")))] };
    const run = (command: string): Told => call("os.shell", { command }, {}, only);
    return [
      [run("rm -rf x"), "policy-denied", run("git rm x")],
      [run(" git status"), "policy-denied", run("git status")],
      [run("gitk"), "policy-denied", run("git gc")],
      [run("git status; rm x"), "command-needs-shell", run("git status ';' rm x")],
      [
        call("os.shell.script", { script: "git status; rm x" }, {}, only),
        "policy-error",
        call("os.shell.script", { script: "git status; rm x" }),
      ],
    ];
  },
  "policies that cannot be judged": () => {
    const denies = (condition: Policy["condition"]): Partial<WorkflowIr> => ({ policies: [policy("fs.write", "path", condition)] });
    const never = denies(literal(false));
    return [
      [save("a", {}, denies(literal("yes"))), "policy-error", save("a", {}, never)],
      [save("a", {}, denies(bound("nothing"))), "policy-error", save("a", {}, never)],
      [save("a", {}, denies({ kind: "starts-with", left: bound("path"), right: literal("a") })), "policy-error", save("a", {}, never)],
      [save("a", {}, denies({ kind: "compare", op: "lt", left: literal(1), right: literal("2") })), "policy-error", save("a", {}, never)],
      [save("a", {}, denies(undefined)), "policy-denied", save("a", {}, never)],
    ];
  },
};

describe("a call in its workflow", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    reached = [];
    world = await FileWorld.open();
    await world.arrange([{ folder: "src" }, { folder: "out" }, { link: "near", to: "src" }, { link: "away", to: "out" }]);
    runtime = start();
  });
  afterAll(async () => {
    await runtime.close({ graceMs: 0 });
    await world.close();
  });

  test.each(Object.entries(families))("%s", async (_, cases) => {
    expect(cases().length).toBeLessThanOrEqual(15);
    for (const [evil, outcome, twin] of cases()) {
      WorkflowIr.parse(evil.ir);
      expect(await outcomeOf(runtime, evil.ir, evil.input), JSON.stringify(evil.input).slice(0, 200)).toBe(outcome);
      expect(await outcomeOf(runtime, twin.ir, twin.input), `twin ${JSON.stringify(twin.input).slice(0, 200)}`).toBe("reached");
    }
  });
});
