// Hooks that are called by HTTP, over real sockets of this machine.
// Parity: LC8.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { defaultTenant, defineTool, type Principal } from "@heddle/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { literal, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../create-runtime.ts";

const caller = { principal: { subject: "ada", tenant: defaultTenant, roles: ["admin"] } as Principal };

interface Heard {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

let server: Server;
let heard: Heard[];
let answer: { status: number; body: string; headers?: Record<string, string> };
let runtime: Runtime | undefined;

beforeEach(async () => {
  heard = [];
  answer = { status: 204, body: "" };
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (request.url === "/page") {
        response.end("a page");
        return;
      }
      heard.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await runtime?.close({ graceMs: 0 });
  runtime = undefined;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const place = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const fetchPage = defineTool({
  name: "fetch",
  capability: "http.fetch",
  description: "fetches",
  permission: "read",
  input: z.strictObject({ url: z.string(), method: z.string() }),
  handler: async ({ method }, context) => new TextDecoder().decode((await context.request("url", { method })).body),
});
const keep = defineTool({
  name: "keep",
  capability: "kv.read",
  description: "reads",
  input: z.strictObject({ key: z.string() }),
  handler: ({ key }) => `value of ${key}`,
});

async function open(extra: object = {}, options: RuntimeOptions = {}): Promise<string> {
  runtime = createRuntime({ tools: [keep, fetchPage], privateHosts: ["127.0.0.1"], ...options });
  const request = { owner: "team", name: "one", phase: "pre" as const, url: `http://${place()}/hook`, ...extra };
  return (await runtime.api.hooks.register(request, caller)).secret;
}

async function run(): Promise<unknown> {
  const reads = [{ name: "key", value: literal("k") }];
  const ir = workflowOf("flow", [{ kind: "tool", id: "it", capability: "kv.read", reads }]);
  try {
    return (await runtime?.run(ir, {}))?.output;
  } catch (error) {
    return (error as Error).message;
  }
}

test("a hook is told of a call, signed with the secret of its registration", async () => {
  const secret = await open();
  expect(await run()).toBe("value of k");
  const [{ headers, body } = { headers: {}, body: "" }] = heard;
  expect(JSON.parse(body)).toMatchObject({ phase: "pre", owner: "team", name: "one", tool: "keep", node: "it", args: { key: "k" } });
  expect(JSON.parse(body)).not.toHaveProperty("tenant");
  const timestamp = String(headers["heddle-timestamp"]);
  const mac = createHmac("sha256", secret)
    .update(`${timestamp}.${String(headers["heddle-digest"])}`)
    .digest("hex");
  expect(timingSafeEqual(Buffer.from(String(headers["heddle-signature"])), Buffer.from(`v1=${mac}`))).toBe(true);
  expect(Math.abs(Date.now() - Number(timestamp))).toBeLessThan(60_000);
  expect(JSON.stringify(heard)).not.toContain(secret);
});

test("its answer denies, and replaces results", async () => {
  await open();
  answer = { status: 200, body: JSON.stringify({ deny: { reason: "not now" } }) };
  expect(await run()).toContain("not now");
  await runtime?.close({ graceMs: 0 });
  await open({ phase: "post" });
  answer = { status: 200, body: JSON.stringify({ result: { other: true } }) };
  expect(await run()).toEqual({ other: true });
  expect(JSON.parse(heard.at(-1)?.body ?? "")).toMatchObject({ phase: "post", result: "value of k" });
});

test.each([
  ["an error", { status: 500, body: "{}" }],
  ["a redirect", { status: 302, body: "", headers: { location: "/page" } }],
  ["what is no JSON", { status: 200, body: "<p>" }],
  ["what no hook can say", { status: 200, body: '{"allow":true}' }],
  ["too much", { status: 200, body: JSON.stringify({ deny: { reason: "x".repeat(1_100_000) } }) }],
])("one that answers with %s has failed", async (_, given) => {
  answer = given;
  await open({ failMode: "closed" });
  expect(await run()).toContain("does not answer");
  await runtime?.close({ graceMs: 0 });
  await open();
  expect(await run()).toBe("value of k");
});

test("a host that it lets a call reach is reached, by that call alone", async () => {
  await open({ tools: ["fetch"], nodes: ["wide"] }, { allowedHosts: [], permitHostWidening: ["team"] });
  answer = { status: 200, body: JSON.stringify({ allowHosts: [place()] }) };
  const fetching = (id: string) => {
    const reads = Object.entries({ url: `http://${place()}/page`, method: "GET" }).map(([name, value]) => ({
      name,
      value: literal(value),
    }));
    return workflowOf(id, [{ kind: "tool", id, capability: "http.fetch", reads }]);
  };
  expect((await runtime?.run(fetching("wide"), {}))?.output).toBe("a page");
  await expect(runtime?.run(fetching("narrow"), {})).rejects.toMatchObject({ code: "run-failed", details: { code: "call-denied" } });
});
