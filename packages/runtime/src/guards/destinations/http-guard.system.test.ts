import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock as clock } from "../../shell/system.ts";
import { isRefusal, refusalCodes } from "../refusal.ts";
import { requestFamilies } from "../testing/http-families.ts";
import { HttpWorld } from "../testing/http-world.ts";
import { classifyAddress } from "./addresses.ts";
import { systemDialer } from "./connection.ts";
import { parseHostRules } from "./host-rules.ts";
import { createHttpGuard, type HttpAnswer, type Redirect } from "./http-guard.ts";

let world: HttpWorld;
beforeEach(async () => {
  world = await HttpWorld.open();
});
afterEach(() => world.close());

for (const family of requestFamilies) {
  describe(family.name, () => {
    test.each(family.cases.map((each, index) => [index + 1, each] as const))(
      "case %i is refused by its code, its twin is not",
      async (_, each) => {
        const refused = await world.try(each.evil);
        expect(refused).toEqual({ refused: each.refused, message: expect.stringMatching(/: \S/) });
        expect(world.timers).toBe(0);
        if (each.refused === "destination-not-public") {
          for (const dialled of world.dialled) expect(classifyAddress(dialled.split(" ")[0] ?? "").range).toBe("public");
        }
        // What was refused in the middle is not left open.
        await vi.waitFor(() => expect(world.connections).toBe(0), { interval: 5 });
        await world.close();
        world = await HttpWorld.open();
        const twin = await world.try(each.twin);
        expect(isRefusal(twin) ? twin : undefined).toBeUndefined();
      },
    );
  });
}

test("each family stays small, and each code is of the list", () => {
  for (const { name, cases } of requestFamilies) {
    expect(cases.length, name).toBeLessThanOrEqual(15);
    for (const each of cases) expect(refusalCodes).toContain(each.refused);
  }
});

async function answered(answer: ReturnType<HttpWorld["try"]>): Promise<HttpAnswer> {
  const value = await answer;
  if (isRefusal(value)) expect.fail(`${value.refused}: ${value.message}`);
  return value as HttpAnswer;
}

describe("a request", () => {
  test("goes to the address that was judged, with the name that was asked for", async () => {
    const answer = await answered(
      world.try({
        url: "http://Name.test:8080/a?b#c",
        names: { "name.test": [["93.184.215.20", "93.184.215.21"]] },
        responses: { "/a?b": { status: 404 } },
      }),
    );
    expect(answer).toMatchObject({
      url: "http://name.test:8080/a?b",
      status: 404,
      address: "93.184.215.20",
      redirects: 0,
      truncated: false,
    });
    expect(Buffer.from(answer.body).toString()).toBe("fine");
    expect(world.dialled).toEqual(["93.184.215.20 8080"]);
    expect(world.seen[0]?.headers).toEqual({ host: "name.test:8080", connection: "close", "accept-encoding": "gzip, deflate, br" });
  });

  test("tries the next judged address where one is down", async () => {
    const names = { "name.test": [["93.184.215.20", "2606:4700::1"]] };
    expect(await answered(world.try({ url: "http://name.test/", names, down: ["93.184.215.20"] }))).toMatchObject({
      address: "2606:4700::1",
    });
  });

  test("carries its body and its headers", async () => {
    await answered(world.try({ url: "http://a.test/" }, { method: "PUT", body: "text ü", headers: { "X-A": "b" } }));
    expect(world.seen[0]).toMatchObject({ method: "PUT", body: "text ü", headers: { "x-a": "b", "content-length": "7" } });
  });

  test("no connection is kept for the next one", async () => {
    const names = { "name.test": [["93.184.215.20"], ["93.184.215.21"]] };
    await answered(world.try({ url: "http://name.test/", names, times: 2 }));
    expect(world.dialled).toEqual(["93.184.215.20 80", "93.184.215.21 80"]);
    await vi.waitFor(() => expect(world.connections).toBe(0), { interval: 5 });
  });

  test("is cut where that is wanted, packed or not", async () => {
    for (const packed of [{}, { packed: "gzip" }] as const) {
      const answer = await answered(
        world.try({ url: "http://a.test/", responses: { "/": { zeros: 1_000_000, ...packed } } }, { whenLarger: "cut" }),
      );
      expect(answer).toMatchObject({ truncated: true });
      expect(answer.body).toHaveLength(65_536);
    }
  });

  test("a call narrows the limits of the guard and never widens them", async () => {
    const tried = { url: "http://a.test/", responses: { "/": { zeros: 100_000 } } };
    expect(await world.try(tried, { limits: { responseBytesMax: 1_000_000 } })).toMatchObject({ refused: "response-too-large" });
    const small = { url: "http://a.test/", responses: { "/": { zeros: 11 } } };
    expect(await world.try(small, { limits: { responseBytesMax: 10 } })).toMatchObject({ refused: "response-too-large" });
  });

  test("gives several values of one header, and cookies apart", async () => {
    const raw = "HTTP/1.1 204 No Content\r\nSet-Cookie: a=1, 2\r\nSet-Cookie: b=2\r\nX-A: 1\r\nX-A: 2\r\n\r\n";
    const answer = await answered(world.try({ url: "http://a.test/", responses: { "/": { raw } } }));
    expect(answer.headers).toMatchObject({ "set-cookie": "a=1, 2\nb=2", "x-a": "1, 2" });
  });

  test("has no body where there is none, whatever its headers describe", async () => {
    const raw = (head: string): string => `HTTP/1.1 ${head}\r\nContent-Encoding: gzip\r\n\r\n`;
    for (const [method, head] of [
      ["HEAD", "200 OK\r\nContent-Length: 1000000"],
      ["GET", "204 No Content"],
      ["GET", "304 Not Modified"],
      ["GET", "200 OK\r\nContent-Length: 0"],
    ] as const) {
      const answer = await answered(world.try({ url: "http://a.test/", method, responses: { "/": { raw: raw(head) } } }));
      expect(answer).toMatchObject({ status: Number(head.slice(0, 3)), truncated: false, body: new Uint8Array(0) });
    }
  });

  test("that is stopped ends at once, before it and in the middle", async () => {
    expect(await world.try({ url: "http://a.test/" }, { signal: AbortSignal.abort() })).toMatchObject({ refused: "aborted" });
    expect(world.dialled).toEqual([]);
    const abort = new AbortController();
    const follow = (): { kind: "stop" } => {
      abort.abort();
      return { kind: "stop" };
    };
    const responses = { "/": { status: 302, headers: { location: "/x" }, zeros: 60_000 } };
    expect(await world.try({ url: "http://a.test/", responses }, { signal: abort.signal, follow })).toMatchObject({ refused: "aborted" });
    await vi.waitFor(() => expect(world.connections).toBe(0), { interval: 5 });
  });

  test("waits no longer than it may for a resolver or a connection that never comes, and closes one that comes late", async () => {
    const policy = { rules: [{ kind: "all" }], privateRules: [] } as const;
    const never = new Promise<never>(() => undefined);
    const slowNames = createHttpGuard({ clock: world.clock, resolver: () => never }).request({ url: "http://a.test/", policy });
    world.passTime();
    expect(await slowNames).toMatchObject({ refused: "request-timed-out" });
    const late = Promise.withResolvers<never>();
    let dialled = 0;
    const dialling = Promise.withResolvers<void>();
    const guard = createHttpGuard({
      clock: world.clock,
      resolver: () => Promise.resolve(["93.184.215.14", "93.184.215.15"]),
      dialer: () => {
        dialled += 1;
        dialling.resolve();
        return late.promise;
      },
    });
    const slowDial = guard.request({ url: "http://a.test/", policy });
    await dialling.promise;
    world.passTime();
    expect(await slowDial).toMatchObject({ refused: "request-timed-out" });
    expect(dialled).toBe(1);
    const destroy = vi.fn();
    late.resolve({ destroy } as never);
    await vi.waitFor(() => expect(destroy).toHaveBeenCalled(), { interval: 1 });
  });
});

describe("a redirect", () => {
  const go = (status: number, location: string) => ({ "/go": { status, headers: { location } } });

  test("is given back where nobody follows it", async () => {
    const tried = { url: "http://a.test/go", responses: go(302, "/next?x#y") };
    const answer = await answered(world.try(tried, { follow: () => ({ kind: "stop" }) }));
    expect(answer).toMatchObject({ status: 302, redirectTo: "http://a.test/next?x", redirects: 0 });
    expect(world.seen).toHaveLength(1);
    const { follow: _, ...call } = { url: tried.url, policy: { rules: [{ kind: "all" }], privateRules: [] } as const, follow: undefined };
    expect(await world.guard().request(call)).toMatchObject({ redirectTo: "http://a.test/next?x" });
  });

  test("is put before whoever asked, who may refuse it or set other rules", async () => {
    const put: Redirect[] = [];
    const refusal = { refused: "destination-not-allowed", message: "not there: ask elsewhere" } as const;
    const tried = { url: "http://a.test/go", responses: go(302, "http://b.test/") };
    const follow = (redirect: Redirect) => {
      put.push(redirect);
      return refusal;
    };
    expect(await world.try(tried, { follow })).toEqual(refusal);
    expect(put).toMatchObject([{ status: 302, from: { host: "a.test" }, to: { host: "b.test", port: 80 }, method: "GET", number: 1 }]);
    const narrow = { rules: [], privateRules: [] };
    expect(await world.try(tried, { follow: () => ({ kind: "follow", policy: narrow }) })).toMatchObject({
      refused: "destination-not-allowed",
    });
    expect(world.seen.map(({ path }) => path)).toEqual(["/go", "/go"]);
  });

  test("is one by its status and its place together", async () => {
    expect(await answered(world.try({ url: "http://a.test/go", responses: go(201, "/next") }))).toMatchObject({
      status: 201,
      redirects: 0,
    });
    expect(await answered(world.try({ url: "http://a.test/go", responses: { "/go": { status: 302 } } }))).toMatchObject({ status: 302 });
    expect(world.seen.map(({ path }) => path)).toEqual(["/go", "/go"]);
  });

  test("is followed without waiting for its own body, whose connection is closed", async () => {
    const responses = { "/go": { status: 302, headers: { location: "/next" }, endless: true } };
    expect(await answered(world.try({ url: "http://a.test/go", responses }))).toMatchObject({ status: 200, redirects: 1 });
    await vi.waitFor(() => expect(world.connections).toBe(0), { interval: 5 });
  });

  test("is followed as often as the limit says, and not once more", async () => {
    const chain = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`/${index}`, { status: 302, headers: { location: `/${index + 1}` } }]));
    expect(await answered(world.try({ url: "http://a.test/0", responses: chain(5) }))).toMatchObject({ status: 200, redirects: 5 });
    expect(await world.try({ url: "http://a.test/0", responses: chain(6) })).toMatchObject({ refused: "redirects-too-many" });
    expect(await world.try({ url: "http://a.test/0", responses: chain(1) }, { limits: { redirectsMax: 0 } })).toMatchObject({
      refused: "redirects-too-many",
    });
  });

  test("takes no credentials to another origin, and keeps them at its own", async () => {
    const headers = { Authorization: "s1", Cookie: "s2", "X-Mine": "s3", Accept: "text/plain" };
    const more = { headers, secretHeaders: ["x-mine"] };
    for (const [location, kept] of [
      ["http://b.test/next", false],
      ["http://a.test:81/next", false],
      ["/next", true],
    ] as const) {
      world.seen.length = 0;
      await answered(world.try({ url: "http://a.test/go", responses: go(307, location) }, more));
      const { headers: seen } = world.seen[1] ?? expect.fail("not followed");
      expect(seen).toMatchObject({ accept: "text/plain" });
      expect(["authorization", "cookie", "x-mine"].map((name) => name in seen)).toEqual([kept, kept, kept]);
    }
  });

  test("becomes a GET without a body where its status says so", async () => {
    const seen: string[] = [];
    for (const [status, method] of [
      [301, "POST"],
      [303, "PUT"],
      [302, "PUT"],
      [307, "POST"],
      [308, "POST"],
      [303, "HEAD"],
    ] as const) {
      world.seen.length = 0;
      const body = method === "HEAD" ? {} : { body: "text" };
      await answered(
        world.try(
          { url: "http://a.test/go", responses: go(status, "/next") },
          { method, ...body, headers: { "content-type": "text/plain" } },
        ),
      );
      const last = world.seen[1] ?? expect.fail("not followed");
      seen.push(`${status} ${method}: ${last.method} ${last.body} ${last.headers["content-type"] ?? "none"}`);
    }
    expect(seen).toEqual([
      "301 POST: GET  none",
      "303 PUT: GET  none",
      "302 PUT: PUT text text/plain",
      "307 POST: POST text text/plain",
      "308 POST: POST text text/plain",
      "303 HEAD: HEAD  text/plain",
    ]);
  });
});

describe("the system's own resolver and dialer", () => {
  const policyFor = (rule: string) => {
    const rules = parseHostRules([rule]);
    return isRefusal(rules) ? expect.fail(rules.message) : { rules, privateRules: rules };
  };

  test("reach a place on this machine that both lists name, and tell of one that is down", async () => {
    const server = createServer((_, response) => void response.end("here"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const request = (host: string) =>
      createHttpGuard({ clock }).request({ url: `http://${host}:${port}/`, policy: policyFor(`${host}:${port}`) });
    expect(await request("127.0.0.1")).toMatchObject({ status: 200, address: "127.0.0.1" });
    expect(await request("localhost")).toMatchObject({ status: 200 });
    await new Promise((done) => server.close(done));
    expect(await request("127.0.0.1")).toMatchObject({
      refused: "destination-unreachable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("a connection that is dialled is given up when it is stopped", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    await expect(systemDialer("127.0.0.1", port, AbortSignal.abort())).rejects.toBeDefined();
    const later = new AbortController();
    const dialling = systemDialer("127.0.0.1", port, later.signal);
    later.abort();
    await expect(dialling).rejects.toBeDefined();
    await new Promise((done) => server.close(done));
  });
});
