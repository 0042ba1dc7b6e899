// Hooks about calls: their order, what they may do to a call and its result, and where they are kept.
// Parity: LC8.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultTenant, defineTool, type HandlerContext, type Principal, type RunEventOf, type WorkflowIr } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { handler, literal, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../create-runtime.ts";
import { createMemoryDisk } from "../store-memory/disk.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";
import { hears } from "./chain.ts";
import type { HookCall } from "./hook-book.ts";
import type { HookFunction } from "./hooks.ts";

const caller = (tenant = defaultTenant) => ({ principal: { subject: "ada", tenant, roles: ["engineer", "admin"] } as Principal });

let folder: string;
let said: string[];
const open: Runtime[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-hooks-")));
  for (const name of ["a.md", "b.md"]) writeFileSync(join(folder, name), name);
  said = [];
});
afterEach(async () => {
  for (const runtime of open.splice(0)) await runtime.close({ graceMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

const tools = [
  defineTool({
    name: "read",
    capability: "fs.read",
    description: "reads",
    input: z.strictObject({ path: z.string() }),
    handler: async (_, context) => {
      said.push(`read ${context.file("path").relative}`);
      return context.file("path").readText();
    },
  }),
  defineTool({
    name: "write",
    capability: "fs.write",
    description: "writes",
    input: z.strictObject({ path: z.string(), content: z.string() }),
    handler: async ({ content }, context) => ({ ...(await context.file("path").write(content)) }),
  }),
  defineTool({
    name: "fetch",
    capability: "http.fetch",
    description: "fetches",
    permission: "read",
    input: z.strictObject({ url: z.string(), method: z.string() }),
    handler: () => "fetched",
  }),
];

function start(hooks: readonly HookFunction[], options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime({ tools, roots: { workspace: folder }, hooks, ...options });
  open.push(runtime);
  return runtime;
}

const hook = (phase: "pre" | "post", name: string, run: HookFunction["run"], extra: Partial<HookFunction> = {}): HookFunction => ({
  owner: "team",
  name,
  phase,
  run: (call, signal) => {
    said.push(`${phase} ${name}`);
    return run(call, signal);
  },
  ...extra,
});
const pass = (): undefined => undefined;

const node = (capability: string, args: Record<string, string>) => ({
  kind: "tool" as const,
  id: "it",
  capability,
  reads: Object.entries(args).map(([name, value]) => ({ name, value: literal(value) })),
});
/** With a path that is known only when it runs: the node may then reach anywhere. */
const reading = (extra: object = {}): WorkflowIr =>
  workflowOf("reading", [
    {
      ...node("fs.read", {}),
      reads: [{ name: "path", value: { kind: "coalesce", left: literal(null), right: literal("a.md") } }],
      ...extra,
    } as never,
  ]);
const readA = (): WorkflowIr => workflowOf("reading", [node("fs.read", { path: "a.md" })]);

async function outputOf(runtime: Runtime, ir: WorkflowIr): Promise<unknown> {
  const { hash } = await runtime.api.bundles.put(
    {
      manifest: {
        format: "heddle.bundle/v1",
        main: ir.id,
        workflows: [ir],
        handlers: [{ name: "work" }].slice(ir.id === "code" ? 0 : 1),
        files: [],
      },
      files: [],
    },
    caller(),
  );
  const { runId } = await runtime.api.runs.start({ bundle: hash, input: {} }, caller());
  return endOf(runtime, runId);
}

async function endOf(runtime: Runtime, runId: string): Promise<unknown> {
  const { output, failure } = await runtime.api.runs.result({ runId }, caller());
  if (failure === undefined) return output;
  const { reason } = (failure.details ?? {}) as { reason?: string };
  return `${failure.code} ${reason ?? ""}: ${failure.message}`;
}

async function preparedOf(runtime: Runtime): Promise<RunEventOf<"call-prepared">[]> {
  const { rows } = await runtime.api.runs.list({}, caller());
  const events = await Promise.all(rows.map(({ id }) => runtime.api.runs.events({ runId: id }, caller())));
  return events.flat().flatMap(({ event }) => (event.kind === "call-prepared" ? [event] : []));
}

describe("hooks", () => {
  test("are asked in their order before a call, and in the opposite one after it", async () => {
    const runtime = start([hook("pre", "one", pass), hook("post", "one", pass), hook("pre", "two", pass), hook("post", "two", pass)]);
    expect(await outputOf(runtime, readA())).toBe("a.md");
    expect(said).toEqual(["pre one", "pre two", "read a.md", "post two", "post one"]);
    expect(await preparedOf(runtime)).toMatchObject([
      {
        hooks: [
          { owner: "team", name: "one", did: "passed" },
          { name: "two", did: "passed" },
        ],
      },
    ]);
  });

  test("may deny, and the first that does is the last that is asked; whoever called is told why", async () => {
    const runtime = start([hook("pre", "one", () => ({ deny: { reason: "not on Fridays" } })), hook("pre", "two", pass)]);
    expect(await outputOf(runtime, readA())).toMatch(/^call-denied hook-denied: .*team\/one.*not on Fridays/);
    expect(said).toEqual(["pre one"]);
  });

  test("may rewrite the arguments, which the next one sees, and which are judged like any others", async () => {
    const seen: HookCall[] = [];
    const other = hook("pre", "one", ({ args }) => ({ args: { ...args, path: "b.md" } }));
    const runtime = start([other, hook("pre", "two", (call) => void seen.push(call))]);
    expect(await outputOf(runtime, reading())).toBe("b.md");
    expect(seen).toMatchObject([
      { phase: "pre", tool: "read", capability: "fs.read", permission: "read", node: "it", args: { path: "b.md" } },
    ]);
    expect(await preparedOf(runtime)).toMatchObject([
      {
        args: { path: "b.md" },
        prepared: { paths: [{ relative: "b.md" }] },
        hooks: [{ did: "rewrote", args: expect.stringMatching(/^sha256:/) }, { did: "passed" }],
      },
    ]);
  });

  test.each([
    ["past what the node was printed to reach", { path: "b.md" }, "call-denied path-not-declared"],
    ["past every root", { path: "/etc/passwd" }, "call-denied path-escapes-root"],
    ["so that they do not fit", { file: "a.md" }, "input-invalid"],
  ])("may not rewrite them %s", async (_, args, expected) => {
    const runtime = start([hook("pre", "one", () => ({ args }))]);
    expect(await outputOf(runtime, readA())).toContain(expected);
    expect(said).toEqual(["pre one"]);
  });

  test("are not asked again once a person approved what they left", async () => {
    const runtime = start([hook("pre", "one", ({ args }) => ({ args: { ...args, content: "mended" } }))]);
    const ir = workflowOf("writing", [node("fs.write", { path: "c.md", content: "raw" })]);
    const { hash } = await runtime.api.bundles.put(
      { manifest: { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers: [], files: [] }, files: [] },
      caller(),
    );
    const { runId } = await runtime.api.runs.start({ bundle: hash, input: {} }, caller());
    for await (const batch of runtime.api.runs.follow({ runId }, caller()))
      if (batch.some(({ event }) => event.kind === "call-prepared")) break;
    expect((await runtime.api.runs.get({ runId }, caller())).questions).toMatchObject([{ details: { input: { content: "mended" } } }]);
    await runtime.api.runs.answer({ runId, answer: true }, caller());
    expect(await endOf(runtime, runId)).toMatchObject({ created: true });
    expect(readFileSync(join(folder, "c.md"), "utf8")).toBe("mended");
    expect(said).toEqual(["pre one"]);
  });

  test("may replace a result, or make it an error", async () => {
    const shout = hook("post", "one", ({ result }) => ({ result: `${String(result)}!` }));
    expect(await outputOf(start([shout]), readA())).toBe("a.md!");
    expect(await outputOf(start([hook("post", "one", () => ({ error: { message: "too loud" } }))]), readA())).toBe(
      "tool-failed : too loud",
    );
  });

  test("are told of a call that failed, and cannot make it succeed", async () => {
    const seen: HookCall[] = [];
    const runtime = start([
      hook("post", "one", (call) => {
        seen.push(call);
        return { result: "fine" };
      }),
    ]);
    expect(await outputOf(runtime, workflowOf("reading", [node("fs.read", { path: "none.md" })]))).toContain("call-denied file-not-found");
    expect(seen).toMatchObject([{ failure: { code: "call-denied" } }]);
  });

  const broken: readonly [string, HookFunction["run"]][] = [
    ["throws", () => Promise.reject(new TypeError("no"))],
    ["says what no hook can say", () => ({ allow: true })],
    [
      "takes too long",
      (_, signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve({ deny: { reason: "late" } }))),
    ],
  ];
  test.each(broken)("that fails, for it %s, is passed over, or refuses, as its mode says", async (_, run) => {
    const timeoutMs = 5;
    const lenient = start([hook("pre", "one", run, { timeoutMs }), hook("post", "two", run, { failMode: "open", timeoutMs })]);
    expect(await outputOf(lenient, readA())).toBe("a.md");
    expect(await preparedOf(lenient)).toMatchObject([{ hooks: [{ did: "failed" }] }]);
    expect(await outputOf(start([hook("pre", "one", run, { failMode: "closed", timeoutMs })]), readA())).toContain(
      "call-denied hook-unavailable",
    );
    expect(await outputOf(start([hook("post", "one", run, { failMode: "closed", timeoutMs })]), readA())).toContain(
      "call-denied hook-unavailable",
    );
  });

  test("hear of what code calls, too", async () => {
    const code = async (_: unknown, ctx: HandlerContext) => [
      await ctx.call("read", { path: "a.md" }),
      await ctx.call("read", { path: "b.md" }).catch(({ details }) => details.reason),
    ];
    const runtime = start(
      [
        hook("pre", "one", ({ args }) => (args["path"] === "b.md" ? { deny: { reason: "no" } } : undefined)),
        hook("post", "one", () => ({ result: "other" })),
      ],
      { handlers: { work: code as never } },
    );
    expect(await outputOf(runtime, workflowOf("code", [handler("work", { requires: ["fs.read"] })]))).toEqual(["other", "hook-denied"]);
  });

  test.each([
    [{}, true],
    [{ tools: [], nodes: [] }, true],
    [{ tools: ["read"] }, true],
    [{ tools: ["re*"], nodes: ["it"] }, true],
    [{ tools: ["*"] }, true],
    [{ tools: ["rea"] }, false],
    [{ tools: ["write", "read2*"] }, false],
    [{ tools: ["read"], nodes: ["its"] }, false],
  ])("with %j hear of a call of read by it: %s", (patterns, expected) => {
    expect(hears(patterns, { tool: "read", node: "it" })).toBe(expected);
  });
});

describe("a hook that widens", () => {
  const widen = (...allowHosts: string[]) => hook("pre", "one", () => ({ allowHosts }));
  const fetching = (url = "https://api.example/x") => workflowOf("fetching", [node("http.fetch", { url, method: "GET" })]);
  const options = { allowedHosts: [], permitHostWidening: ["team"] };

  test("lets this one call reach a host, and the record says so", async () => {
    let calls = 0;
    const runtime = start([hook("pre", "one", () => (calls++ === 0 ? { allowHosts: ["api.example"] } : undefined))], options);
    expect(await outputOf(runtime, fetching())).toBe("fetched");
    expect(await outputOf(runtime, fetching())).toContain("call-denied destination-not-allowed");
    expect(await preparedOf(runtime)).toMatchObject([
      { prepared: { widened: ["api.example"] }, hooks: [{ did: "widened", hosts: ["api.example"] }] },
    ]);
  });

  test.each([
    ["an owner that the operator does not name", widen("api.example"), { permitHostWidening: ["others", "elsewhere:team"] }],
    ["every host at once", widen("*"), {}],
    ["a range of addresses", widen("0.0.0.0/0"), {}],
    ["another host", widen("b.example"), {}],
  ])("does nothing for %s", async (_, one, extra) => {
    expect(await outputOf(start([one], { ...options, ...extra }), fetching())).toContain("call-denied destination-not-allowed");
  });

  test("may be permitted in one tenant alone", async () => {
    const permitted = { ...options, permitHostWidening: [`${defaultTenant}:team`] };
    expect(await outputOf(start([widen("api.example")], permitted), fetching())).toBe("fetched");
  });

  test("never reaches past what the node was printed to reach, nor a private place", async () => {
    const rewriting = hook("pre", "one", ({ args }) => ({ args: { ...args, url: "https://b.example/" }, allowHosts: ["b.example"] }));
    expect(await outputOf(start([rewriting], options), fetching())).toContain("call-denied destination-not-declared");
    expect(await outputOf(start([widen("127.0.0.1")], options), fetching("http://127.0.0.1:9/"))).toContain(
      "call-denied destination-not-public",
    );
  });

  test("has widened nothing once a later one denies", async () => {
    const runtime = start([widen("api.example"), hook("pre", "two", () => ({ deny: { reason: "no" } }))], options);
    expect(await outputOf(runtime, fetching())).toContain("call-denied hook-denied");
    expect(await preparedOf(runtime)).toEqual([]);
  });
});

describe("registered hooks", () => {
  const request = (name: string, extra: object = {}) => ({
    owner: "team",
    name,
    phase: "pre" as const,
    url: "https://hooks.example/x",
    ...extra,
  });

  test("keep their place when they are registered again, under a new id and with a new secret, across restarts", async () => {
    const disk = createMemoryDisk();
    const runtime = start([], { store: createMemoryStore(disk) });
    const first = await runtime.api.hooks.register(request("one"), caller());
    const second = await runtime.api.hooks.register(request("two"), caller());
    const again = await runtime.api.hooks.register(request("one", { failMode: "closed" }), caller());
    expect(new Set([first, second, again].map(({ hook: { id } }) => id)).size).toBe(3);
    expect(again.secret).not.toBe(first.secret);
    const listed = await runtime.api.hooks.list({}, caller());
    expect(listed).toEqual([again.hook, second.hook]);
    expect(JSON.stringify(listed)).not.toContain("hks_");
    const later = start([], { store: createMemoryStore(structuredClone(disk)) });
    expect(await later.api.hooks.list({}, caller())).toEqual(listed);
  });

  test("are gone once they are deleted, by the id that they have now", async () => {
    const disk = createMemoryDisk();
    const runtime = start([], { store: createMemoryStore(disk) });
    const first = await runtime.api.hooks.register(request("one"), caller());
    const again = await runtime.api.hooks.register(request("one"), caller());
    await expect(runtime.api.hooks.delete({ id: first.hook.id }, caller())).rejects.toMatchObject({ code: "hook-not-found" });
    await expect(runtime.api.hooks.delete({ id: again.hook.id }, caller("other"))).rejects.toMatchObject({ code: "hook-not-found" });
    expect(await runtime.api.hooks.list({}, caller("other"))).toEqual([]);
    await runtime.api.hooks.delete({ id: again.hook.id }, caller());
    await expect(runtime.api.hooks.delete({ id: again.hook.id }, caller())).rejects.toMatchObject({ code: "hook-not-found" });
    expect(await start([], { store: createMemoryStore(structuredClone(disk)) }).api.hooks.list({}, caller())).toEqual([]);
    expect((await runtime.api.hooks.register(request("one"), caller())).hook.name).toBe("one");
  });

  test.each([
    ["a private place", { url: "https://127.0.0.1/x" }],
    ["this machine by its name", { url: "http://localhost:8080/" }],
    ["the clear", { url: "http://hooks.example/" }],
    ["no URL", { url: "hooks.example" }],
    ["a time beyond a minute", { timeoutMs: 60_001 }],
    ["a pattern with a star within", { tools: ["a*b"] }],
  ])("with %s are refused", async (_, extra) => {
    await expect(start([]).api.hooks.register(request("one", extra), caller())).rejects.toMatchObject({ code: "hook-invalid" });
  });
});
