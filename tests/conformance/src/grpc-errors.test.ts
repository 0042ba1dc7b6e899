import { status } from "@grpc/grpc-js";
import { type Client, createClient } from "@heddle/client";
import { type ErrorCode, errorCodes, HeddleError } from "@heddle/core";
import type { Daemon } from "@heddle/daemon";
import { runsWire } from "@heddle/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminSecret, createFakeEngine, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { rawCall } from "./raw-call.ts";
import { hash, manifest, runId } from "./samples.ts";

const engine = createFakeEngine();
const home = temporaryFolder();
let daemon: Daemon;
let client: Client;

beforeAll(async () => {
  daemon = await startFakeDaemon(engine, { home });
  client = createClient({ target: daemon.address, token: adminSecret, env: { HEDDLE_HOME: home } });
});

afterAll(async () => {
  await client.close();
  await daemon.close();
});

async function errorOf(work: Promise<unknown>): Promise<HeddleError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!HeddleError.is(error)) expect.fail(`not an error of ours: ${String(error)}`);
  return error;
}

async function answering<Value>(method: string, error: unknown, run: () => Promise<Value>): Promise<Value> {
  engine.answers.set(method, () => Promise.reject(error));
  try {
    return await run();
  } finally {
    engine.answers.delete(method);
  }
}

describe("errors over gRPC", () => {
  const open = (Object.keys(errorCodes) as ErrorCode[]).filter((code) => errorCodes[code].category !== "internal");

  it("keep their code, sentence and details, and have the status of the registry", async () => {
    for (const code of open) {
      const details = { text: "snow ☃ 100% \u{1f680}", n: 1, yes: true };
      const raised = new HeddleError(code, `because of ${code}: ☃ 100%\nnext`, { details, cause: "secret" });
      const error = await answering("runs.pause", raised, () => errorOf(client.runs.pause({ runId })));
      const hint = code === "unauthenticated";
      expect(error.code).toBe(code);
      expect(error.message.startsWith(raised.message)).toBe(true);
      if (!hint) expect(error.details).toStrictEqual(details);
      const raw = await answering("runs.pause", raised, () =>
        rawCall(daemon.address, runsWire.pause.path, runsWire.pause.encodeRequest({ runId }), adminSecret),
      );
      expect(raw.code).toBe(errorCodes[code].grpc);
      expect(JSON.stringify(raw)).not.toContain("secret");
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

  it("survive a sentence that is no valid text, and one that is very long", async () => {
    const raised = new HeddleError("not-waiting", `\ud800${"é".repeat(50_000)}`, { details: { much: "x".repeat(50_000) } });
    const error = await answering("runs.pause", raised, () => errorOf(client.runs.pause({ runId })));
    expect(error.code).toBe("not-waiting");
    expect(error.message.length).toBeLessThan(5_000);
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
});

describe("tokens over gRPC", () => {
  it.each([
    ["without a token", undefined],
    ["with a wrong token", "hdl_wrong"],
  ])("refuse a call %s before anything else", async (_, token) => {
    const recorded = engine.recorded.length;
    const raw = await rawCall(daemon.address, runsWire.get.path, Buffer.from("rubbish"), token);
    expect(raw).toMatchObject({ code: status.UNAUTHENTICATED, errorCode: "unauthenticated" });
    expect(engine.recorded).toHaveLength(recorded);
  });

  it("say where the token came from", async () => {
    await using stranger = createClient({ target: daemon.address, token: "hdl_wrong", env: { HEDDLE_HOME: home } });
    const error = await errorOf(stranger.runs.get({ runId }));
    expect(error.code).toBe("unauthenticated");
    expect(error.message).toContain("given by option or environment");
    expect(error.message).not.toContain("hdl_wrong");
  });
});

describe("bad frames", () => {
  it.each([
    ["bytes that are no message", Buffer.from([0xff, 0xff, 0xff])],
    ["a field that is not JSON", startRequest("{")],
    ["JSON of the wrong kind", startRequest("[]")],
    ["a missing field", Buffer.alloc(0)],
  ])("%s are request-invalid", async (_, bytes) => {
    const raw = await rawCall(daemon.address, runsWire.start.path, bytes, adminSecret);
    expect(raw).toMatchObject({ code: status.INVALID_ARGUMENT, errorCode: "request-invalid" });
  });

  it("JSON that is too deep is value-too-deep", async () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const raw = await rawCall(daemon.address, runsWire.start.path, startRequest(deep), adminSecret);
    expect(raw).toMatchObject({ code: status.INVALID_ARGUMENT, errorCode: "value-too-deep" });
  });

  it("a message over the limit is value-too-large, on either side", async () => {
    const large = "x".repeat(17 * 1024 * 1024);
    const own = await errorOf(client.runs.start({ bundle: hash, input: { large } }));
    expect(own.code).toBe("value-too-large");
    const raw = await rawCall(daemon.address, runsWire.start.path, startRequest(JSON.stringify({ large })), adminSecret);
    expect(raw.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(raw.error.code).toBe("value-too-large");
  });

  it("a request that does not fit the contract never leaves", async () => {
    const recorded = engine.recorded.length;
    expect((await errorOf(client.runs.get({ runId: "mine" }))).code).toBe("request-invalid");
    expect((await errorOf(client.runs.list({ limit: 0.5 }))).code).toBe("request-invalid");
    expect(engine.recorded).toHaveLength(recorded);
  });

  it("an answer that does not fit the contract is internal", async () => {
    engine.answers.set("runs.start", async () => ({ runId: "mine", existing: false }));
    expect((await errorOf(client.runs.start({ bundle: hash, input: {} }))).code).toBe("internal");
    engine.answers.delete("runs.start");
  });

  it("an upload that is out of order is request-invalid", async () => {
    const half = { path: "a", bytes: Buffer.alloc(10) };
    const refused = await errorOf(
      client.bundles.put({
        manifest,
        files: [
          half,
          {
            path: "b",
            get bytes(): Uint8Array {
              throw new HeddleError("path-escape", "unreadable");
            },
          },
        ],
      }),
    );
    expect(refused.code).toBe("path-escape");
  });

  it("an upload that is refused early stops", async () => {
    let sent = 0;
    engine.answers.set("bundles.put", () => Promise.reject(new HeddleError("bundle-invalid", "no")));
    const endless = (async function* () {
      for (;;) {
        sent++;
        yield { path: `f${sent}`, bytes: Buffer.alloc(256 * 1024) };
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    expect((await errorOf(client.bundles.put({ manifest, files: endless }))).code).toBe("bundle-invalid");
    engine.answers.delete("bundles.put");
    expect(sent).toBeLessThan(200);
  });
});

/** A StartRunRequest whose `input_json` is any text: field 1 is the bundle, field 3 the input. */
function startRequest(inputJson: string): Buffer {
  const field = (tag: number, text: string) => {
    const bytes = Buffer.from(text);
    const length = [];
    for (let rest = bytes.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
  };
  return Buffer.concat([field(0x0a, hash), field(0x1a, inputJson)]);
}
