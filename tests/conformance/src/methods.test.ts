/** One corpus of requests and answers, carried by every wire. */
import type { RemoteApi } from "@heddle/client";
import type { Daemon } from "@heddle/daemon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, adminSecret, createFakeEngine, FakeStream, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { awkward, bundleView, eventAt, files, lastEventAt, manifest, runId, samples } from "./samples.ts";
import { type WireClient, wires } from "./wires.ts";

describe.each(wires)("every method over $name", (wire) => {
  const stream = new FakeStream();
  const engine = createFakeEngine(stream);
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

  const cases = Object.entries(samples).flatMap(([group, methods]) =>
    Object.entries(methods).map(([method, sample]) => ({ name: `${group}.${method}`, group, method, ...sample })),
  );

  it.each(cases)("$name carries its request, its caller and its answer", async ({ group, method, request, answer }) => {
    engine.recorded.length = 0;
    const methods = client[group as keyof RemoteApi] as unknown as Record<string, (request: unknown) => Promise<unknown>>;
    const given = await methods[method]?.(request);
    expect(engine.recorded).toHaveLength(1);
    expect(engine.recorded[0]).toMatchObject({ method: `${group}.${method}`, request, caller: { principal: admin } });
    expect(engine.recorded[0]?.request).toStrictEqual(request);
    expect(given).toStrictEqual(answer);
  });

  it("uploads a bundle file by file, each whole", async () => {
    engine.uploads.length = 0;
    expect(await client.bundles.put({ manifest, files })).toStrictEqual(bundleView);
    expect(engine.uploads.map(({ path }) => path)).toEqual(files.map(({ path }) => path));
    expect(engine.uploads.every(({ bytes }, i) => bytes.equals(files[i]?.bytes as Buffer))).toBe(true);
    expect(await client.bundles.get({ hash: bundleView.hash })).toStrictEqual({ view: bundleView, manifest });
  });

  it("follows what is there and what comes, and ends with the run", async () => {
    const all = [eventAt(1), eventAt(2, awkward.text), eventAt(3), lastEventAt(4)];
    stream.append(...all.slice(0, 2));
    const seen = [];
    for await (const batch of client.runs.follow({ runId, after: 1 })) {
      seen.push(...batch);
      if (seen.length === 1) stream.append(...all.slice(2));
    }
    expect(seen).toStrictEqual(all.slice(1));
  });

  it("keeps absent and present apart", async () => {
    engine.recorded.length = 0;
    await client.runs.answer({ runId });
    await client.runs.answer({ runId, answer: null });
    await client.runs.retry({ runId });
    await client.runs.retry({ runId, from: "node_a" });
    await client.runs.list();
    expect(engine.recorded.map(({ request }) => request)).toStrictEqual([
      { runId },
      { runId, answer: null },
      { runId },
      { runId, from: "node_a" },
      {},
    ]);
  });

  it("gives a list whole that needs many messages", async () => {
    const large = "x".repeat(3 * 1024 * 1024);
    const rows = Array.from({ length: 10 }, (_, i) => eventAt(i + 1, large));
    engine.answers.set("runs.events", async ({ after = 0, limit = 10 }: { after?: number; limit?: number }) =>
      rows.slice(after, after + limit),
    );
    const given = await client.runs.events({ runId, limit: 9 });
    engine.answers.delete("runs.events");
    expect(given.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
