// Parity: MI1.
/** Plugins in processes of their own, against a daemon, over real sockets: from the first call to `kill -9`. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@heddle/client";
import { HeddleError, type JsonObject, parseDaemonConfig } from "@heddle/core";
import { afterEach, describe, expect, test } from "vitest";
import { type Daemon, startDaemon } from "./daemon.ts";

const program = fileURLToPath(new URL("../fixtures/weather-plugin.mjs", import.meta.url));
const cleanup: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

interface Plugin {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly exit: Promise<number | null>;
  /** Resolves once it has printed such a line, on either of its outputs. */
  printed(line: RegExp): Promise<string>;
}

class World {
  readonly root = mkdtempSync(join(tmpdir(), "heddle-plugins-"));
  readonly env = { HEDDLE_HOME: join(this.root, "home") };
  daemon!: Daemon;
  client!: Client;

  async open(port = 0): Promise<void> {
    const config = parseDaemonConfig({ dataDir: join(this.root, "data"), plugins: [], grpc: { port }, http: { enabled: false } });
    this.daemon = await startDaemon({ config, env: this.env });
    this.client = createClient({ target: this.daemon.address, env: this.env });
    cleanup.push(() => this.client.close());
    cleanup.push(() => this.daemon.close());
  }

  plugin(env: Record<string, string> = {}): Plugin {
    const child = spawn(process.execPath, [program], {
      env: { ...process.env, ...this.env, HEDDLE_TARGET: this.daemon.address, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    cleanup.push(() => child.kill("SIGKILL"));
    const lines: string[] = [];
    const told = new EventEmitter();
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (line) => {
        lines.push(line);
        told.emit("line");
      });
    }
    const exit = once(child, "close").then(([code]) => code as number | null);
    const printed = async (wanted: RegExp): Promise<string> => {
      for (;;) {
        const found = lines.find((line) => wanted.test(line));
        if (found !== undefined) return found;
        await Promise.race([once(told, "line"), exit.then(() => Promise.reject(new Error(`it ended: ${lines.join()}`)))]);
      }
    };
    return { child, lines, exit, printed };
  }

  /** Asks until it is so: for what the daemon does by itself and tells nobody. */
  async until<Value>(ask: () => Promise<Value>, is: (value: Value) => boolean): Promise<Value> {
    for (let i = 0; i < 2_000; i++) {
      const value = await ask();
      if (is(value)) return value;
    }
    throw new Error("it never came to be so");
  }

  instances = async () => (await this.client.plugins.list({})).flatMap(({ instances }) => instances);

  async start(action: string, params: JsonObject = {}) {
    return (await this.client.plugins.invoke({ plugin: "weather", action, params })).runId;
  }

  async run(action: string, params: JsonObject = {}) {
    return this.client.runs.result({ runId: await this.start(action, params) });
  }
}

async function opened(env?: Record<string, string>): Promise<{ world: World; plugin: Plugin }> {
  const world = new World();
  await world.open();
  const plugin = world.plugin(env);
  await plugin.printed(/registered with/);
  return { world, plugin };
}

describe("a plugin in a process of its own", () => {
  test("registers, is called back, and carries out calls: outputs, logs, a span of time", async () => {
    const { world, plugin } = await opened();
    const port = (await plugin.printed(/^HEDDLE_PLUGIN_PORT=\d+$/)).split("=")[1];
    const [view] = await world.client.plugins.list({ stage: "observe" });
    expect(view).toMatchObject({
      name: "weather",
      version: "1.0.0",
      origin: "registered",
      instances: [{ status: "connected", inFlight: 0 }],
    });
    expect(view?.instances[0]?.address).toBe(`127.0.0.1:${port}`);
    const runId = await world.start("look", { city: "Bonn", $timeRange: { startEpochMs: 1, endEpochMs: 2 } });
    expect(await world.client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { seen: "Bonn 1 attempt 1 range 2" } });
    const logs = await world.client.runs.logs({ runId });
    expect(logs).toMatchObject([
      { level: "warn", text: "the station is slow", fields: { run: runId } },
      { level: "warn", text: "the cache was empty" },
    ]);
  });

  test("fails with what it threw, and nothing of the inside", async () => {
    const { world } = await opened();
    const result = await world.run("fail");
    expect(result).toMatchObject({ status: "failed", failure: { code: "no-city", message: "no such city" } });
    expect(JSON.stringify(result)).not.toMatch(/secret|weather-plugin/);
  });

  test("is asked before it changes anything, and is not called when a person says no", async () => {
    const { world } = await opened();
    const yes = await world.start("change");
    await world.until(
      () => world.client.runs.get({ runId: yes }),
      ({ questions }) => questions.length === 1,
    );
    expect((await world.instances())[0]?.inFlight).toBe(0);
    await world.client.runs.answer({ runId: yes, answer: true });
    expect(await world.client.runs.result({ runId: yes })).toMatchObject({ status: "succeeded", output: "sunny" });
    const no = await world.start("change");
    await world.until(
      () => world.client.runs.get({ runId: no }),
      ({ questions }) => questions.length === 1,
    );
    await world.client.runs.answer({ runId: no, answer: false });
    expect(await world.client.runs.result({ runId: no })).toMatchObject({ status: "failed", failure: { code: "rejected" } });
  });

  test("that is killed in a call loses it: the run says what it waits for, and goes on with the next process", async () => {
    const { world, plugin } = await opened();
    const runId = await world.start("hold");
    await plugin.printed(/holding attempt 1/);
    plugin.child.kill("SIGKILL");
    const why = await world.until(
      () => world.client.runs.why({ runId }),
      (all) => all.some(({ kind }) => kind === "executor-missing"),
    );
    expect(why[0]?.message).toContain("no plugin weather is registered");
    expect(await world.client.plugins.list({})).toEqual([]);
    const next = world.plugin();
    await next.printed(/holding attempt 2/);
    next.child.kill("SIGUSR2");
    expect(await world.client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { attempt: 2 } });
  });

  test("that is killed while it changes something leaves an outcome that nobody knows, and a person settles it", async () => {
    const { world, plugin } = await opened();
    const runId = await world.start("replace");
    await world.until(
      () => world.client.runs.get({ runId }),
      ({ questions }) => questions.length === 1,
    );
    await world.client.runs.answer({ runId, answer: true });
    await plugin.printed(/replacing/);
    plugin.child.kill("SIGKILL");
    const { rows } = await world.until(
      () => world.client.calls.list({ status: "outcome-unknown" }),
      (page) => page.rows.length === 1,
    );
    await world.client.calls.settle({ call: rows[0]?.id ?? "", as: "succeeded", result: "it rains" });
    expect(await world.client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: "it rains" });
  });

  test("is told to stop when its run is cancelled", async () => {
    const { world, plugin } = await opened();
    const runId = await world.start("hold");
    await plugin.printed(/holding/);
    await world.client.runs.cancel({ runId });
    await plugin.printed(/stopped/);
    expect(await world.client.runs.result({ runId })).toMatchObject({ status: "cancelled" });
  });

  test("leaves in order on SIGTERM: it is forgotten, what it has it finishes, and it exits with 0", async () => {
    const { world, plugin } = await opened();
    const runId = await world.start("hold");
    await plugin.printed(/holding/);
    plugin.child.kill("SIGTERM");
    await world.until(world.instances, ([first]) => first?.status === "draining");
    const next = await world.start("echo", { value: 1 });
    plugin.child.kill("SIGUSR2");
    expect(await world.client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { attempt: 1 } });
    expect(await plugin.exit).toBe(0);
    expect(await world.client.plugins.list({})).toEqual([]);
    expect((await world.client.runs.why({ runId: next }))[0]?.kind).toBe("executor-missing");
  });

  test("registers again with a daemon that comes back, by itself", async () => {
    const { world, plugin } = await opened();
    const port = Number(world.daemon.address.split(":")[1]);
    plugin.lines.splice(0);
    await world.client.close();
    await world.daemon.close();
    await world.open(port);
    await plugin.printed(/registered with/);
    expect(await world.run("echo", { value: [1] })).toMatchObject({ output: [1] });
    // It noticed that its stream was gone, and did not wait for a heartbeat to tell.
    expect(plugin.lines.join("\n")).not.toMatch(/does not know it any more|heartbeat failed/);
  });

  test("says how it is, and that is shown beside it", async () => {
    const { world } = await opened({ SICK: "1" });
    expect((await world.instances())[0]).toMatchObject({ status: "connected", message: "not healthy: the station does not answer" });
  });

  test("with a token that is none is kept out, and says what to do", async () => {
    const world = new World();
    await world.open();
    const plugin = world.plugin({ HEDDLE_TOKEN: "hed_wrong" });
    expect(await plugin.printed(/not registered/)).toMatch(/\[unauthenticated\].*set HEDDLE_TOKEN/);
    expect(await world.client.plugins.list({})).toEqual([]);
  });

  test("takes calls of the daemon alone that it registered with", async () => {
    const { world, plugin } = await opened();
    const { dialStranger } = await import("../fixtures/stranger.ts");
    const port = (await plugin.printed(/^HEDDLE_PLUGIN_PORT/)).split("=")[1];
    expect(await dialStranger(`127.0.0.1:${port}`)).toMatch(/unauthenticated|called by the daemon/i);
    expect(await world.run("echo", { value: 1 })).toMatchObject({ output: 1 });
  });

  test("that nobody can reach is refused", async () => {
    const world = new World();
    await world.open();
    const info = { name: "ghost", version: "1.0.0", description: "Not there", permission: "read", stages: ["observe"] } as const;
    const lists = { intents: [], prompts: [], config: [], metadata: {} };
    const action = { name: "boo", description: "Frightens", permission: "read", stages: [], input: [], output: [], intents: [] } as const;
    const register = (address: string) =>
      world.client.plugins.register({
        info: { ...info, stages: ["observe"], actions: [{ ...action, stages: [], input: [], output: [], intents: [] }], ...lists },
        address,
        instance: "i",
      });
    await expect(register("127.0.0.1:1")).rejects.toSatisfy((error) => HeddleError.is(error, "plugin-unreachable"));
    await expect(register("192.0.2.1:80")).rejects.toThrow(/calls plugins back on its own machine only/);
  });
});
