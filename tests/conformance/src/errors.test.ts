/** Errors leave the daemon with their code, sentence and details, and nothing else, on every wire. */

import { type ErrorCode, errorCodes, HeddleError } from "@heddle/core";
import type { Daemon } from "@heddle/daemon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "./error-of.ts";
import { adminSecret, createFakeEngine, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { hash, manifest, runId } from "./samples.ts";
import { type WireClient, wires } from "./wires.ts";

describe.each(wires)("errors over $name", (wire) => {
  const engine = createFakeEngine();
  const home = temporaryFolder();
  let daemon: Daemon;
  let client: WireClient;

  beforeAll(async () => {
    daemon = await startFakeDaemon(engine, { home });
    client = wire.connect(wire.addressOf(daemon), { home, token: adminSecret });
  });

  afterAll(async () => {
    await client.close();
    await daemon.close();
  });

  async function answering<Value>(method: string, error: unknown, run: () => Promise<Value>): Promise<Value> {
    engine.answers.set(method, () => Promise.reject(error));
    try {
      return await run();
    } finally {
      engine.answers.delete(method);
    }
  }

  const open = (Object.keys(errorCodes) as ErrorCode[]).filter((code) => errorCodes[code].category !== "internal");

  it("keep their code, sentence and details", async () => {
    for (const code of open) {
      const details = { text: "snow ☃ 100% \u{1f680}", n: 1, yes: true };
      const raised = new HeddleError(code, `because of ${code}: ☃ 100%\nnext`, { details, cause: "secret" });
      const error = await answering("runs.pause", raised, () => errorOf(client.runs.pause({ runId })));
      expect(error.code).toBe(code);
      expect(error.message.startsWith(raised.message)).toBe(true);
      // The client for Node says where its token came from, in other words than the daemon's.
      if (code !== "unauthenticated") expect(error.details).toStrictEqual(details);
    }
  });

  it.each([
    ["a stray error", new Error("password=hunter2")],
    ["no error at all", "password=hunter2"],
    ["a broken invariant", new HeddleError("invariant-violated", "password=hunter2")],
    ["an internal error", new HeddleError("internal", "password=hunter2", { details: { password: "hunter2" } })],
  ])("tell nothing of %s", async (_, thrown) => {
    const error = await answering("runs.pause", thrown, () => errorOf(client.runs.pause({ runId })));
    expect(error).toMatchObject({ code: "internal", message: "internal error", details: {} });
  });

  it("come out of a stream as out of a call", async () => {
    const raised = new HeddleError("run-not-found", "no such run", { details: { runId } });
    engine.answers.set("runs.follow", async function* () {
      yield [];
      throw raised;
    } as never);
    const read = async () => {
      for await (const batch of client.runs.follow({ runId })) expect(batch).toEqual([]);
    };
    expect(await errorOf(read())).toMatchObject({ code: "run-not-found", details: { runId } });
  });

  it("come before anything else where the token is missing or wrong", async () => {
    const recorded = engine.recorded.length;
    await using stranger = wire.connect(wire.addressOf(daemon), { home, token: "hdl_wrong" });
    const error = await errorOf(stranger.runs.get({ runId }));
    expect(error.code).toBe("unauthenticated");
    expect(error.message).not.toContain("hdl_wrong");
    expect(engine.recorded).toHaveLength(recorded);
  });

  it("come before a request leaves that does not fit the contract", async () => {
    const recorded = engine.recorded.length;
    expect((await errorOf(client.runs.get({ runId: "mine" }))).code).toBe("request-invalid");
    expect((await errorOf(client.runs.list({ limit: 0.5 }))).code).toBe("request-invalid");
    expect(engine.recorded).toHaveLength(recorded);
  });

  it("say internal of an answer that does not fit the contract", async () => {
    engine.answers.set("runs.start", async () => ({ runId: "mine", existing: false }));
    expect((await errorOf(client.runs.start({ bundle: hash, input: {} }))).code).toBe("internal");
    engine.answers.delete("runs.start");
  });

  it("say why a file of an upload could not be read", async () => {
    const whole = { path: "a", bytes: Buffer.alloc(10) };
    const unreadable = (error: unknown) => ({
      path: "b",
      get bytes(): Uint8Array {
        throw error;
      },
    });
    const own = new HeddleError("path-escape", "unreadable");
    expect((await errorOf(client.bundles.put({ manifest, files: [whole, unreadable(own)] }))).code).toBe("path-escape");
    const foreign = await errorOf(client.bundles.put({ manifest, files: [whole, unreadable(new RangeError("disk"))] }));
    expect(foreign.code).toBe("request-invalid");
  });

  it("tell of a request over the limit before it leaves", async () => {
    const recorded = engine.recorded.length;
    const large = "x".repeat(17 * 1024 * 1024);
    expect((await errorOf(client.runs.start({ bundle: hash, input: { large } }))).code).toBe("value-too-large");
    expect(engine.recorded).toHaveLength(recorded);
  });
});
