/** Bad input at every door of a real daemon: a typed error each time, and the daemon answers on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundleManifest, bundleHash, hashBytes, parseDaemonConfig, WorkflowIr } from "@heddle/core";
import { type Daemon, startDaemon } from "@heddle/daemon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fake-engine.ts";
import { type WireClient, wires } from "./wires.ts";

const code = new TextEncoder().encode(`
export async function echo({ value }) { return value; }
export async function big() { return "x".repeat(9 * 1024 * 1024); }
export async function deep() { let value = 1; for (let i = 0; i < 200; i++) value = [value]; return value; }
export async function odd() { return { when: new Map(), at: NaN }; }
export async function slow(_, ctx) { await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve, { once: true })); }
`);

const names = ["echo", "big", "deep", "odd", "slow"];

function workflow(handler: string): WorkflowIr {
  return WorkflowIr.parse({
    ir: "heddle.ir/v1",
    id: `flow-${handler}`,
    discipline: "stages",
    inputs: [{ name: "value", type: { kind: "json" }, optional: true }],
    entry: "only",
    nodes: [
      {
        kind: "handler",
        id: "only",
        handler,
        reads: [{ name: "value", value: { kind: "ref", scope: "var", name: "value" } }],
        ...(handler === "slow" ? { timeoutMs: 200 } : {}),
        exit: { output: { kind: "ref", scope: "result" } },
      },
    ],
    edges: [],
  });
}

const waiting = WorkflowIr.parse({
  ir: "heddle.ir/v1",
  id: "flow-waiting",
  discipline: "stages",
  inputs: [],
  entry: "ask",
  nodes: [
    {
      kind: "human",
      id: "ask",
      mode: "approve",
      prompt: { kind: "literal", value: "?" },
      exit: { output: { kind: "ref", scope: "result" } },
    },
  ],
  edges: [],
});

const files = [{ path: "code.mjs", bytes: code }];
const manifest: BundleManifest = {
  format: "heddle.bundle/v1",
  main: "flow-echo",
  workflows: [...names.map(workflow), waiting],
  handlers: names.map((name) => ({ name, code: { file: "code.mjs", export: name } })),
  files: [{ path: "code.mjs", hash: hashBytes(code), bytes: code.length }],
};

describe.each(wires)("over $name", (wire) => {
  const home = temporaryFolder();
  let daemon: Daemon;
  let client: WireClient;

  const connect = (token = readFileSync(daemon.tokenFile, "utf8").trim()): WireClient =>
    wire.connect(wire.addressOf(daemon), { home, token });

  beforeAll(async () => {
    const config = parseDaemonConfig({
      dataDir: join(home, "data"),
      grpc: { port: 0 },
      http: { port: 0 },
      handlers: { processes: 1, graceMs: 200 },
    });
    daemon = await startDaemon({ config, env: { HEDDLE_HOME: home, PATH: process.env["PATH"] } });
    client = connect();
    await client.bundles.put({ manifest, files });
  });

  afterAll(async () => {
    await client.close();
    await daemon.close();
  });

  const bundle = bundleHash(manifest);
  const unknownRun = `run_${"0".repeat(26)}`;

  describe("bundles", () => {
    const put = (changed: unknown, sent = files): Promise<unknown> => client.bundles.put({ manifest: changed, files: sent });

    it.each([
      ["no manifest at all", null, "bundle-invalid"],
      ["another format", { ...manifest, format: "heddle.bundle/v2" }, "bundle-invalid"],
      ["a main that is not there", { ...manifest, main: "absent" }, "bundle-invalid"],
      ["an unknown member", { ...manifest, extra: 1 }, "bundle-invalid"],
      ["a handler that is used and not declared", { ...manifest, handlers: manifest.handlers.slice(1) }, "bundle-invalid"],
      ["a path that climbs out", { ...manifest, files: [{ ...manifest.files[0], path: "../code.mjs" }] }, "path-escape"],
      ["an absolute path", { ...manifest, files: [{ ...manifest.files[0], path: "/etc/passwd" }] }, "path-escape"],
      ["a path of another system", { ...manifest, files: [{ ...manifest.files[0], path: "a\\..\\b" }] }, "path-escape"],
    ])("refuse %s", async (_, changed, errorCode) => {
      await expect(put(changed)).rejects.toMatchObject({ code: errorCode });
    });

    it("refuse files that are missing, changed, or not in the manifest", async () => {
      await expect(put({ ...manifest, main: "flow-big" }, [])).rejects.toMatchObject({ code: "bundle-invalid" });
      const changed = [{ path: "code.mjs", bytes: new TextEncoder().encode("export {}") }];
      await expect(put({ ...manifest, main: "flow-big" }, changed)).rejects.toMatchObject({ code: "bundle-hash-mismatch" });
      const more = [...files, { path: "more.mjs", bytes: code }];
      await expect(put({ ...manifest, main: "flow-big" }, more)).rejects.toMatchObject({ code: "bundle-invalid" });
    });

    it("are not found by a hash that nobody stored", async () => {
      const hash = `sha256:${"0".repeat(64)}` as const;
      await expect(client.bundles.get({ hash })).rejects.toMatchObject({ code: "bundle-not-found" });
      await expect(client.runs.start({ bundle: hash, input: {} })).rejects.toMatchObject({ code: "bundle-not-found" });
    });
  });

  describe("runs", () => {
    it("that nobody started are not found, by any method", async () => {
      const runId = unknownRun;
      const { runs } = client;
      const calls: (() => Promise<unknown>)[] = [
        () => runs.get({ runId }),
        () => runs.events({ runId }),
        () => runs.logs({ runId }),
        () => runs.result({ runId }),
        () => runs.pause({ runId }),
        () => runs.resume({ runId }),
        () => runs.cancel({ runId }),
        () => runs.signal({ runId, name: "go", value: null }),
        () => runs.answer({ runId, answer: true }),
        () => runs.query({ runId, name: "state" }),
        () => runs.retry({ runId }),
        () => runs.delete({ runId }),
        () => runs.why({ runId }),
        async () => {
          for await (const _ of runs.follow({ runId })) expect.unreachable();
        },
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "run-not-found" });
    });

    it("of another tenant do not exist either", async () => {
      const { runId } = await client.runs.start({ bundle, input: { value: 1 } });
      await client.runs.result({ runId });
      const { secret } = await client.tokens.create({ subject: "somebody", roles: ["operator"], tenant: "other" });
      await using stranger = connect(secret);
      await expect(stranger.runs.get({ runId })).rejects.toMatchObject({ code: "run-not-found" });
      const open = await client.runs.start({ bundle, workflow: "flow-waiting", input: {} });
      const { runs } = stranger;
      for (const reach of [runs.get, runs.result, runs.cancel, runs.pause, runs.why]) {
        await expect(reach({ runId: open.runId })).rejects.toMatchObject({ code: "run-not-found" });
      }
      await expect(runs.answer({ runId: open.runId, answer: true })).rejects.toMatchObject({ code: "run-not-found" });
      expect((await client.runs.get({ runId: open.runId })).status).toBe("waiting");
      await client.runs.cancel({ runId: open.runId });
      await expect(stranger.bundles.get({ hash: bundle })).rejects.toMatchObject({ code: "bundle-not-found" });
      expect((await stranger.runs.list({})).rows).toEqual([]);
      expect((await stranger.bundles.list({})).rows).toEqual([]);
    });

    it("are not for a wrong token, nor for one that was revoked", async () => {
      await using wrong = connect("hdl_wrong");
      await expect(wrong.runs.list({})).rejects.toMatchObject({ code: "unauthenticated" });
      const { secret, token } = await client.tokens.create({ subject: "guest", roles: ["operator"] });
      await using guest = connect(secret);
      await guest.runs.list({});
      await expect(guest.tokens.list({})).rejects.toMatchObject({ code: "permission-denied" });
      await client.tokens.revoke({ id: token.id });
      await expect(guest.runs.list({})).rejects.toMatchObject({ code: "unauthenticated" });
    });

    it("are not started with inputs that do not fit, and the near name is suggested", async () => {
      await expect(client.runs.start({ bundle, input: { valeu: 1 } })).rejects.toMatchObject({
        code: "input-invalid",
        message: expect.stringContaining("did you mean value?"),
      });
      await expect(client.runs.start({ bundle, workflow: "absent", input: {} })).rejects.toMatchObject({ code: "workflow-not-found" });
    });

    it("refuse an input that is too deep or too large", async () => {
      let deep: unknown = 1;
      for (let i = 0; i < 200; i++) deep = [deep];
      await expect(client.runs.start({ bundle, input: { value: deep as never } })).rejects.toMatchObject({ code: "value-too-deep" });
      const large = { value: "x".repeat(9 * 1024 * 1024) };
      await expect(client.runs.start({ bundle, input: large })).rejects.toMatchObject({ code: "value-too-large" });
    });

    it("keep a value over the inline limit whole", async () => {
      const value = "y".repeat(400_000);
      const { runId } = await client.runs.start({ bundle, input: { value } });
      expect(await client.runs.result({ runId })).toEqual({ runId, status: "succeeded", output: value });
      expect((await client.runs.get({ runId })).input).toEqual({ value });
    });

    it.each([
      ["big", "value-too-large"],
      ["deep", "result-invalid"],
      ["odd", "result-invalid"],
      ["slow", "timeout"],
    ])("fail where the handler %s misbehaves, with %s", async (handler, errorCode) => {
      const { runId } = await client.runs.start({ bundle, workflow: `flow-${handler}`, input: {} });
      expect(await client.runs.result({ runId })).toMatchObject({ status: "failed", failure: { code: errorCode, node: "only" } });
    });

    it("with one idempotency key are one run, and another input under it is a conflict", async () => {
      const first = await client.runs.start({ bundle, input: { value: 1 }, idempotencyKey: "k" });
      expect(await client.runs.start({ bundle, input: { value: 1 }, idempotencyKey: "k" })).toEqual({ runId: first.runId, existing: true });
      await expect(client.runs.start({ bundle, input: { value: 2 }, idempotencyKey: "k" })).rejects.toMatchObject({
        code: "idempotency-conflict",
      });
    });

    it("that have ended refuse what only an open run can do", async () => {
      const { runId } = await client.runs.start({ bundle, input: { value: 1 } });
      await client.runs.result({ runId });
      for (const wish of [
        client.runs.pause({ runId }),
        client.runs.resume({ runId }),
        client.runs.cancel({ runId }),
        client.runs.answer({ runId, answer: true }),
        client.runs.signal({ runId, name: "go", value: 1 }),
      ]) {
        await expect(wish).rejects.toMatchObject({ code: "run-ended" });
      }
      await client.runs.delete({ runId });
      await expect(client.runs.get({ runId })).rejects.toMatchObject({ code: "run-not-found" });
    });
  });
});
