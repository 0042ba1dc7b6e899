// Secrets in the headers of calls: filled at the last moment, for the hosts that they may go to, and never part of a call.
import type { JsonObject } from "@heddle/core";
import { httpFetch, runShell } from "@heddle/runtime/tools";
import { afterEach, beforeEach, expect, test } from "vitest";
import { caller, type ToolWorld, toolWorld } from "./tools-world.ts";

const canary = "canary-0123456789";
let world: ToolWorld;
let seen: (string | undefined)[];
let host: string;
let other: string;

beforeEach(async () => {
  world = toolWorld();
  seen = [];
  other = await world.serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(200).end("elsewhere");
  });
  host = await world.serve((request, response) => {
    seen.push(request.headers.authorization);
    if (request.url === "/away") response.writeHead(302, { location: `http://${other}/` }).end();
    else response.writeHead(200, { "content-type": "text/plain" }).end(`you said ${request.headers.authorization}`);
  });
});
afterEach(() => world[Symbol.asyncDispose]());

const secrets = () => ({ secrets: { api: { env: "API", hosts: [host] } }, environment: { API: canary } });
const fetching = (url: string, name = "api"): JsonObject => ({ method: "GET", url, headers: { authorization: `Bearer secret://${name}` } });

test("the server is sent the value, and the run knows the reference alone", async () => {
  const { runtime, runId } = await world.start(httpFetch, fetching(`http://${host}/`), { runtime: secrets() });
  const { output } = await runtime.api.runs.result({ runId }, caller);
  expect(seen).toEqual([`Bearer ${canary}`]);
  expect(output).toMatchObject({ status: 200, body: { text: "you said Bearer [redacted]" } });
  const events = JSON.stringify(await runtime.api.runs.events({ runId }, caller));
  expect(events).toContain("secret://api");
  expect(events).not.toContain(canary);
});

test("another host is sent nothing, neither asked for nor by a redirect", async () => {
  const refused = await world.call(httpFetch, fetching(`http://${other}/`), { runtime: secrets() });
  expect(refused.failure).toMatchObject({
    code: "secret-unresolved",
    class: "denied",
    message: expect.stringContaining("may not be sent to"),
  });
  expect(seen).toEqual([]);
  const led = await world.call(httpFetch, fetching(`http://${host}/away`), { runtime: secrets() });
  expect(led.failure).toMatchObject({ code: "call-denied", details: { reason: "redirect-refused" } });
  expect(seen).toEqual([`Bearer ${canary}`]);
});

test("a secret that is not there fails the call before anything is sent", async () => {
  const { failure } = await world.call(httpFetch, fetching(`http://${host}/`, "absent"), { runtime: secrets() });
  expect(failure).toMatchObject({ code: "secret-unresolved", message: expect.stringContaining("not in the configuration") });
  expect(seen).toEqual([]);
});

test.each([{ body: "secret://api" }, { body: { deep: ["secret://api"] } }])(
  "a reference in %j is refused, and one in the midst of a text is text",
  async ({ body }) => {
    const call: JsonObject = { method: "POST", url: `http://${host}/`, body };
    expect((await world.call(httpFetch, call, { runtime: secrets() })).failure).toMatchObject({
      code: "call-denied",
      message: expect.stringContaining('the argument "body" refers to a secret'),
    });
    const twin = { ...call, body: "about secret://api" };
    expect((await world.call(httpFetch, twin, { runtime: secrets() })).output).toMatchObject({ status: 200 });
  },
);

test("a command is refused a reference too", async () => {
  const { failure } = await world.call(runShell, { command: "secret://api" }, { runtime: secrets() });
  expect(failure).toMatchObject({ code: "call-denied" });
});
