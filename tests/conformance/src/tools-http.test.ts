// httpFetch and webFetch in runs, against servers on loopback. Parity: NE8, LC19.
import type { IncomingMessage, RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import { httpFetch, webFetch } from "@heddle/runtime/tools";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { caller, type ToolWorld, toolWorld, undocumented } from "./tools-world.ts";

let world: ToolWorld;
let requests: { method: string; url: string; type: string | undefined; body: string }[];
let host: string;
let elsewhere: string;

async function noted(request: IncomingMessage): Promise<void> {
  const { method = "", url = "", headers } = request;
  requests.push({ method, url, type: headers["content-type"], body: await text(request) });
}

const pages: Readonly<Record<string, readonly [string, string | Uint8Array]>> = {
  "/json": ["application/json", '{"loom":["warp","weft"]}'],
  "/text": ["text/plain; charset=utf-8", "é"],
  "/bytes": ["application/octet-stream", new Uint8Array([0, 255])],
  "/page": ["text/html", '<title>Looms</title><h1>On looms</h1><script>x</script><p>A <a href="/json">list</a>.'],
};

const listener: RequestListener = (request, response) => {
  void noted(request).then(() => {
    const path = request.url ?? "";
    const page = pages[path];
    if (page !== undefined) response.writeHead(200, { "content-type": page[0] }).end(request.method === "HEAD" ? undefined : page[1]);
    else if (path === "/here") response.writeHead(302, { location: "/page" }).end();
    else if (path === "/away") response.writeHead(307, { location: `http://${elsewhere}/page` }).end();
    else if (path === "/metadata") response.writeHead(302, { location: "http://169.254.169.254/latest" }).end();
    else if (path === "/empty") response.writeHead(204).end();
    else if (path === "/large") response.writeHead(200, { "content-type": "text/plain" }).end("x".repeat(5 * 1024 * 1024));
    else if (path === "/never") response.writeHead(200, { "content-type": "text/plain" }).write("x");
    else response.writeHead(404, { "content-type": "text/html" }).end("<p>nothing here");
  });
};

beforeEach(async () => {
  world = toolWorld();
  requests = [];
  host = await world.serve(listener);
  // Listens, and is in nobody's list.
  const other = toolWorld();
  elsewhere = await other.serve(listener);
  const dispose = world[Symbol.asyncDispose].bind(world);
  world = {
    ...world,
    async [Symbol.asyncDispose]() {
      await dispose();
      await other[Symbol.asyncDispose]();
    },
  };
});
afterEach(() => world[Symbol.asyncDispose]());

const get = (path: string) => world.call(httpFetch, { url: `http://${host}${path}`, method: "GET" });

describe("httpFetch", () => {
  test.each([
    ["/json", { kind: "json", json: { loom: ["warp", "weft"] } }],
    ["/text", { kind: "text", text: "é" }],
    ["/bytes", { kind: "bytes", base64: "AP8=" }],
  ])("gives the body of %s as what it is", async (path, body) => {
    const { output } = await get(path);
    expect(output).toMatchObject({ ok: true, status: 200, statusText: "OK", body, url: `http://${host}${path}` });
    expect(undocumented("httpFetch", output)).toEqual([]);
  });
  test("takes responses that are no success for results", async () => {
    expect((await get("/nothing")).output).toMatchObject({ ok: false, status: 404, statusText: "Not Found" });
    expect((await get("/empty")).output).toMatchObject({ ok: true, status: 204, body: { kind: "empty" } });
  });
  test("sends a text as it is, and other values as JSON", async () => {
    const url = `http://${host}/json`;
    await world.call(httpFetch, { url, method: "POST", body: "plain" });
    await world.call(httpFetch, { url, method: "PUT", body: { a: [1] } });
    await world.call(httpFetch, { url, method: "PATCH", body: "<a/>", headers: { "Content-Type": "application/xml" } });
    await world.call(httpFetch, { url, method: "DELETE", body: null });
    expect(requests).toEqual([
      { method: "POST", url: "/json", type: "text/plain; charset=utf-8", body: "plain" },
      { method: "PUT", url: "/json", type: "application/json", body: '{"a":[1]}' },
      { method: "PATCH", url: "/json", type: "application/xml", body: "<a/>" },
      { method: "DELETE", url: "/json", type: undefined, body: "" },
    ]);
  });
  test("gives a HEAD without a body", async () => {
    const { output } = await world.call(httpFetch, { url: `http://${host}/json`, method: "HEAD" });
    expect(output).toMatchObject({ status: 200, body: { kind: "empty" } });
  });
  test("follows a redirect to where the call may go, and no other", async () => {
    expect((await get("/here")).output).toMatchObject({ status: 200, url: `http://${host}/page` });
    for (const path of ["/away", "/metadata"]) {
      expect((await get(path)).failure).toMatchObject({ code: "call-denied", details: { reason: "redirect-refused" } });
    }
  });
  test.each([
    ["a host that is in no list", () => `http://${elsewhere}/json`, "GET", "destination-not-allowed"],
    ["a file", () => "file:///etc/passwd", "GET", "scheme-refused"],
    ["a password in the address", () => `http://a:b@${host}/json`, "GET", "credentials-in-url"],
    ["a response that is too large", () => `http://${host}/large`, "GET", "response-too-large"],
  ])("refuses %s", async (_, url, method, reason) => {
    const { failure } = await world.call(httpFetch, { url: url(), method });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason } });
  });
  test.each([{ method: "get" }, { method: "TRACE" }, { headers: { a: 1 } }])("refuses %j before it is judged", async (wrong) => {
    const { failure } = await world.call(httpFetch, { url: `http://${host}/json`, method: "GET", ...wrong });
    expect(failure).toMatchObject({ code: "input-invalid" });
    expect(requests).toEqual([]);
  });
  test("refuses a body where there is none", async () => {
    const { failure } = await world.call(httpFetch, { url: `http://${host}/json`, method: "GET", body: "x" });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason: "method-refused" } });
  });
  test("whose time is over may have done what it asked for: the run waits for somebody who knows", async () => {
    const { runtime, runId } = await world.start(httpFetch, { url: `http://${host}/never`, method: "GET" }, { node: { timeoutMs: 200 } });
    await vi.waitFor(async () => expect((await runtime.api.runs.get({ runId }, caller)).status).toBe("parked"), { timeout: 10_000 });
  });
});

describe("webFetch", () => {
  test("gives a page as text", async () => {
    const { output } = await world.call(webFetch, { url: `http://${host}/here` });
    expect(output).toEqual({
      url: `http://${host}/page`,
      status: 200,
      contentType: "text/html",
      title: "Looms",
      text: `# On looms\n\nA list (http://${host}/json).`,
      truncated: false,
    });
    expect(undocumented("webFetch", output)).toEqual([]);
    expect(requests.map(({ method }) => method)).toEqual(["GET", "GET"]);
  });
  test("gives other text as it is, as much as is wanted", async () => {
    const { output } = await world.call(webFetch, { url: `http://${host}/json`, limit: 5 });
    expect(output).toMatchObject({ text: '{"loo', truncated: true, title: "" });
  });
  test("takes a page of any status for a result", async () => {
    expect((await world.call(webFetch, { url: `http://${host}/nothing` })).output).toMatchObject({ status: 404, text: "nothing here" });
  });
  test("lets go of a page that never ends when its node's time is over", async () => {
    const { failure } = await world.call(webFetch, { url: `http://${host}/never` }, { node: { timeoutMs: 200 } });
    expect(failure).toMatchObject({ code: "timeout" });
  });
  test("fails for what is no text", async () => {
    expect((await world.call(webFetch, { url: `http://${host}/bytes` })).failure).toMatchObject({ code: "tool-failed" });
  });
  test("only asks: nobody has to consent, and no other method can be given", async () => {
    const denying = { runtime: { approvals: { builtin: "deny" as const } } };
    const url = `http://${host}/text`;
    expect((await world.call(webFetch, { url }, denying)).output).toMatchObject({ text: "é" });
    expect((await world.call(httpFetch, { url, method: "GET" }, denying)).failure).toMatchObject({
      details: { reason: "operator-denied" },
    });
    expect((await world.call(webFetch, { url, method: "POST" })).failure).toMatchObject({ code: "input-invalid" });
  });
  test("shows its method to policies", async () => {
    const bound = { kind: "ref", scope: "bound", name: "method" } as const;
    const policy = (method: string) => ({
      id: `not ${method}`,
      kind: "deny" as const,
      trigger: { capability: "http.fetch", bind: { method: "method" } },
      condition: { kind: "eq" as const, left: bound, right: { kind: "literal" as const, value: method } },
    });
    const url = `http://${host}/text`;
    expect((await world.call(webFetch, { url }, { policies: [policy("GET")] })).failure).toMatchObject({
      details: { reason: "policy-denied" },
    });
    expect((await world.call(webFetch, { url }, { policies: [policy("POST")] })).failure).toBeUndefined();
  });
  test.each(["/away", "/metadata"])("does not follow %s", async (path) => {
    const { failure } = await world.call(webFetch, { url: `http://${host}${path}` });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason: "redirect-refused" } });
  });
});
