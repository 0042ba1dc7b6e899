// The inbox of people and the grants, through the API of a whole runtime.
// Parity: MI6, LC15.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApprovalChange, defaultTenant, defineTool, type Node, type Principal, type WorkflowIr } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { literal, variable, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime } from "../create-runtime.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";

const who = (subject: string, tenant: string, ...roles: Principal["roles"]) => ({ principal: { subject, tenant, roles } as Principal });
const ada = who("ada", defaultTenant, "engineer");
const otto = who("otto", defaultTenant, "operator");
const stranger = who("eve", "elsewhere", "admin");

let folder: string;
let saved: string[];
/** What a call that is under way waits for. */
let held: Promise<void> | undefined;
let runtime: Runtime;

const save = defineTool({
  name: "save",
  capability: "fs.write",
  description: "saves",
  input: z.strictObject({ path: z.string(), content: z.string() }),
  handler: async (_, context) => {
    saved.push(context.file("path").relative);
    await held;
    return null;
  },
});

function open(store = createMemoryStore()): Runtime {
  runtime = createRuntime({ store, tools: [save], roots: { workspace: folder }, pools: { one: 1 } });
  return runtime;
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-consent-")));
  saved = [];
  held = undefined;
});
afterEach(async () => {
  await runtime.close({ graceMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

const saving: WorkflowIr = workflowOf(
  "saving",
  [
    {
      kind: "tool",
      id: "save",
      capability: "fs.write",
      reads: [
        { name: "path", value: variable("path") },
        { name: "content", value: literal("x") },
      ],
    },
  ],
  { inputs: [{ name: "path", type: { kind: "string" } }] },
);

async function put(ir: WorkflowIr): Promise<`sha256:${string}`> {
  const manifest = { format: "heddle.bundle/v1" as const, main: ir.id, workflows: [ir], handlers: [], files: [] };
  return (await runtime.api.bundles.put({ manifest, files: [] }, ada)).hash as `sha256:${string}`;
}

async function start(ir: WorkflowIr, input: Record<string, string>): Promise<string> {
  const { runId } = await runtime.api.runs.start({ bundle: await put(ir), input }, ada);
  return runId;
}

/** The first approvals that are asked for, as many as wanted. */
async function asked(count: number): Promise<ApprovalChange[]> {
  const stop = new AbortController();
  const seen: ApprovalChange[] = [];
  for await (const changes of runtime.api.approvals.follow({}, { ...ada, signal: stop.signal })) {
    seen.push(...changes.filter(({ kind }) => kind !== "current"));
    if (seen.length >= count) stop.abort();
  }
  return seen;
}

describe("approvals", () => {
  test("show the call word for word, and start it when the one that was seen is approved", async () => {
    open();
    const runId = await start(saving, { path: "a" });
    await asked(1);
    const { rows } = await runtime.api.approvals.list({}, otto);
    expect(rows).toMatchObject([
      {
        id: `${runId}/1`,
        node: "save",
        requestedBy: "ada",
        approvedBy: [],
        call: { tool: "save", capability: "fs.write", permission: "modify" },
      },
    ]);
    const [{ id = "", call } = {}] = rows;
    await expect(runtime.api.approvals.approve({ id }, ada)).rejects.toMatchObject({ code: "request-invalid" });
    await expect(runtime.api.approvals.approve({ id, hash: `sha256:${"0".repeat(64)}` }, ada)).rejects.toMatchObject({
      code: "call-changed",
    });
    await expect(runtime.api.approvals.approve({ id, hash: call?.hash ?? "" }, otto)).rejects.toMatchObject({ code: "permission-denied" });
    expect(saved).toEqual([]);
    await runtime.api.approvals.approve({ id, hash: call?.hash ?? "", comment: "fine" }, ada);
    expect(await runtime.api.runs.result({ runId }, ada)).toMatchObject({ status: "succeeded" });
    await expect(runtime.api.approvals.approve({ id, hash: call?.hash ?? "" }, ada)).rejects.toMatchObject({ code: "approval-not-found" });
    expect(saved).toEqual(["a"]);
  });

  test("are not seen, given or taken by another tenant", async () => {
    open();
    const runId = await start(saving, { path: "a" });
    await asked(1);
    expect((await runtime.api.approvals.list({}, stranger)).rows).toEqual([]);
    await expect(runtime.api.approvals.get({ id: `${runId}/1` }, stranger)).rejects.toMatchObject({ code: "approval-not-found" });
    await expect(runtime.api.approvals.reject({ id: `${runId}/1` }, stranger)).rejects.toMatchObject({ code: "approval-not-found" });
  });

  test("are followed: what is open, what is asked later, and what is closed", async () => {
    open();
    const first = await start(saving, { path: "a" });
    await asked(1);
    const second = await start(saving, { path: "b" });
    const stop = new AbortController();
    const told: string[] = [];
    let current = 0;
    for await (const changes of runtime.api.approvals.follow({}, { ...ada, signal: stop.signal })) {
      for (const change of changes) {
        if (change.kind === "current") current++;
        else told.push(change.kind === "asked" ? `asked ${change.approval.id}` : `closed ${change.id}`);
      }
      if (told.length === 2) await runtime.api.approvals.reject({ id: `${first}/1`, comment: "no" }, otto);
      if (told.length === 3) stop.abort();
    }
    expect(told).toEqual([`asked ${first}/1`, `asked ${second}/1`, `closed ${first}/1`]);
    expect(current).toBe(1);
    expect(await runtime.api.runs.result({ runId: first }, ada)).toMatchObject({
      status: "failed",
      failure: { code: "rejected", message: "no" },
    });
  });

  test("end their followers when the runtime closes", async () => {
    open();
    const following = asked(1);
    await runtime.ready();
    await runtime.close();
    expect(await following).toEqual([]);
  });

  test("outlive the process that asked", async () => {
    const store = createMemoryStore();
    open({ ...store, close: () => Promise.resolve() });
    const runId = await start(saving, { path: "a" });
    await asked(1);
    await runtime.close();
    open(store);
    const [change] = await asked(1);
    const call = change?.kind === "asked" ? change.approval.call : undefined;
    await runtime.api.approvals.approve({ id: `${runId}/1`, hash: call?.hash ?? "" }, ada);
    expect(await runtime.api.runs.result({ runId }, ada)).toMatchObject({ status: "succeeded" });
    expect(saved).toEqual(["a"]);
  });
});

test("interruptions are the questions whose answer is a value", async () => {
  open();
  const ask: Node = { kind: "human", id: "ask", mode: "answer", prompt: literal("Which?"), answer: { kind: "string" } };
  const runId = await start(workflowOf("asking", [ask]), {});
  const { rows } = await until(
    () => runtime.api.interruptions.list({}, otto),
    ({ rows: found }) => found.length === 1,
  );
  expect(rows).toMatchObject([{ id: `${runId}/1`, prompt: "Which?" }]);
  expect((await runtime.api.approvals.list({}, otto)).rows).toEqual([]);
  await expect(runtime.api.interruptions.answer({ id: `${runId}/1`, answer: 4 }, otto)).rejects.toMatchObject({ code: "answer-invalid" });
  await runtime.api.interruptions.answer({ id: `${runId}/1`, answer: "this" }, otto);
  expect(await runtime.api.runs.result({ runId }, ada)).toMatchObject({ output: { answer: "this", by: "otto" } });
  const declined = await start(workflowOf("asking", [ask]), {});
  await until(
    () => runtime.api.interruptions.list({}, otto),
    ({ rows: found }) => found.length === 1,
  );
  await runtime.api.interruptions.decline({ id: `${declined}/1` }, otto);
  expect(await runtime.api.runs.result({ runId: declined }, ada)).toMatchObject({ status: "failed", failure: { code: "rejected" } });
});

describe("grants", () => {
  const reason = "a migration";

  test("cover as many calls as they say, each counted once, and then people are asked again", async () => {
    open();
    const bundle = await put(saving);
    const grant = await runtime.api.grants.create(
      { capability: "fs.write", paths: ["workspace:out/"], scope: { kind: "bundle", bundle }, count: 2, reason },
      ada,
    );
    for (const path of ["out/1", "out/2"])
      expect(await runtime.api.runs.result({ runId: await start(saving, { path }) }, ada)).toMatchObject({ status: "succeeded" });
    expect((await runtime.api.grants.list({ all: true }, ada)).rows).toMatchObject([{ id: grant.id, uses: 2, by: "ada" }]);
    expect((await runtime.api.grants.list({}, ada)).rows).toEqual([]);
    await start(saving, { path: "out/3" });
    await asked(1);
    expect(saved).toEqual(["out/1", "out/2"]);
  });

  test("cover nothing outside of their paths, once revoked, or when they have expired", async () => {
    open();
    const bundle = await put(saving);
    const scope = { kind: "bundle", bundle } as const;
    const narrow = await runtime.api.grants.create({ capability: "fs.write", paths: ["workspace:out/"], scope, reason }, ada);
    await runtime.api.grants.create({ capability: "fs.write", scope, expiresAtMs: 1, reason }, ada);
    const outside = await start(saving, { path: "elsewhere" });
    await asked(1);
    await runtime.api.runs.cancel({ runId: outside }, ada);
    await runtime.api.grants.revoke({ id: narrow.id }, ada);
    await start(saving, { path: "out/1" });
    await asked(1);
    expect(saved).toEqual([]);
  });

  test("that were revoked do not start what they covered and what still waits for its slot", async () => {
    open();
    let letGo = (): void => undefined;
    held = new Promise((resolve) => {
      letGo = resolve;
    });
    const [node] = saving.nodes;
    const pooled = { ...saving, nodes: [{ ...node, pool: "one" } as Node] };
    const bundle = await put(pooled);
    const grant = await runtime.api.grants.create({ capability: "fs.write", scope: { kind: "bundle", bundle }, reason }, ada);
    const first = await start(pooled, { path: "first" });
    await until(
      () => Promise.resolve(saved),
      (calls) => calls.length === 1,
    );
    const second = await start(pooled, { path: "second" });
    await until(
      () => runtime.api.grants.list({ all: true }, ada),
      ({ rows }) => rows[0]?.uses === 2,
    );
    await until(
      () => runtime.api.runs.why({ runId: second }, ada),
      ([why]) => why?.kind === "slot",
    );
    await runtime.api.grants.revoke({ id: grant.id }, ada);
    letGo();
    expect(await runtime.api.runs.result({ runId: first }, ada)).toMatchObject({ status: "succeeded" });
    expect(await runtime.api.runs.result({ runId: second }, ada)).toMatchObject({
      failure: { code: "call-changed", details: { reason: "grant-void", grant: grant.id } },
    });
    expect(saved).toEqual(["first"]);
  });

  test("are never wider than what the bundle was printed to reach, and made by engineers alone", async () => {
    open();
    const tools = [{ name: "save", capability: "fs.write", paths: ["workspace:out/"] }];
    const [node] = saving.nodes;
    const bundle = await put({ ...saving, tools, nodes: [{ ...node, tool: "save" } as Node] });
    const scope = { kind: "bundle", bundle } as const;
    const create = (more: object, caller = ada) => runtime.api.grants.create({ capability: "fs.write", scope, reason, ...more }, caller);
    await expect(create({ paths: ["workspace:"] })).rejects.toMatchObject({ code: "grant-invalid" });
    await expect(create({ capability: "os.shell" })).rejects.toMatchObject({ code: "grant-invalid" });
    await expect(create({}, otto)).rejects.toMatchObject({ code: "permission-denied" });
    await expect(create({}, stranger)).rejects.toMatchObject({ code: "bundle-not-found" });
    await expect(runtime.api.grants.revoke({ id: `grt_${"0".repeat(26)}` }, ada)).rejects.toMatchObject({ code: "grant-not-found" });
  });

  test("are counted over restarts", async () => {
    const store = createMemoryStore();
    open({ ...store, close: () => Promise.resolve() });
    const bundle = await put(saving);
    await runtime.api.grants.create({ capability: "fs.write", scope: { kind: "bundle", bundle }, count: 1, reason }, ada);
    await runtime.api.runs.result({ runId: await start(saving, { path: "a" }) }, ada);
    await runtime.close();
    open(store);
    expect((await runtime.api.grants.list({ all: true }, ada)).rows).toMatchObject([{ uses: 1, count: 1 }]);
    await start(saving, { path: "b" });
    await asked(1);
    expect(saved).toEqual(["a"]);
  });
});

async function until<Value>(ask: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
