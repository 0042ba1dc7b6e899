// The story of a call with its place in the chain, and the key that heads are signed with.
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditHeadBytes } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { approvalOf, auditTools, looking, putWorkflow, saving, verifySignature, who } from "../../test/audit-world.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../create-runtime.ts";
import { createMemoryDisk, type MemoryDisk } from "../store-memory/disk.ts";
import { createMemoryStore } from "../store-memory/memory-store.ts";

const ada = who("ada");
const bob = who("bob");

let folder: string;
let disk: MemoryDisk;
let runtime: Runtime;

function open(extra: RuntimeOptions = {}): Runtime {
  runtime = createRuntime({ store: createMemoryStore(disk), tools: auditTools([]), roots: { workspace: folder }, ...extra });
  return runtime;
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-audit-")));
  disk = createMemoryDisk();
});
afterEach(async () => {
  await runtime.close({ graceMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<{ readonly runId: string; readonly id: string; readonly hash: `sha256:${string}` }> {
  const bundle = await putWorkflow(runtime.api, saving, ada);
  const { runId } = await runtime.api.runs.start({ bundle, input: { path: "a" } }, ada);
  const approval = await approvalOf(runtime.api, runId, ada);
  return { runId, id: approval?.id ?? "", hash: approval?.hash ?? "sha256:" };
}

describe("explain", () => {
  test("tells who asked for a call, who approved it and how it ended, each with its record", async () => {
    open();
    const { runId, id, hash } = await start();
    await runtime.api.approvals.approve({ id, hash, comment: "looks right" }, bob);
    await runtime.api.runs.result({ runId }, ada);
    const told = await runtime.api.audit.explain({ call: id }, ada);
    expect(told).toMatchObject({ call: id, runId, node: "save", tool: "save", capability: "fs.write", requestedBy: "ada" });
    expect(told.decisions.map(({ kind, by, comment, status }) => ({ kind, by, comment, status }))).toEqual([
      { kind: "call-prepared", by: undefined, comment: undefined, status: "verified" },
      { kind: "call-approved", by: "bob", comment: "looks right", status: "verified" },
      { kind: "attempt-started", by: undefined, comment: undefined, status: "verified" },
      { kind: "activation-succeeded", by: undefined, comment: undefined, status: "verified" },
    ]);
    expect(told.decisions.slice(0, 2).map((decision) => decision.hash)).toEqual([hash, hash]);
    expect(told.decisions.map(({ record = 0 }) => record > 0)).toEqual([true, true, true, true]);
    expect(told.decisions[0]?.says).toBe("prepared: save (fs.write, modify); a person has to answer, by operator");
  });

  test("tells a refusal, and by whom", async () => {
    open();
    const { runId, id } = await start();
    await runtime.api.approvals.reject({ id, comment: "not today" }, bob);
    await runtime.api.runs.result({ runId }, ada);
    const { decisions } = await runtime.api.audit.explain({ call: id }, ada);
    expect(decisions.at(-1)).toMatchObject({
      kind: "activation-failed",
      by: "bob",
      says: "rejected: not today (rejected)",
      status: "verified",
    });
  });

  test("tells of a call that was refused before there was one to prepare", async () => {
    open();
    const bundle = await putWorkflow(runtime.api, looking, ada);
    const { runId } = await runtime.api.runs.start({ bundle, input: { path: "../outside" } }, ada);
    await runtime.api.runs.result({ runId }, ada);
    const { decisions } = await runtime.api.audit.explain({ call: `${runId}/1` }, ada);
    expect(decisions).toMatchObject([{ kind: "activation-failed", status: "verified" }]);
  });

  test("tells the grant that stood in for a person, and what became of it", async () => {
    open();
    const bundle = await putWorkflow(runtime.api, saving, ada);
    const { id: grant } = await runtime.api.grants.create(
      { capability: "fs.write", scope: { kind: "bundle", bundle }, reason: "nightly" },
      bob,
    );
    const { runId } = await runtime.api.runs.start({ bundle, input: { path: "a" } }, ada);
    await runtime.api.runs.result({ runId }, ada);
    await runtime.api.grants.revoke({ id: grant }, bob);
    const { decisions } = await runtime.api.audit.explain({ call: `${runId}/2` }, ada);
    expect(decisions.map(({ kind, status }) => [kind, status])).toEqual([
      ["grant-created", "verified"],
      ["grant-used", "verified"],
      ["call-prepared", "verified"],
      ["attempt-started", "verified"],
      ["activation-succeeded", "verified"],
      ["grant-revoked", "verified"],
    ]);
    expect(decisions[0]?.by).toBe("bob");
  });

  test("sees an event that was changed, and a record that was", async () => {
    open();
    const { runId, id, hash } = await start();
    await runtime.api.approvals.approve({ id, hash, comment: "looks right" }, bob);
    await runtime.api.runs.result({ runId }, ada);
    const statuses = async () => (await runtime.api.audit.explain({ call: id }, ada)).decisions.map(({ status }) => status);
    const approved = disk.streams.get(`run:${runId}`)?.events.find(({ text }) => text.includes("call-approved"));
    const texts = approved as unknown as { text: string };
    const { text } = texts;
    texts.text = text.replaceAll("bob", "eve");
    expect(await statuses()).toEqual(["verified", "changed", "verified", "verified"]);
    texts.text = text;
    expect(await statuses()).toEqual(["verified", "verified", "verified", "verified"]);
    const records = disk.streams.get("audit:default")?.events as unknown as { text: string }[];
    for (const record of records) record.text = record.text.replace(/"atMs":\d+/, '"atMs":1');
    expect(await statuses()).toEqual(["changed", "changed", "changed", "changed"]);
  });

  test("knows no call of another tenant, and none that is no call", async () => {
    open();
    const { id, runId } = await start();
    const eve = who("eve", "elsewhere");
    await expect(runtime.api.audit.explain({ call: id }, eve)).rejects.toMatchObject({ code: "call-not-found" });
    await expect(runtime.api.audit.explain({ call: `${runId}/99` }, ada)).rejects.toMatchObject({ code: "call-not-found" });
    expect((await runtime.api.audit.explain({ call: id }, ada)).decisions).toHaveLength(1);
  });
});

describe("heads", () => {
  test("are signed with a key that is the owner's alone, and stays", async () => {
    const dataDir = join(folder, "data");
    open({ dataDir });
    const { head, publicKey, signature } = await runtime.api.audit.head({}, ada);
    expect(verifySignature(publicKey, auditHeadBytes(head), signature)).toBe(true);
    expect(verifySignature(publicKey, auditHeadBytes({ ...head, n: head.n + 1 }), signature)).toBe(false);
    const path = join(dataDir, "audit-key.pem");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    await runtime.close({ graceMs: 0 });
    open({ dataDir });
    expect((await runtime.api.audit.head({}, ada)).publicKey).toBe(publicKey);
  });

  test("are refused while others may read the key", async () => {
    const dataDir = join(folder, "data");
    open({ dataDir });
    await runtime.api.audit.head({}, ada);
    await runtime.close({ graceMs: 0 });
    chmodSync(join(dataDir, "audit-key.pem"), 0o644);
    open({ dataDir });
    await expect(runtime.api.audit.head({}, ada)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("chmod 600"),
    });
  });
});
