/** Every method of RuntimeApi has exactly one RPC and exactly one route, and clients of both offer it. */
import { readFileSync } from "node:fs";
import { type Client, createClient } from "@heddle/client";
import { createHttpClient } from "@heddle/client/http";
import { methodAccess } from "@heddle/core";
import { createRuntime } from "@heddle/runtime";
import { httpRoutes } from "@heddle/wire/http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeEngine, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { rawHttp } from "./raw-http.ts";
import { rpcs } from "./rpcs.ts";
import { samples } from "./samples.ts";

/** `group.method` of everything in groups of methods. */
function methodsOf(groups: object): readonly string[] {
  return Object.entries(groups)
    .filter(([, methods]) => typeof methods === "object" && methods !== null)
    .flatMap(([group, methods]: [string, object]) => Object.keys(methods).map((method) => `${group}.${method}`))
    .sort();
}

describe("every method of the runtime", () => {
  let owed: readonly string[];

  beforeAll(async () => {
    await using runtime = createRuntime();
    owed = methodsOf(runtime.api);
  });

  it("is what the runtime really offers", () => {
    expect(owed).toEqual(Object.keys(methodAccess).sort());
    expect(owed).toContain("runs.follow");
  });

  it("has one RPC", () => {
    expect(methodsOf(rpcs)).toEqual(owed);
    const paths = Object.values(rpcs).flatMap((methods) => Object.values(methods).map(({ path }) => path));
    expect(new Set(paths).size).toBe(owed.length);
  });

  it("has one route", () => {
    expect(methodsOf(httpRoutes)).toEqual(owed);
    const routes = Object.values(httpRoutes).flatMap((methods) => Object.values(methods).map(({ verb, path }) => `${verb} ${path}`));
    expect(new Set(routes.map((route) => route.replaceAll(/\{\w+\}/g, "{}"))).size).toBe(owed.length);
  });

  it("is in the table of docs/http.md, as it is served", () => {
    const document = readFileSync(new URL("../../../docs/http.md", import.meta.url), "utf8");
    const told = [...document.matchAll(/^\| `(\w+ \/\S+)` \| `(\w+\.\w+)` \| (.*) ?\|$/gm)].map(([, route, method, query]) => [
      method,
      route,
      [...(query ?? "").matchAll(/`(\w+)`/g)].map((name) => name[1]),
    ]);
    const served = Object.entries(httpRoutes).flatMap(([group, methods]) =>
      Object.entries(methods).map(([method, { verb, path, query }]) => [`${group}.${method}`, `${verb} ${path}`, query]),
    );
    expect(told).toEqual(served);
  });

  it("is offered by both clients", async () => {
    const sugar = "runs.startAndWait";
    const clients: readonly (Client | ReturnType<typeof createHttpClient>)[] = [
      createClient({ env: {} }),
      createHttpClient({ baseUrl: "http://localhost:1" }),
    ];
    for (const client of clients) {
      const offered = methodsOf(client).filter((method) => Object.hasOwn(rpcs, method.slice(0, method.indexOf("."))));
      expect(offered.filter((method) => method !== sugar)).toEqual(owed);
      await client.close();
    }
  });

  it("has a sample that both wires carry, or a test of its own", () => {
    const apart = ["approvals.follow", "bundles.get", "bundles.put", "runs.follow"];
    expect([...methodsOf(samples), ...apart].sort()).toEqual(owed);
  });
});

describe("every route", () => {
  const engine = createFakeEngine();
  const daemon = startFakeDaemon(engine, { home: temporaryFolder() });

  afterAll(async () => (await daemon).close());

  const routes = Object.entries(httpRoutes).flatMap(([group, methods]) =>
    Object.entries(methods).map(([method, { verb, path }]) => ({ name: `${group}.${method}`, verb, path })),
  );

  it.each(routes)("$verb $path is served, and wants a token", async ({ verb, path }) => {
    const { httpAddress = "" } = await daemon;
    const target = path.replaceAll(/\{\w+\}/g, "~");
    const asked = { method: verb, headers: { "content-type": "application/json" }, body: verb === "POST" ? "{" : "" };
    expect((await rawHttp(httpAddress, target, { ...asked, token: "" })).status).toBe(401);
    const { status, text } = await rawHttp(httpAddress, target, asked);
    expect(text).not.toContain("route-not-found");
    expect([200, 204, 400]).toContain(status);
  });
});
