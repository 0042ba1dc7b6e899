/** What is particular to HTTP: tokens, names, origins, paths, bodies, and how each refusal looks. */
import { type ErrorCode, errorCodes, HeddleError, jsonDepthMax } from "@heddle/core";
import type { Daemon } from "@heddle/daemon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeEngine, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { rawBytes, rawHttp } from "./raw-http.ts";
import { bundleView, hash, manifest, runId } from "./samples.ts";

const engine = createFakeEngine();
const allowed = "https://console.example.org";
let daemon: Daemon;
let address: string;

beforeAll(async () => {
  daemon = await startFakeDaemon(engine, { home: temporaryFolder(), corsOrigins: [allowed] });
  address = daemon.httpAddress ?? "";
});

afterAll(() => daemon.close());

const refusal = (code: ErrorCode) => ({ status: errorCodes[code].http, json: { error: expect.objectContaining({ code }) } });
const json = (body: unknown) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

describe("errors over HTTP", () => {
  it("have the status of the registry, and keep their cause to themselves", async () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const raised = new HeddleError(code, "because", { cause: "of the inside", details: { n: 1 } });
      engine.answers.set("runs.get", () => Promise.reject(raised));
      const answer = await rawHttp(address, `/v1/runs/${runId}`);
      expect(answer.status).toBe(errorCodes[code].http);
      expect(answer.text).not.toContain("of the inside");
      const open = errorCodes[code].category !== "internal";
      const told = code === "invariant-violated" ? "internal" : code;
      expect(answer.json).toEqual({
        error: open ? { code, message: "because", details: { n: 1 } } : { code: told, message: "internal error", details: {} },
      });
    }
    engine.answers.delete("runs.get");
  });

  it.each([
    ["a path that is not there", "GET", "/v1/nothing"],
    ["the root", "GET", "/"],
    ["a verb that a path does not know", "PUT", "/v1/runs"],
    ["a path that goes on", "GET", `/v1/runs/${runId}/events/more`],
    ["a question without an origin", "OPTIONS", "/v1/runs"],
  ])("%s is route-not-found", async (_, method, path) => {
    expect(await rawHttp(address, path, { method })).toMatchObject(refusal("route-not-found"));
  });

  it("a path that cannot be read is request-invalid", async () => {
    expect(await rawHttp(address, "/v1/runs/%zz")).toMatchObject(refusal("request-invalid"));
  });

  it("bytes that are no HTTP are request-invalid", async () => {
    const answer = await rawBytes(address, "HELLO\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toEqual({ error: expect.objectContaining({ code: "request-invalid" }) });
  });
});

describe("a token", () => {
  it.each([
    ["is missing", ""],
    ["is wrong", "hdl_wrong"],
  ])("that %s ends the request before its body is read, whatever it asks for", async (_, token) => {
    const recorded = engine.recorded.length;
    for (const path of ["/v1/runs", "/openapi.json", "/v1/nothing"]) {
      const answer = await rawHttp(address, path, { token, method: path === "/v1/runs" ? "POST" : "GET" });
      expect(answer).toMatchObject(refusal("unauthenticated"));
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
    }
    const heads = `POST /v1/runs HTTP/1.1\r\nhost: ${address}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    const unread = await rawBytes(address, `${heads}content-length: 5000000\r\nconnection: close\r\n\r\n{`);
    expect(unread).toMatch(/^HTTP\/1\.1 401 /);
    expect(engine.recorded).toHaveLength(recorded);
  });

  it("is not asked for to tell that the daemon answers", async () => {
    expect(await rawHttp(address, "/health", { token: "" })).toMatchObject({ status: 200, json: { status: "ok" } });
    expect(await rawHttp(address, "/health", { token: "", method: "POST" })).toMatchObject(refusal("unauthenticated"));
  });
});

describe("the name in Host", () => {
  const port = () => address.split(":")[1];

  it.each([["127.0.0.1"], ["127.0.0.9:1"], ["localhost"], ["LOCALHOST:9"], ["[::1]:5"], ["console.example.org"]])(
    "%s is the daemon's",
    async (host) => {
      expect(await rawHttp(address, "/health", { headers: { host } })).toMatchObject({ status: 200 });
    },
  );

  it.each([
    ["evil.example"],
    ["127.0.0.1.evil.example"],
    ["localhost.evil.example"],
    ["evil.example@127.0.0.1"],
    ["192.168.1.1"],
    ["[::2]"],
    ["0.0.0.0"],
  ])("%j is not", async (host) => {
    const recorded = engine.recorded.length;
    for (const path of ["/health", "/v1/runs"]) {
      expect(await rawHttp(address, path, { headers: { host } })).toMatchObject(refusal("permission-denied"));
    }
    expect(engine.recorded).toHaveLength(recorded);
  });

  it("may not be empty", async () => {
    expect(await rawBytes(address, "GET /health HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("is looked at even where the request line names the daemon", async () => {
    const answer = await rawBytes(
      address,
      `GET http://127.0.0.1:${port()}/health HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe("a page", () => {
  it("of an allowed origin is answered, errors included, and may ask first", async () => {
    for (const path of ["/v1/runtime", "/v1/nothing", `/v1/runs/${runId}/follow`]) {
      const asked = rawHttp(address, path, { headers: { origin: allowed } });
      if (path.endsWith("follow")) engine.answers.set("runs.follow", async function* () {} as never);
      expect((await asked).headers).toMatchObject({ "access-control-allow-origin": allowed, vary: "origin" });
    }
    const preflight = await rawHttp(address, "/v1/runs", {
      method: "OPTIONS",
      token: "",
      headers: { origin: allowed, "access-control-request-method": "POST" },
    });
    expect(preflight).toMatchObject({ status: 204, text: "" });
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": allowed,
      "access-control-allow-methods": "GET, POST, DELETE",
      "access-control-allow-headers": "authorization, content-type, last-event-id",
    });
    expect(preflight.headers["access-control-allow-credentials"]).toBeUndefined();
  });

  it.each([
    ["https://evil.example"],
    ["http://console.example.org"],
    ["https://console.example.org.evil.example"],
    ["https://console.example.org:8443"],
    ["null"],
    [""],
  ])("of the origin %j is refused, token or not", async (origin) => {
    const recorded = engine.recorded.length;
    const preflight = { method: "OPTIONS", token: "", headers: { origin, "access-control-request-method": "POST" } };
    for (const answer of [
      await rawHttp(address, "/v1/runs", preflight),
      await rawHttp(address, "/v1/runtime", { headers: { origin } }),
      await rawHttp(address, "/health", { headers: { origin } }),
    ]) {
      expect(answer).toMatchObject(refusal("permission-denied"));
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect(engine.recorded).toHaveLength(recorded);
  });

  it("that the daemon itself serves needs no allowance", async () => {
    const headers = { origin: `http://${address}` };
    expect(await rawHttp(address, "/v1/runtime", { headers })).toMatchObject({ status: 200 });
  });
});

describe("a body", () => {
  it.each([
    ["that is not JSON", "{"],
    ["that is no object", "[]"],
    ["that is null", "null"],
    ["without what is asked for", "{}"],
    ["with a member that nobody knows", { bundle: hash, input: {}, more: 1 }],
    ["with a member of a prototype", '{"__proto__":{},"bundle":"","input":{}}'],
    ["with a value of the wrong kind", { bundle: hash, input: [] }],
  ])("%s is request-invalid", async (_, body) => {
    expect(await rawHttp(address, "/v1/runs", json(body))).toMatchObject(refusal("request-invalid"));
  });

  it("of another type is refused, and says which is wanted", async () => {
    const answer = await rawHttp(address, "/v1/runs", { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" });
    expect(answer).toMatchObject(refusal("request-invalid"));
    expect(answer.text).toContain("application/json");
  });

  it("may be left out where nothing in it is asked for", async () => {
    for (const asked of [{ method: "POST" }, json(""), json("{}"), json(' \n{"reason":"lunch"}')]) {
      expect(await rawHttp(address, `/v1/runs/${runId}/pause`, asked)).toMatchObject({ status: 204, text: "" });
    }
  });

  it("may not say what the path says, and the query not what the body says", async () => {
    expect(await rawHttp(address, `/v1/runs/${runId}/pause`, json({ runId }))).toMatchObject(refusal("request-invalid"));
    expect(await rawHttp(address, `/v1/runs/${runId}/pause?reason=lunch`, json({}))).toMatchObject(refusal("request-invalid"));
  });

  it("that nests as deep as a value may is taken, and deeper is value-too-deep", async () => {
    const nested = (depth: number) => `{"name":"go","value":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const path = `/v1/runs/${runId}/signal`;
    expect(await rawHttp(address, path, json(nested(jsonDepthMax)))).toMatchObject({ status: 204 });
    for (const depth of [jsonDepthMax + 1, jsonDepthMax + 2, 1_000_000]) {
      expect(await rawHttp(address, path, json(nested(depth)))).toMatchObject(refusal("value-too-deep"));
    }
  });

  it("over 16 MiB is value-too-large, with and without a length, and so is a value over 8 MiB", async () => {
    const value = (mib: number) => `{"name":"go","value":"${"x".repeat(mib * 1024 * 1024)}"}`;
    const path = `/v1/runs/${runId}/signal`;
    expect(await rawHttp(address, path, json(value(7)))).toMatchObject({ status: 204 });
    expect(await rawHttp(address, path, json(value(9)))).toMatchObject(refusal("value-too-large"));
    const head = `POST ${path} HTTP/1.1\r\nhost: ${address}\r\nauthorization: Bearer hdl_admin_secret\r\ncontent-type: application/json\r\n`;
    expect(await rawBytes(address, `${head}content-length: 17000000\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 .*"value-too-large"/s);
    const piece = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    expect(await rawBytes(address, `${head}transfer-encoding: chunked\r\n\r\n${piece.repeat(17)}`)).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("a query", () => {
  it.each([
    ["a name that nobody knows", "/v1/runs?limt=1"],
    ["a number that is none", "/v1/runs?limit=many"],
    ["a number out of range", "/v1/runs?limit=0"],
    ["a name twice", "/v1/runs?limit=1&limit=2"],
    ["a status that there is not", "/v1/runs?status=done"],
    ["a wait without an end", `/v1/runs/${runId}/result?waitMs=600001`],
  ])("with %s is request-invalid", async (_, path) => {
    expect(await rawHttp(address, path)).toMatchObject(refusal("request-invalid"));
  });

  it("says how long to wait for a result", async () => {
    engine.answers.set("runs.result", () => new Promise(() => undefined));
    expect(await rawHttp(address, `/v1/runs/${runId}/result?waitMs=20`)).toMatchObject(refusal("deadline-exceeded"));
    engine.answers.delete("runs.result");
  });

  it("reaches names that need encoding", async () => {
    engine.recorded.length = 0;
    const cursor = "a/b?c&d=é ☃%";
    await rawHttp(address, `/v1/bundles?cursor=${encodeURIComponent(cursor)}`);
    await rawHttp(address, `/v1/bundles/${encodeURIComponent(hash)}`);
    expect(engine.recorded.map(({ request }) => request)).toEqual([{ cursor }, { hash }]);
  });
});

describe("an upload", () => {
  it("is a manifest and base64 files", async () => {
    engine.uploads.length = 0;
    const body = { manifest, files: [{ path: "a.txt", base64: Buffer.from("hello").toString("base64") }] };
    expect(await rawHttp(address, "/v1/bundles", json(body))).toMatchObject({ status: 200, json: bundleView });
    expect(engine.uploads.map(({ path, bytes }) => [path, bytes.toString()])).toEqual([["a.txt", "hello"]]);
  });

  it("of what is no base64 is request-invalid", async () => {
    const body = { manifest, files: [{ path: "a.txt", base64: "%%%" }] };
    expect(await rawHttp(address, "/v1/bundles", json(body))).toMatchObject(refusal("request-invalid"));
  });
});
