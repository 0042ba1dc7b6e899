/** What is particular to server-sent events. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Caller, type EventRecord, HeddleError } from "@heddle/core";
import type { Daemon } from "@heddle/daemon";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deferred } from "./deferred.ts";
import { adminSecret, createFakeEngine, type FakeEngine, FakeStream, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { openHttp, type RawRequest, rawHttp } from "./raw-http.ts";
import { awkward, eventAt, lastEventAt, runId } from "./samples.ts";
import { portOf } from "./wires.ts";

const daemons: Daemon[] = [];
const home = temporaryFolder();

afterEach(async () => {
  vi.useRealTimers();
  for (const daemon of daemons.splice(0)) await daemon.close();
});

async function serve(engine: FakeEngine, more = {}): Promise<string> {
  const daemon = await startFakeDaemon(engine, { home, ...more });
  daemons.push(daemon);
  return daemon.httpAddress ?? "";
}

const path = `/v1/runs/${runId}/follow`;
const message = (record: EventRecord) => `id: ${record.seq}\nevent: ${record.event.kind}\ndata: ${JSON.stringify(record)}\n\n`;
const follow = (address: string, options: RawRequest = {}, query = "") => openHttp(address, `${path}${query}`, options);

/** The text of a stream until it holds this many events, or ends. */
async function textOf(stream: AsyncIterable<unknown>, events = Number.POSITIVE_INFINITY): Promise<string> {
  let text = "";
  for await (const piece of stream) {
    text += String(piece);
    if (text.split("\n\n").length > events) return text;
  }
  return text;
}

describe("a stream of events", () => {
  it("has a message for each event, and ends in order after the last", async () => {
    const stream = new FakeStream();
    const events = [eventAt(1), eventAt(2, awkward.text), lastEventAt(3)];
    stream.append(...events);
    const answer = await follow(await serve(createFakeEngine(stream)));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
    expect(await textOf(answer)).toBe(events.map(message).join(""));
    expect(answer.complete).toBe(true);
  });

  it.each([
    ["Last-Event-ID", { "last-event-id": "2" }, ""],
    ["after", {}, "?after=2"],
    ["Last-Event-ID, which says more than after", { "last-event-id": "2" }, "?after=1"],
    ["after, where Last-Event-ID is empty", { "last-event-id": "" }, "?after=2"],
  ])("resumes behind %s", async (_, headers, query) => {
    const stream = new FakeStream();
    stream.append(eventAt(1), eventAt(2), eventAt(3), lastEventAt(4));
    const answer = await follow(await serve(createFakeEngine(stream)), { headers }, query);
    expect(await textOf(answer)).toBe([eventAt(3), lastEventAt(4)].map(message).join(""));
  });

  it("refuses a Last-Event-ID that is none", async () => {
    const answer = await rawHttp(await serve(createFakeEngine()), path, { headers: { "last-event-id": "x" } });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: "request-invalid" } } });
  });

  it("is no content where the run has ended and nothing is left: who comes back need not again", async () => {
    const stream = new FakeStream();
    stream.append(eventAt(1), lastEventAt(2));
    const answer = await rawHttp(await serve(createFakeEngine(stream)), path, { headers: { "last-event-id": "2" } });
    expect(answer).toMatchObject({ status: 204, text: "" });
  });

  it("carries many events in a write, and a large one whole", async () => {
    const stream = new FakeStream();
    const large = "x".repeat(3 * 1024 * 1024);
    const events = [...Array.from({ length: 49 }, (_, i) => eventAt(i + 1)), eventAt(50, large), lastEventAt(51)];
    stream.append(...events);
    const answer = await follow(await serve(createFakeEngine(stream)));
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces).toString()).toBe(events.map(message).join(""));
    expect(String(pieces[0]).split("\n\n").length).toBeGreaterThan(40);
  });
});

describe("an error", () => {
  const failing = (after: readonly EventRecord[], error: unknown) => {
    const engine = createFakeEngine();
    engine.answers.set("runs.follow", async function* () {
      yield after;
      throw error;
    } as never);
    return engine;
  };

  it("before the first event has a status of its own", async () => {
    const address = await serve(failing([], new HeddleError("run-not-found", "no such run")));
    expect(await rawHttp(address, path)).toMatchObject({ status: 404, json: { error: { code: "run-not-found" } } });
  });

  it.each([
    ["an error of ours", new HeddleError("follower-slow", "too slow")],
    ["a stray one", new RangeError("boom")],
  ])("after that cuts the stream (%s)", async (_, error) => {
    const answer = await follow(await serve(failing([eventAt(1)], error)));
    await expect(textOf(answer)).rejects.toThrow("aborted");
    expect(answer.complete).toBe(false);
  });
});

describe("a daemon that stops", () => {
  it("cuts its followers, who come back", async () => {
    const stream = new FakeStream();
    stream.append(eventAt(1));
    const daemon = await startFakeDaemon(createFakeEngine(stream), { home });
    const answer = await follow(daemon.httpAddress ?? "");
    const read = expect(textOf(answer)).rejects.toThrow("aborted");
    await daemon.close();
    await read;
    expect(answer.complete).toBe(false);
  });

  it("says so to who has no event yet, and waits for nobody", async () => {
    const engine = createFakeEngine(new FakeStream());
    const daemon = await startFakeDaemon(engine, { home });
    const answer = rawHttp(daemon.httpAddress ?? "", path);
    await vi.waitUntil(() => engine.recorded.length === 1);
    await daemon.close();
    expect(await answer).toMatchObject({ status: 503, json: { error: { code: "shutting-down" } } });
  });
});

describe("a heartbeat", () => {
  it("is a comment every 15 seconds, while a stream is open and not longer", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const stream = new FakeStream();
    stream.append(eventAt(1));
    const address = await serve(createFakeEngine(stream));
    expect(vi.getTimerCount()).toBe(0);
    const answer = await follow(address);
    const pieces = answer.setEncoding("utf8")[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toBe(message(eventAt(1)));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(14_999);
    stream.append(eventAt(2));
    expect((await pieces.next()).value).toBe(message(eventAt(2)));
    vi.advanceTimersByTime(1);
    expect((await pieces.next()).value).toBe(":\n\n");
    vi.advanceTimersByTime(15_000);
    expect((await pieces.next()).value).toBe(":\n\n");
    stream.append(lastEventAt(3));
    expect((await pieces.next()).value).toBe(message(lastEventAt(3)));
    expect(await pieces.next()).toMatchObject({ done: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("opens a stream on which nothing has happened yet", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const engine = createFakeEngine(new FakeStream());
    const answer = follow(await serve(engine));
    await vi.waitUntil(() => vi.getTimerCount() === 1);
    vi.advanceTimersByTime(15_000);
    expect((await answer).statusCode).toBe(200);
    (await answer).destroy();
    await vi.waitUntil(() => vi.getTimerCount() === 0);
  });
});

describe("a follower", () => {
  /** One that stops reading, on a source without an end. */
  async function stalled(address: string, pulled: () => number): Promise<Socket> {
    const socket = connect({ port: portOf(address), host: "127.0.0.1" });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${address}\r\nauthorization: Bearer ${adminSecret}\r\n\r\n`);
    await once(socket, "readable");
    // Nothing else happens in this process once the buffers between the two are full.
    for (let last = -1; last !== pulled(); ) {
      last = pulled();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return socket;
  }

  function endless(): { readonly engine: FakeEngine; readonly pulled: () => number } {
    const engine = createFakeEngine();
    const chunk = "x".repeat(250_000);
    let pulled = 0;
    engine.answers.set("runs.follow", async function* (_: unknown, { signal }: Caller): AsyncGenerator<readonly EventRecord[]> {
      for (let seq = 1; signal?.aborted !== true && seq <= 2_000; seq++) {
        pulled = seq;
        yield [eventAt(seq, chunk)];
      }
    } as never);
    return { engine, pulled: () => pulled };
  }

  it("that does not read holds back its source, and the bytes of heartbeats too", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { engine, pulled } = endless();
    const socket = await stalled(await serve(engine), pulled);
    const before = pulled();
    expect(before).toBeLessThan(100);
    vi.advanceTimersByTime(10 * 15_000);
    socket.on("data", () => undefined);
    await vi.waitUntil(() => pulled() > before + 100);
    socket.destroy();
    await vi.waitUntil(() => vi.getTimerCount() === 0);
  });

  it("that does not read does not hold up the daemon that stops", async () => {
    const { engine, pulled } = endless();
    const daemon = await startFakeDaemon(engine, { home, graceMs: 600_000 });
    const socket = await stalled(daemon.httpAddress ?? "", pulled);
    await daemon.close();
    socket.destroy();
  });

  it("that goes away aborts the call behind the edge", async () => {
    const engine = createFakeEngine();
    const gone = deferred();
    const stream = new FakeStream();
    stream.append(eventAt(1));
    engine.answers.set("runs.follow", ((_: unknown, { signal }: Caller) => {
      signal?.addEventListener("abort", () => gone.resolve(), { once: true });
      return stream.follow(0, signal);
    }) as never);
    const answer = await follow(await serve(engine));
    answer.destroy();
    await gone.promise;
  });
});
