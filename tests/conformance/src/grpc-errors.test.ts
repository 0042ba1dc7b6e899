import { status } from "@grpc/grpc-js";
import { type Client, createClient } from "@heddle/client";
import { type ErrorCode, errorCodes, HeddleError } from "@heddle/core";
import type { Daemon } from "@heddle/daemon";
import { runsWire } from "@heddle/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "./error-of.ts";
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

const failsWith = async <Value>(error: unknown, run: () => Promise<Value>): Promise<Value> => {
  engine.answers.set("runs.pause", () => Promise.reject(error));
  try {
    return await run();
  } finally {
    engine.answers.delete("runs.pause");
  }
};

describe("errors over gRPC", () => {
  it("have the status of the registry, and keep their cause to themselves", async () => {
    const bytes = runsWire.pause.encodeRequest({ runId });
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const raised = new HeddleError(code, "because", { cause: "hidden-cause" });
      const raw = await failsWith(raised, () => rawCall(daemon.address, runsWire.pause.path, bytes, adminSecret));
      expect(raw.code).toBe(errorCodes[code].grpc);
      expect(JSON.stringify(raw)).not.toContain("hidden-cause");
    }
  });

  it("survive a sentence that is no valid text, and one that is very long", async () => {
    const raised = new HeddleError("not-waiting", `\ud800${"é".repeat(50_000)}`, { details: { much: "x".repeat(50_000) } });
    const error = await failsWith(raised, () => errorOf(client.runs.pause({ runId })));
    expect(error.code).toBe("not-waiting");
    expect(error.message.length).toBeLessThan(5_000);
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
