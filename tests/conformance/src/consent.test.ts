/** Consent through the doors of a real daemon: who may say yes, to what, and what nobody else sees. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ApprovalView, HeddleError, type MethodName, methodAccess, parseDaemonConfig, WorkflowIr } from "@heddle/core";
import { type Daemon, startDaemon } from "@heddle/daemon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fake-engine.ts";
import { rpcs } from "./rpcs.ts";
import { samples } from "./samples.ts";
import { type WireClient, wires } from "./wires.ts";

const variable = (name: string) => ({ kind: "ref", scope: "var", name });
const saving = WorkflowIr.parse({
  ir: "heddle.ir/v1",
  id: "saving",
  discipline: "stages",
  inputs: [{ name: "path", type: { kind: "string" } }],
  entry: "save",
  nodes: [
    {
      kind: "tool",
      id: "save",
      capability: "fs.write",
      reads: [
        { name: "path", value: variable("path") },
        { name: "content", value: { kind: "literal", value: "x" } },
      ],
      exit: { output: { kind: "ref", scope: "result" } },
    },
  ],
  edges: [],
});
const naming = WorkflowIr.parse({
  ir: "heddle.ir/v1",
  id: "naming",
  discipline: "stages",
  inputs: [],
  entry: "ask",
  nodes: [
    {
      kind: "human",
      id: "ask",
      mode: "answer",
      prompt: { kind: "literal", value: "Which?" },
      answer: { kind: "string" },
      exit: { output: { kind: "ref", scope: "result" } },
    },
  ],
  edges: [],
});

describe.each(wires)("over $name", (wire) => {
  const home = temporaryFolder();
  const workspace = temporaryFolder();
  const clients: WireClient[] = [];
  let daemon: Daemon;
  let admin: WireClient;
  let bundle: string;

  beforeAll(async () => {
    const config = parseDaemonConfig({
      dataDir: temporaryFolder(),
      grpc: { port: 0 },
      http: { port: 0 },
      tools: ["writeFile"],
      roots: { workspace },
    });
    daemon = await startDaemon({ config, env: { HEDDLE_HOME: home } });
    const { readTokenFile } = await import("@heddle/client");
    admin = connect(readTokenFile(daemon.address, home));
    const manifest = { format: "heddle.bundle/v1", main: "saving", workflows: [saving, naming], handlers: [], files: [] };
    bundle = (await admin.bundles.put({ manifest, files: [] })).hash;
  }, 60_000);

  afterAll(async () => {
    for (const client of clients) await client.close();
    await daemon.close();
  });

  function connect(token: string | undefined): WireClient {
    const client = wire.connect(wire.addressOf(daemon), { home, token });
    clients.push(client);
    return client;
  }
  const as = async (role: "operator" | "engineer" | "admin", tenant = "default") =>
    connect((await admin.tokens.create({ subject: `${role}-of-${tenant}`, roles: [role], tenant })).secret);
  /** A run that asks to write, and what it asks. */
  const asking = async (path: string): Promise<ApprovalView> => {
    const { runId } = await admin.runs.start({ bundle, workflow: "saving", input: { path } });
    for await (const changes of admin.approvals.follow({ runId })) {
      for (const change of changes) if (change.kind === "asked") return change.approval;
    }
    throw new Error("nothing was asked");
  };

  it("a call is approved by its hash, by somebody who may, once", async () => {
    const [operator, engineer] = [await as("operator"), await as("engineer")];
    const { id, runId, call } = await asking("a.txt");
    const hash = call?.hash ?? "";
    expect(await operator.approvals.get({ id })).toMatchObject({ id, call: { tool: "writeFile", permission: "modify" } });
    await expect(engineer.approvals.approve({ id })).rejects.toMatchObject({ code: "request-invalid", details: { hash } });
    await expect(engineer.approvals.approve({ id, hash: `sha256:${"0".repeat(64)}` })).rejects.toMatchObject({ code: "call-changed" });
    await expect(operator.approvals.approve({ id, hash })).rejects.toMatchObject({ code: "permission-denied" });
    await expect(operator.runs.answer({ runId, answer: true, hash })).rejects.toMatchObject({ code: "permission-denied" });
    expect(existsSync(join(workspace, "a.txt"))).toBe(false);
    await engineer.approvals.approve({ id, hash, comment: "fine" });
    expect(await admin.runs.result({ runId })).toMatchObject({ status: "succeeded" });
    expect(existsSync(join(workspace, "a.txt"))).toBe(true);
    await expect(engineer.approvals.approve({ id, hash })).rejects.toMatchObject({ code: "approval-not-found" });
  });

  it("another tenant sees and answers nothing", async () => {
    const stranger = await as("admin", "elsewhere");
    const { id, runId, call } = await asking("b.txt");
    const { runId: asked } = await admin.runs.start({ bundle, workflow: "naming", input: {} });
    expect((await stranger.approvals.list()).rows).toEqual([]);
    expect((await stranger.interruptions.list({ runId: asked })).rows).toEqual([]);
    for await (const changes of stranger.approvals.follow({ runId })) {
      expect(changes).toEqual([{ kind: "current" }]);
      break;
    }
    const gone = { code: "approval-not-found" };
    await expect(stranger.approvals.get({ id })).rejects.toMatchObject(gone);
    await expect(stranger.approvals.approve({ id, hash: call?.hash ?? "" })).rejects.toMatchObject(gone);
    await expect(stranger.approvals.reject({ id })).rejects.toMatchObject(gone);
    await expect(stranger.interruptions.answer({ id: `${asked}/1`, answer: "mine" })).rejects.toMatchObject(gone);
    await expect(stranger.interruptions.decline({ id: `${asked}/1` })).rejects.toMatchObject(gone);
    const reason = "a migration";
    const terms = { capability: "fs.write", scope: { kind: "bundle", bundle } as const, reason };
    await expect(stranger.grants.create(terms)).rejects.toMatchObject({ code: "bundle-not-found" });
    const grant = await admin.grants.create({ ...terms, count: 1, paths: ["workspace:never/"] });
    expect((await stranger.grants.list({ all: true })).rows).toEqual([]);
    await expect(stranger.grants.revoke({ id: grant.id })).rejects.toMatchObject({ code: "grant-not-found" });
    await admin.approvals.reject({ id, comment: "no" });
    expect(await admin.runs.result({ runId })).toMatchObject({ failure: { code: "rejected", message: "no" } });
    await admin.interruptions.answer({ id: `${asked}/1`, answer: "this" });
    expect(await admin.runs.result({ runId: asked })).toMatchObject({ status: "succeeded" });
  });

  it("a tool is called as a run, which asks; one that was not named is not there", async () => {
    expect((await admin.tools.list()).map(({ name }) => name)).toEqual(["writeFile"]);
    const { runId } = await admin.tools.invoke({ tool: "writeFile", args: { path: "c.txt", content: "y" } });
    for await (const changes of admin.approvals.follow({ runId })) if (changes.some(({ kind }) => kind === "asked")) break;
    const [view] = (await admin.approvals.list({ runId })).rows;
    await admin.approvals.approve({ id: view?.id ?? "", hash: view?.call?.hash ?? "" });
    expect(await admin.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { created: true } });
    await expect(admin.tools.invoke({ tool: "readFile", args: { path: "c.txt" } })).rejects.toMatchObject({ code: "tool-not-found" });
    await expect(admin.tools.invoke({ tool: "writeFile", args: { path: 3 } })).rejects.toMatchObject({ code: "input-invalid" });
  });

  it("a role that a method is not for is refused, whatever it asks for", async () => {
    const operator = (await as("operator")) as unknown as Record<string, Record<string, (request: unknown) => Promise<unknown>>>;
    const withheld = Object.entries(rpcs).flatMap(([group, methods]) =>
      Object.keys(methods)
        .filter((method) => !methodAccess[`${group}.${method}` as MethodName].roles.includes("operator"))
        .map((method) => ({ group, method })),
    );
    expect(withheld.length).toBeGreaterThan(5);
    for (const { group, method } of withheld) {
      const { request } = (samples as unknown as Record<string, Record<string, { request: unknown }>>)[group]?.[method] ?? {};
      const code = await operator[group]?.[method]?.(request).then(
        () => "answered",
        (error: unknown) => (HeddleError.is(error) ? error.code : "something else"),
      );
      expect(code, `${group}.${method}`).toBe("permission-denied");
    }
  });
});
