/** Followers, cancellation and coming back, on every wire. */
import { once } from "node:events";
import { createServer } from "node:net";
import { type Caller, type EventRecord, HeddleError } from "@heddle/core";
import { describe, expect, it } from "vitest";
import { deferred } from "./deferred.ts";
import { adminSecret, createFakeEngine, FakeStream, openRelay, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { eventAt, hash, lastEventAt, runId } from "./samples.ts";
import { portOf, wires } from "./wires.ts";

const home = temporaryFolder();

describe.each(wires)("over $name", (wire) => {
  const clientOf = (address: string, more = {}) => wire.connect(address, { home, token: adminSecret, ...more });

  describe("a follower", () => {
    it("sees each event once, in order, while its daemon restarts on the same port", async () => {
      const stream = new FakeStream();
      let daemon = await startFakeDaemon(createFakeEngine(stream), { home });
      const port = portOf(wire.addressOf(daemon));
      await using client = clientOf(wire.addressOf(daemon));
      const seen: number[] = [];
      stream.append(eventAt(1));
      for await (const batch of client.runs.follow({ runId })) {
        seen.push(...batch.map(({ seq }) => seq));
        const next = seen.length + 1;
        if (next > 5) continue;
        await daemon.close();
        stream.append(next === 5 ? lastEventAt(next) : eventAt(next));
        daemon = await startFakeDaemon(createFakeEngine(stream), { home, ...wire.at(port) });
      }
      expect(seen).toEqual([1, 2, 3, 4, 5]);
      await daemon.close();
    });

    it("sees each event once, in order, while its connection is cut again and again", async () => {
      const stream = new FakeStream();
      const grow = (): void => {
        const from = stream.events.length;
        stream.append(...Array.from({ length: 300 }, (_, i) => eventAt(from + i + 1)));
      };
      grow();
      const engine = createFakeEngine(stream);
      const daemon = await startFakeDaemon(engine, { home });
      await using relay = await openRelay(wire.addressOf(daemon));
      await using client = clientOf(relay.address);
      const seen: number[] = [];
      let cuts = 0;
      for await (const batch of client.runs.follow({ runId })) {
        seen.push(...batch.map(({ seq }) => seq));
        if (seen.length < stream.events.length) continue;
        if (cuts === 5) stream.append(lastEventAt(stream.events.length + 1));
        else {
          // What comes after the cut can only come over another connection.
          relay.cut();
          cuts++;
          grow();
        }
      }
      expect(seen).toEqual(Array.from({ length: 1_801 }, (_, i) => i + 1));
      const cursors = engine.recorded.map(({ request }) => (request as { after: number }).after);
      expect(cursors.length).toBeGreaterThan(5);
      expect(cursors.slice(1).every((after) => after > 0)).toBe(true);
      await daemon.close();
    });

    it("gives up when its daemon stays away", async () => {
      const stream = new FakeStream();
      stream.append(eventAt(1));
      const daemon = await startFakeDaemon(createFakeEngine(stream), { home });
      await using client = clientOf(wire.addressOf(daemon), { reattachMs: 300 });
      const following = client.runs.follow({ runId })[Symbol.asyncIterator]();
      await following.next();
      await daemon.close();
      await expect(following.next()).rejects.toMatchObject({ code: expect.stringMatching(/daemon-unreachable|shutting-down/) });
    });

    it("does not try again after an error that will not pass", async () => {
      const engine = createFakeEngine();
      const refusal = new HeddleError("run-not-found", "no such run");
      engine.answers.set("runs.follow", () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(refusal) }) }));
      const daemon = await startFakeDaemon(engine, { home });
      await using client = clientOf(wire.addressOf(daemon));
      await expect(client.runs.follow({ runId })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "run-not-found" });
      expect(engine.recorded).toHaveLength(1);
      await daemon.close();
    });

    it("is told when events are missing", async () => {
      const engine = createFakeEngine();
      engine.answers.set("runs.follow", async function* () {
        yield [eventAt(1), eventAt(3)];
      } as never);
      const daemon = await startFakeDaemon(engine, { home });
      await using client = clientOf(wire.addressOf(daemon));
      await expect(client.runs.follow({ runId })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "internal" });
      await daemon.close();
    });

    it("that stops reading holds back its source, not the memory of the daemon", async () => {
      const engine = createFakeEngine();
      let pulled = 0;
      const stalled = deferred();
      const chunk = "x".repeat(250_000);
      engine.answers.set("runs.follow", async function* (_: unknown, { signal }: Caller): AsyncGenerator<readonly EventRecord[]> {
        for (let seq = 1; signal?.aborted !== true && seq <= 2_000; seq++) {
          pulled = seq;
          yield [eventAt(seq, chunk)];
        }
      } as never);
      const daemon = await startFakeDaemon(engine, { home });
      await using client = clientOf(wire.addressOf(daemon));
      const following = client.runs.follow({ runId })[Symbol.asyncIterator]();
      await following.next();
      // Nothing else happens in this process once the buffers between the two are full.
      let last = -1;
      const watch = setInterval(() => {
        if (pulled === last) stalled.resolve();
        last = pulled;
      }, 250);
      await stalled.promise;
      clearInterval(watch);
      expect(pulled).toBeLessThan(100);
      await following.return?.();
      await daemon.close();
    });

    it.each(["return", "signal"] as const)("that leaves (%s) aborts the call behind the edge", async (how) => {
      const engine = createFakeEngine();
      const gone = deferred();
      const stream = new FakeStream();
      stream.append(eventAt(1));
      engine.answers.set("runs.follow", ((_: unknown, { signal }: Caller) => {
        signal?.addEventListener("abort", () => gone.resolve(), { once: true });
        return stream.follow(0, signal);
      }) as never);
      const daemon = await startFakeDaemon(engine, { home });
      await using client = clientOf(wire.addressOf(daemon));
      const stop = new AbortController();
      const following = client.runs.follow({ runId }, { signal: stop.signal })[Symbol.asyncIterator]();
      await following.next();
      if (how === "return") {
        await following.return?.();
      } else {
        const next = following.next();
        stop.abort();
        expect(await next).toMatchObject({ done: true });
      }
      await gone.promise;
      await daemon.close();
    });
  });

  describe("a call", () => {
    it("that is cancelled rejects, and aborts behind the edge", async () => {
      const engine = createFakeEngine();
      const gone = deferred();
      const arrived = deferred();
      engine.answers.set("runs.get", (_: unknown, { signal }: Caller) => {
        signal?.addEventListener("abort", () => gone.resolve(), { once: true });
        arrived.resolve();
        return new Promise(() => undefined);
      });
      const daemon = await startFakeDaemon(engine, { home, graceMs: 50 });
      await using client = clientOf(wire.addressOf(daemon));
      const stop = new AbortController();
      const call = expect(client.runs.get({ runId }, { signal: stop.signal })).rejects.toMatchObject({ code: "cancelled" });
      await arrived.promise;
      stop.abort();
      await call;
      await gone.promise;
      await daemon.close();
    });

    it("has a deadline", async () => {
      const engine = createFakeEngine();
      engine.answers.set("runs.get", () => new Promise(() => undefined));
      const daemon = await startFakeDaemon(engine, { home, graceMs: 50 });
      await using client = clientOf(wire.addressOf(daemon), { timeoutMs: 50 });
      await expect(client.runs.get({ runId })).rejects.toMatchObject({ code: "deadline-exceeded" });
      await daemon.close();
    });

    it("to no daemon says how to start one", async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const address = taken.address();
      const target = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
      taken.close();
      await once(taken, "close");
      await using client = clientOf(target);
      await expect(client.runtime.status()).rejects.toMatchObject({
        code: "daemon-unreachable",
        message: expect.stringContaining("heddle daemon"),
        details: { [wire.name === "gRPC" ? "target" : "baseUrl"]: expect.stringContaining(target) },
      });
      await expect(client.runs.follow({ runId })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "daemon-unreachable" });
      await expect(client.runs.result({ runId })).rejects.toMatchObject({ code: "daemon-unreachable" });
    });

    it("finds a daemon that came back a moment ago", async () => {
      const first = await startFakeDaemon(createFakeEngine(), { home });
      await using client = clientOf(wire.addressOf(first));
      await client.runtime.status();
      await first.close();
      for (let i = 0; i < 3; i++) await expect(client.runtime.status()).rejects.toMatchObject({ code: "daemon-unreachable" });
      const second = await startFakeDaemon(createFakeEngine(), { home, ...wire.at(portOf(wire.addressOf(first))) });
      expect(await client.runtime.status()).toMatchObject({ version: "1.2.3" });
      await second.close();
    });

    it("of a closed client rejects, and closing twice is closing once", async () => {
      const client = clientOf("127.0.0.1:1");
      await Promise.all([client.close(), client.close()]);
      await client.close();
      await expect(client.runtime.status()).rejects.toMatchObject({ code: "cancelled" });
    });
  });

  describe("waiting for a result", () => {
    it("outlasts restarts of the daemon", async () => {
      const waiting = createFakeEngine();
      const arrived = deferred();
      waiting.answers.set("runs.result", () => {
        arrived.resolve();
        return new Promise(() => undefined);
      });
      const first = await startFakeDaemon(waiting, { home });
      await using client = clientOf(wire.addressOf(first));
      const result = client.runs.startAndWait({ bundle: hash, input: {} });
      await arrived.promise;
      await first.close();
      const second = await startFakeDaemon(createFakeEngine(), { home, ...wire.at(portOf(wire.addressOf(first))) });
      expect(await result).toMatchObject({ runId, status: "failed" });
      await second.close();
      expect(waiting.recorded[0]?.request).toMatchObject({ idempotencyKey: expect.stringMatching(/.{16}/) });
    });

    it("has an end when one is asked for", async () => {
      const engine = createFakeEngine();
      engine.answers.set("runs.result", () => new Promise(() => undefined));
      const daemon = await startFakeDaemon(engine, { home });
      await using client = clientOf(wire.addressOf(daemon));
      await expect(client.runs.result({ runId }, { timeoutMs: 100 })).rejects.toMatchObject({ code: "deadline-exceeded" });
      await daemon.close();
    });
  });
});
