// The life of calls in whole runs, with tools in this process: prepared, judged, asked about, executed once.
// Parity: NE4.
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  defaultTenant,
  defineTool,
  HeddleError,
  type Node,
  type Policy,
  type Principal,
  type RunEvent,
  type Tool,
  type WorkflowIr,
} from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { literal, variable, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../create-runtime.ts";

const caller = (subject: string, ...roles: Principal["roles"]) => ({ principal: { subject, tenant: defaultTenant, roles } as Principal });
const engineer = caller("ada", "engineer");
const operator = caller("otto", "operator");

let folder: string;
let performed: string[];
let runtime: Runtime | undefined;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-calls-")));
  performed = [];
});
afterEach(async () => {
  await runtime?.close({ graceMs: 0 });
  runtime = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const write = (): Tool =>
  defineTool({
    name: "write",
    capability: "fs.write",
    description: "writes",
    input: z.strictObject({ path: z.string(), content: z.string() }),
    handler: async ({ content }, context) => {
      performed.push(`write ${context.file("path").relative}`);
      return { ...(await context.file("path").write(content)) };
    },
  });
const read = (): Tool =>
  defineTool({
    name: "read",
    capability: "fs.read",
    description: "reads",
    input: z.strictObject({ path: z.string() }),
    handler: async (_, context) => {
      performed.push(`read ${context.file("path").relative}`);
      return { text: await context.file("path").readText() };
    },
  });

function start(options: RuntimeOptions = {}): Runtime {
  runtime = createRuntime({ tools: [write(), read()], roots: { workspace: folder }, ...options });
  return runtime;
}

const save = (path: string, extra: object = {}): Node =>
  ({
    kind: "tool",
    id: "save",
    capability: "fs.write",
    reads: [
      { name: "path", value: literal(path) },
      { name: "content", value: variable("text") },
    ],
    ...extra,
  }) as Node;
const saving = (path: string, extra: Partial<WorkflowIr> = {}, node: object = {}): WorkflowIr =>
  workflowOf("saving", [save(path, node)], { inputs: [{ name: "text", type: { kind: "string" } }], ...extra });

async function begin(ir: WorkflowIr, text = "hello"): Promise<{ runId: string; api: Runtime["api"] }> {
  const { api } = runtime ?? start();
  const bundle = await runtime?.run(workflowOf("warm", [{ kind: "router", id: "end" }]), {});
  expect(bundle).toBeDefined();
  const { hash } = await api.bundles.put(
    { manifest: { format: "heddle.bundle/v1", main: ir.id, workflows: [ir], handlers: [], files: [] }, files: [] },
    engineer,
  );
  const { runId } = await api.runs.start({ bundle: hash, input: { text } }, engineer);
  return { runId, api };
}

async function until(api: Runtime["api"], runId: string, kind: RunEvent["kind"]): Promise<RunEvent> {
  for await (const batch of api.runs.follow({ runId }, engineer)) for (const { event } of batch) if (event.kind === kind) return event;
  throw new HeddleError("internal", `the run ended without ${kind}`);
}

describe("a call that changes something", () => {
  test("asks a person, who sees it word for word, and starts once it is approved", async () => {
    start();
    const { runId, api } = await begin(saving("notes/a.md"));
    await until(api, runId, "call-prepared");
    const { questions } = await api.runs.get({ runId }, engineer);
    expect(questions).toMatchObject([
      {
        node: "save",
        mode: "approve",
        details: { tool: "write", permission: "modify", paths: ["workspace:notes/a.md"], input: { content: "hello" } },
      },
    ]);
    expect(performed).toEqual([]);
    await api.runs.answer({ runId, answer: true }, engineer);
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({ status: "succeeded", output: { created: true } });
    expect(readFileSync(join(folder, "notes/a.md"), "utf8")).toBe("hello");
    expect(performed).toEqual(["write notes/a.md"]);
  });

  test("is not approved by somebody whose roles do not suffice, but refused by anybody", async () => {
    start();
    const { runId, api } = await begin(saving("a.md"));
    await until(api, runId, "call-prepared");
    await expect(api.runs.answer({ runId, answer: true }, operator)).rejects.toMatchObject({ code: "permission-denied" });
    await api.runs.answer({ runId, answer: false }, operator);
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({ status: "failed", failure: { code: "rejected" } });
    expect(performed).toEqual([]);
  });

  test("needs as many people as its rule says, each once, and none who started it where it says so", async () => {
    start();
    const { runId, api } = await begin(saving("a.md", {}, { approval: { quorum: 2, notRequester: true } }));
    await until(api, runId, "call-prepared");
    await expect(api.runs.answer({ runId, answer: true }, engineer)).rejects.toMatchObject({ code: "permission-denied" });
    await api.runs.answer({ runId, answer: true }, caller("bea", "engineer"));
    await expect(api.runs.answer({ runId, answer: true }, caller("bea", "engineer"))).rejects.toMatchObject({ code: "permission-denied" });
    expect((await api.runs.get({ runId }, engineer)).questions).toMatchObject([{ approvedBy: ["bea"] }]);
    expect(performed).toEqual([]);
    await api.runs.answer({ runId, answer: true }, caller("cid", "admin"));
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({ status: "succeeded" });
  });

  test("is refused where the path leads elsewhere at its start than when it was approved", async () => {
    start();
    writeFileSync(join(folder, "one"), "1");
    writeFileSync(join(folder, "two"), "2");
    symlinkSync("one", join(folder, "link"));
    const byInput = {
      reads: [
        { name: "path", value: variable("text") },
        { name: "content", value: literal("x") },
      ],
    };
    const { runId, api } = await begin(saving("", {}, byInput), "link");
    await until(api, runId, "call-prepared");
    unlinkSync(join(folder, "link"));
    symlinkSync("two", join(folder, "link"));
    await api.runs.answer({ runId, answer: true }, engineer);
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({ status: "failed", failure: { code: "call-changed" } });
    expect([performed, readFileSync(join(folder, "two"), "utf8")]).toEqual([[], "2"]);
  });

  test("is not approved by a yes to another call", async () => {
    start();
    const { runId, api } = await begin(saving("a.md"));
    await until(api, runId, "call-prepared");
    const hash = `sha256:${"0".repeat(64)}` as const;
    await expect(api.runs.answer({ runId, answer: true, hash }, engineer)).rejects.toMatchObject({ code: "call-changed" });
  });

  test("starts unasked where the operator lets it, and never where the operator does not", async () => {
    start({ approvals: { builtin: "allow" } });
    const allowed = await begin(saving("a.md"));
    expect(await allowed.api.runs.result({ runId: allowed.runId }, engineer)).toMatchObject({ status: "succeeded" });
    await runtime?.close();
    start({ approvals: { builtin: "deny" } });
    const denied = await begin(saving("b.md"));
    expect(await denied.api.runs.result({ runId: denied.runId }, engineer)).toMatchObject({
      failure: { code: "call-denied", details: { reason: "operator-denied" } },
    });
    expect(performed).toEqual(["write a.md"]);
  });
});

describe("what a call names", () => {
  test.each([
    ["../outside", "path-escapes-root"],
    ["/etc/passwd", "path-escapes-root"],
    ["a\u0000b", "path-character"],
  ])("is refused where it is %j: %s", async (path, reason) => {
    start({ approvals: { builtin: "allow" } });
    const { runId, api } = await begin(saving(path));
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({
      status: "failed",
      failure: { code: "call-denied", details: { reason } },
    });
    expect(performed).toEqual([]);
  });

  test("is refused outside of what was printed", async () => {
    start({ approvals: { builtin: "allow" } });
    const tools = [{ name: "write", capability: "fs.write", paths: ["workspace:out/"] }];
    const { runId, api } = await begin(
      saving(
        "elsewhere/a",
        { tools },
        {
          tool: "write",
          reads: [
            { name: "path", value: variable("text") },
            { name: "content", value: literal("x") },
          ],
        },
      ),
      "elsewhere/a",
    );
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({
      failure: { code: "call-denied", details: { reason: "path-not-declared" } },
    });
    const inside = await begin(
      saving(
        "",
        { tools },
        {
          tool: "write",
          reads: [
            { name: "path", value: variable("text") },
            { name: "content", value: literal("x") },
          ],
        },
      ),
      "out/a",
    );
    expect(await inside.api.runs.result({ runId: inside.runId }, engineer)).toMatchObject({ status: "succeeded" });
  });

  test("a tool that may do more than was printed is not called", async () => {
    start({ approvals: { builtin: "allow" } });
    const { runId, api } = await begin(saving("a", {}, { permission: "read" }));
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({
      failure: { code: "call-denied", details: { reason: "permission-not-declared" } },
    });
  });

  test("of a tool that is not here is a failure that says so", async () => {
    start({ tools: [read()] });
    const { runId, api } = await begin(saving("a"));
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({ failure: { code: "tool-not-found" } });
  });
});

describe("policies", () => {
  const path = { kind: "ref", scope: "bound", name: "path" } as const;
  const onWrite = { capability: "fs.write", bind: { path: "path" } };
  const readFirst: Policy = { id: "read first", kind: "before", trigger: onWrite, requires: [{ capability: "fs.read", args: { path } }] };
  const confirmFirst: Policy = { id: "confirm", kind: "before", trigger: onWrite, requires: [{ capability: "user.confirm" }] };

  test("read first what exists, and count what does not as read", async () => {
    writeFileSync(join(folder, "old"), "before");
    start();
    const old = await begin(saving("old", { policies: [readFirst] }));
    expect(await old.api.runs.result({ runId: old.runId }, engineer)).toMatchObject({ status: "succeeded" });
    const fresh = await begin(saving("fresh", { policies: [readFirst] }));
    expect(await fresh.api.runs.result({ runId: fresh.runId }, engineer)).toMatchObject({ status: "succeeded" });
    expect(performed).toEqual(["read old", "write old", "write fresh"]);
  });

  test("ask for a yes, which is the approval", async () => {
    start();
    const { runId, api } = await begin(saving("a", { policies: [confirmFirst] }));
    await until(api, runId, "call-prepared");
    expect((await api.runs.get({ runId }, engineer)).questions).toHaveLength(1);
    await api.runs.answer({ runId, answer: true }, engineer);
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({ status: "succeeded" });
    const kinds = (await api.runs.events({ runId }, engineer)).map(({ event }) => event.kind);
    expect(kinds).toEqual(["run-started", "call-prepared", "call-approved", "attempt-started", "activation-succeeded", "run-succeeded"]);
  });

  test("deny before anything is asked or done", async () => {
    start();
    const deny: Policy = { id: "never", kind: "deny", trigger: onWrite, condition: literal(true) };
    const { runId, api } = await begin(saving("a", { policies: [readFirst, confirmFirst, deny] }));
    expect(await api.runs.result({ runId }, engineer)).toMatchObject({
      failure: { code: "call-denied", details: { reason: "policy-denied", policy: "never" } },
    });
    expect(performed).toEqual([]);
  });
});

test("a call whose capability is a person's asks one, and their answer is its result", async () => {
  start({ tools: [] });
  const ask: Node = { kind: "tool", id: "ask", capability: "user.confirm", reads: [{ name: "message", value: literal("Go on?") }] };
  const { runId, api } = await begin(workflowOf("asking", [ask], { inputs: [{ name: "text", type: { kind: "string" } }] }));
  await until(api, runId, "call-prepared");
  expect((await api.runs.get({ runId }, engineer)).questions).toMatchObject([{ mode: "answer", answers: "boolean", prompt: "Go on?" }]);
  await expect(api.runs.answer({ runId, answer: "perhaps" }, engineer)).rejects.toMatchObject({ code: "answer-invalid" });
  await api.runs.answer({ runId, answer: false }, engineer);
  expect(await api.runs.result({ runId }, engineer)).toMatchObject({ status: "succeeded", output: false });
});
