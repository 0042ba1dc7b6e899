/** Being known to a daemon that comes, goes and forgets. Time is virtual. */
import { type ErrorCode, HeddleError, PluginInfo } from "@heddle/core";
import { VirtualClock } from "@heddle/testkit/simulator";
import { describe, expect, test } from "vitest";
import { startRegistration } from "./registration.ts";

const info = PluginInfo.parse({
  name: "weather",
  version: "1.0.0",
  description: "Tells the weather",
  permission: "read",
  stages: ["observe"],
  actions: [{ name: "forecast", description: "The next days", permission: "read" }],
});

/** A daemon that answers as it is told to, and the times at which it was called. */
class Daemon {
  readonly clock = new VirtualClock();
  readonly calls: string[] = [];
  readonly said: string[] = [];
  readonly #registering: (ErrorCode | number)[];
  beating: (ErrorCode | boolean)[] = [];
  registered = 0;
  readonly registration;

  constructor(registering: readonly (ErrorCode | number)[] = []) {
    this.#registering = [...registering];
    this.registration = startRegistration({
      info,
      address: "127.0.0.1:1",
      instance: "inst_1",
      target: "localhost:55051",
      calls: {
        register: () => this.#answer("register", this.#registering.shift() ?? 1_000, (heartbeatIntervalMs) => ({ heartbeatIntervalMs })),
        heartbeat: () =>
          this.#answer("heartbeat", this.beating.shift() ?? true, (registered) => ({ registered, heartbeatIntervalMs: 1_000 })),
      },
      retry: { firstMs: 2_000, maxMs: 30_000 },
      setTimer: (delayMs, fire) => this.clock.setTimer(delayMs, fire),
      log: (line) => this.said.push(line),
      onRegistered: () => {
        this.registered++;
      },
    });
  }

  async #answer<Value extends number | boolean, Answer>(
    what: string,
    given: ErrorCode | Value,
    answer: (value: Value) => Answer,
  ): Promise<Answer> {
    this.calls.push(`${what} at ${this.clock.steadyMs}`);
    if (typeof given === "string") throw new HeddleError(given, "not now");
    return answer(given);
  }

  /** Lets so many timers fire, one after the other. */
  async turn(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await new Promise(setImmediate);
      this.clock.advance();
    }
    await new Promise(setImmediate);
  }
}

describe("a plugin", () => {
  test("registers at once, then says that it is there as often as it is asked to", async () => {
    const daemon = new Daemon();
    await daemon.turn(2);
    expect(daemon.calls).toEqual(["register at 0", "heartbeat at 1000", "heartbeat at 2000"]);
    expect(daemon.registered).toBe(1);
  });

  test("tries for ever, waiting from 2 s up to 30 s", async () => {
    const daemon = new Daemon(Array.from({ length: 7 }, () => "daemon-unreachable" as const));
    await daemon.turn(7);
    expect(daemon.calls).toEqual([0, 2, 6, 14, 30, 60, 90, 120].map((s) => `register at ${s * 1_000}`));
    expect(daemon.registered).toBe(1);
  });

  test("says when only a person can help", async () => {
    const daemon = new Daemon(["unauthenticated"]);
    await daemon.turn(1);
    expect(daemon.said[0]).toMatch(/not registered: not now \[unauthenticated\]: set HEDDLE_TOKEN/);
  });

  test("registers again when the daemon has forgotten it", async () => {
    const daemon = new Daemon();
    daemon.beating = [true, false];
    await daemon.turn(3);
    expect(daemon.calls).toEqual(["register at 0", "heartbeat at 1000", "heartbeat at 2000", "register at 2000", "heartbeat at 3000"]);
    expect(daemon.registered).toBe(2);
  });

  test("does not mind heartbeats that fail, and tells of the first and every tenth", async () => {
    const daemon = new Daemon();
    daemon.beating = Array.from({ length: 11 }, () => "daemon-unreachable" as const);
    await daemon.turn(12);
    expect(daemon.calls).toHaveLength(13);
    expect(daemon.said.filter((line) => line.includes("heartbeat failed"))).toHaveLength(2);
    expect(daemon.said.at(-1)).toMatch(/heard again/);
  });

  test("registers at once when its stream is gone, whatever the heartbeat under way then says", async () => {
    const daemon = new Daemon();
    daemon.beating = [false];
    await daemon.turn(0);
    daemon.clock.advance();
    daemon.registration.again();
    daemon.registration.again();
    await daemon.turn(1);
    expect(daemon.calls).toEqual(["register at 0", "heartbeat at 1000", "register at 1000", "heartbeat at 2000"]);
    expect(daemon.clock.armed).toBe(1);
  });

  test("is silent once it is stopped, also while it waits for an answer", async () => {
    const daemon = new Daemon();
    daemon.registration.stop();
    await daemon.turn(3);
    expect(daemon.calls).toEqual(["register at 0"]);
    expect(daemon.clock.armed).toBe(0);
  });
});
