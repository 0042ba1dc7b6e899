/** Following the inbox of approvals: what is open, what changes, and what a daemon that went away has missed telling. */
import { type ApprovalChange, type ApprovalView, type Caller, HeddleError } from "@heddle/core";
import { httpRoutes } from "@heddle/wire/http";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryOf } from "./arbitrary.ts";
import { deferred } from "./deferred.ts";
import { adminSecret, createFakeEngine, type FakeEngine, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { openHttp, rawHttp } from "./raw-http.ts";
import { approval, leanApproval, runId } from "./samples.ts";
import { portOf, wires } from "./wires.ts";

const home = temporaryFolder();
const asked = (view: ApprovalView): ApprovalChange => ({ kind: "asked", approval: view });
const closed = (id: string): ApprovalChange => ({ kind: "closed", id });
const current: ApprovalChange = { kind: "current" };
const another: ApprovalView = { ...leanApproval, id: `${runId}/9` };

/** An engine whose inbox tells these batches, and then nothing more until the caller goes. */
function telling(...batches: readonly (readonly ApprovalChange[])[]): FakeEngine {
  const engine = createFakeEngine();
  engine.answers.set("approvals.follow", async function* (_: unknown, { signal }: Caller) {
    yield* batches;
    const gone = deferred();
    signal?.addEventListener("abort", () => gone.resolve(), { once: true });
    if (signal?.aborted !== true) await gone.promise;
  } as never);
  return engine;
}

describe.each(wires)("an inbox over $name", (wire) => {
  const connect = (address: string) => wire.connect(address, { home, token: adminSecret });

  it("is followed: what is open, then what changes, as it was told", async () => {
    const batches = [[asked(approval), asked(leanApproval), current], [closed(leanApproval.id)]];
    const engine = telling(...batches);
    await using daemon = await startFakeDaemon(engine, { home });
    await using client = connect(wire.addressOf(daemon));
    const stop = new AbortController();
    const seen: ApprovalChange[] = [];
    for await (const batch of client.approvals.follow({ runId }, { signal: stop.signal })) {
      seen.push(...batch);
      if (seen.length === 4) stop.abort();
    }
    expect(seen).toStrictEqual(batches.flat());
    expect(engine.recorded.map(({ method, request }) => [method, request])).toEqual([["approvals.follow", { runId }]]);
  });

  it("tells after a restart what is new and what is gone, and nothing twice", async () => {
    const more = { ...approval, approvedBy: [...approval.approvedBy, "cy"] };
    const same = { ...approval, id: `${runId}/7` };
    let daemon = await startFakeDaemon(telling([asked(approval), asked(same), asked(leanApproval), current]), { home });
    const port = portOf(wire.addressOf(daemon));
    await using client = connect(wire.addressOf(daemon));
    const stop = new AbortController();
    const seen: ApprovalChange[] = [];
    for await (const batch of client.approvals.follow({}, { signal: stop.signal })) {
      seen.push(...batch);
      if (seen.length === 4) {
        await daemon.close();
        const after = telling([asked(more), asked(same), asked(another), current], [closed(another.id)]);
        daemon = await startFakeDaemon(after, { home, ...wire.at(port) });
      }
      if (batch.some((change) => change.kind === "closed" && change.id === another.id)) stop.abort();
    }
    expect(seen).toStrictEqual([
      asked(approval),
      asked(same),
      asked(leanApproval),
      current,
      asked(more),
      asked(another),
      closed(leanApproval.id),
      closed(another.id),
    ]);
    await daemon.close();
  });

  it("is not asked for again after an error that will not pass", async () => {
    const engine = createFakeEngine();
    const refusal = new HeddleError("permission-denied", "not for you");
    engine.answers.set("approvals.follow", () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(refusal) }) }));
    await using daemon = await startFakeDaemon(engine, { home });
    await using client = connect(wire.addressOf(daemon));
    await expect(client.approvals.follow()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "permission-denied" });
    expect(engine.recorded).toHaveLength(1);
  });

  it("whose follower leaves is let go of behind the edge", async () => {
    const engine = createFakeEngine();
    const gone = deferred();
    engine.answers.set("approvals.follow", async function* (_: unknown, { signal }: Caller) {
      signal?.addEventListener("abort", () => gone.resolve(), { once: true });
      yield [current];
      await gone.promise;
    } as never);
    await using daemon = await startFakeDaemon(engine, { home });
    await using client = connect(wire.addressOf(daemon));
    const following = client.approvals.follow()[Symbol.asyncIterator]();
    expect(await following.next()).toEqual({ value: [current], done: false });
    await following.return?.();
    await gone.promise;
  });

  it("carries any change, however large the calls are that it shows", async () => {
    const engine = createFakeEngine();
    await using daemon = await startFakeDaemon(engine, { home });
    await using client = connect(wire.addressOf(daemon));
    const batchOf = async (changes: readonly ApprovalChange[]): Promise<readonly ApprovalChange[]> => {
      engine.answers.set("approvals.follow", async function* () {
        yield changes;
        await new Promise(() => undefined);
      } as never);
      const seen: ApprovalChange[] = [];
      for await (const batch of client.approvals.follow()) {
        seen.push(...batch);
        if (seen.length >= changes.length) break;
      }
      return seen;
    };
    await fc.assert(
      fc.asyncProperty(arbitraryOf(httpRoutes.approvals.follow.response), async (batch) => {
        // Each by an id of its own: what is told twice is for another test.
        const changes = batch
          .flatMap((change, i) => (change.kind === "asked" ? [asked({ ...change.approval, id: `${runId}/${i}` })] : []))
          .concat(current);
        expect(await batchOf(changes)).toStrictEqual(changes);
      }),
      { numRuns: 20 },
    );
    const large = Array.from({ length: 12 }, (_, i) => asked({ ...leanApproval, id: `${runId}/${i}`, details: "x".repeat(7_000_000) }));
    expect((await batchOf([...large, current])).map(({ kind }) => kind)).toEqual([...large.map(() => "asked"), "current"]);
  }, 30_000);
});

describe("the stream of an inbox", () => {
  const path = "/v1/approvals/follow";

  it("has the approval as id, and begins anew for whoever comes back", async () => {
    await using daemon = await startFakeDaemon(telling([asked(approval), current], [closed(approval.id)]), { home });
    const answer = await openHttp(daemon.httpAddress ?? "", path, { headers: { "last-event-id": approval.id } });
    const text =
      `id: ${approval.id}\nevent: asked\ndata: ${JSON.stringify(asked(approval))}\n\n` +
      `event: current\ndata: {"kind":"current"}\n\n` +
      `id: ${approval.id}\nevent: closed\ndata: ${JSON.stringify(closed(approval.id))}\n\n`;
    let seen = "";
    for await (const piece of answer) {
      seen += String(piece);
      if (seen.length >= text.length) break;
    }
    expect(seen).toBe(text);
  });

  it("is cut by a daemon that stops, and refused where something is asked that it does not know", async () => {
    const daemon = await startFakeDaemon(telling([current]), { home });
    expect(await rawHttp(daemon.httpAddress ?? "", `${path}?limit=1`)).toMatchObject({ status: 400 });
    const answer = await openHttp(daemon.httpAddress ?? "", path);
    const read = (async () => {
      for await (const _ of answer);
    })();
    const ended = expect(read).rejects.toThrow("aborted");
    await daemon.close();
    await ended;
  });
});
