/** Every request and every answer of RuntimeApi comes out of both wires as it went in, whatever is in it. */
import type { Daemon } from "@heddle/daemon";
import type { WireMethod } from "@heddle/wire";
import { type HttpMethod, type HttpRequest, httpRoutes } from "@heddle/wire/http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arbitraryOf } from "./arbitrary.ts";
import { adminSecret, createFakeEngine, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { rpcs } from "./rpcs.ts";
import { type WireClient, wires } from "./wires.ts";

type AnyRoute = HttpMethod<unknown, unknown>;
type AnyRpc = WireMethod<unknown, unknown>;

const methods = Object.entries(httpRoutes).flatMap(([group, routes]) =>
  Object.entries(routes).map(([method, route]) => {
    const name = `${group}.${method}`;
    const rpc = (rpcs as unknown as Record<string, Record<string, AnyRpc>>)[group]?.[method] as AnyRpc;
    return { name, group, method, route: route as unknown as AnyRoute, rpc };
  }),
);

/** Other messages on gRPC than a request and an answer: `codecs.test.ts` of the wire has those. */
const streamed = ["bundles.put"];
/** How long to wait for a result is a word of HTTP alone. */
const requestOf = ({ name, route }: (typeof methods)[number]) =>
  arbitraryOf(name === "runs.result" ? httpRoutes.runs.get.request : route.request);

/** A request as a server takes it apart. */
function received(route: AnyRoute, { target, body }: HttpRequest): unknown {
  const { pathname, searchParams } = new URL(target, "http://localhost");
  const pattern = new RegExp(`^${route.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
  const params = Object.entries(pattern.exec(pathname)?.groups ?? {}).map(([key, text]) => [key, decodeURIComponent(text)]);
  return route.decodeRequest({ params: Object.fromEntries(params), query: Object.fromEntries(searchParams), body });
}

describe("any request", () => {
  it.each(methods)("of $name is carried by HTTP", (each) => {
    fc.assert(
      fc.property(arbitraryOf(each.route.request), (request) => {
        expect(received(each.route, each.route.encodeRequest(request))).toStrictEqual(request);
      }),
    );
  });

  it.each(methods.filter(({ name }) => !streamed.includes(name)))("of $name is carried by gRPC", (each) => {
    fc.assert(
      fc.property(requestOf(each), (request) => {
        expect(each.rpc.decodeRequest(each.rpc.encodeRequest(request))).toStrictEqual(request);
      }),
    );
  });
});

describe("any answer", () => {
  const plain = methods.filter(({ route }) => route.answer !== "events");

  it.each(plain)("of $name is carried by HTTP", ({ route }) => {
    fc.assert(
      fc.property(arbitraryOf(route.response), (answer) => {
        expect(route.decodeResponse(route.encodeResponse(answer))).toStrictEqual(answer);
      }),
    );
  });

  it.each(methods)("of $name is carried by gRPC", ({ route, rpc }) => {
    fc.assert(
      fc.property(arbitraryOf(route.response), (answer) => {
        expect(rpc.decodeResponse(rpc.encodeResponse(answer))).toStrictEqual(answer);
      }),
    );
  });
});

describe.each(wires)("over $name, on a real socket, any request and its answer", (wire) => {
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

  const lists = ["runs.events", "runs.logs"];
  const apart = ["approvals.follow", "bundles.put", "runs.follow"];

  it.each(methods.filter(({ name }) => !apart.includes(name)))("of $name arrive as they left", async (each) => {
    const { name, group, method, route } = each;
    const call = (client as unknown as Record<string, Record<string, (request: unknown) => Promise<unknown>>>)[group]?.[method];
    await fc.assert(
      fc.asyncProperty(requestOf(each), arbitraryOf(route.response), async (request, answer) => {
        const given = lists.includes(name) ? (answer as { rows: unknown }).rows : answer;
        engine.answers.set(name, async () => given);
        engine.recorded.length = 0;
        expect(await call?.(request)).toStrictEqual(given);
        expect(engine.recorded.map((recorded) => recorded.request)).toStrictEqual([request]);
      }),
      { numRuns: 20 },
    );
  });

  it("of runs.follow arrive as they left", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryOf(httpRoutes.runs.follow.response), { maxLength: 3 }), async (batches) => {
        const events = batches.flat().map((record, i) => ({ ...record, seq: i + 1 }));
        engine.answers.set("runs.follow", async function* () {
          yield events;
          yield [{ seq: events.length + 1, atMs: 1, event: { kind: "run-succeeded", output: null } }];
        } as never);
        const seen = [];
        for await (const batch of client.runs.follow({ runId: `run_${"0".repeat(26)}` })) seen.push(...batch);
        expect(seen.slice(0, -1)).toStrictEqual(events);
      }),
      { numRuns: 40 },
    );
  });
});
