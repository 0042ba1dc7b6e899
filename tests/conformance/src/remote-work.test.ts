/** Plugins, node servers and dead letters on a real runtime, over every wire: what is called, what is refused, what is kept. */
import { parseDaemonConfig } from "@heddle/core";
import { type Daemon, startDaemon } from "@heddle/daemon";
import { createMemoryDisk, createMemoryStore, createRuntime } from "@heddle/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errorOf } from "./error-of.ts";
import { temporaryFolder } from "./fake-engine.ts";
import { FakeNodeServerHost, FakePluginHost, weather } from "./fake-hosts.ts";
import { runId as unknownRun } from "./samples.ts";
import { type WireClient, wires } from "./wires.ts";

const canary = "canary-4f1d9c";

describe.each(wires)("over $name", (wire) => {
  let disk = createMemoryDisk();
  const home = temporaryFolder();
  let plugins: FakePluginHost;
  let nodes: FakeNodeServerHost;
  let daemon: Daemon;
  let client: WireClient;
  const undo: (() => Promise<void>)[] = [];

  /** A daemon on the disk of this suite, with far ends of its own. */
  async function start(hosts = true): Promise<void> {
    plugins = new FakePluginHost();
    nodes = new FakeNodeServerHost();
    const executors = hosts ? { executors: { tools: plugins, remotes: nodes } } : {};
    const config = parseDaemonConfig({ dataDir: temporaryFolder(), grpc: { port: 0 }, http: { port: 0 }, shutdown: { graceMs: 0 } });
    let secret: string | undefined;
    daemon = await startDaemon({
      config,
      env: { HEDDLE_HOME: home },
      openEngine: () => {
        const runtime = createRuntime({ store: createMemoryStore(disk), ...executors });
        const ensureAdminToken = async () => {
          secret = await runtime.ensureAdminToken();
          return secret;
        };
        return { ...runtime, ensureAdminToken };
      },
    });
    client = connected(secret);
    undo.push(async () => {
      await client.close();
      await daemon.close();
    });
  }

  function connected(token: string | undefined): WireClient {
    return wire.connect(wire.addressOf(daemon), { home, token });
  }

  async function stop(): Promise<void> {
    for (const step of undo.splice(0).reverse()) await step();
  }

  async function stranger(): Promise<WireClient> {
    const { secret } = await client.tokens.create({ subject: "eve", roles: ["admin"], tenant: "elsewhere" });
    const other = connected(secret);
    undo.push(() => other.close());
    return other;
  }

  beforeEach(async () => {
    disk = createMemoryDisk();
    await start();
  });
  afterEach(stop);

  describe("plugins", () => {
    beforeEach(() => client.plugins.register({ info: weather, address: "127.0.0.1:9", instance: "i1" }).then(() => undefined));

    it("are listed, by stage too, live until they leave, and belong to their tenant", async () => {
      expect(await client.plugins.list()).toMatchObject([{ name: "weather", origin: "registered", instances: [{ id: "i1" }] }]);
      expect(await client.plugins.list({ stage: "operate" })).toHaveLength(1);
      expect(await client.plugins.list({ stage: "deploy" })).toEqual([]);
      const who = { plugin: "weather", instance: "i1" };
      expect(await client.plugins.heartbeat(who)).toEqual({ registered: true, heartbeatIntervalMs: 4_000 });
      expect(await client.plugins.heartbeat({ ...who, instance: "i2" })).toMatchObject({ registered: false });
      const eve = await stranger();
      expect(await eve.plugins.list()).toEqual([]);
      expect((await errorOf(eve.plugins.invoke({ plugin: "weather", action: "forecast", params: {} }))).code).toBe("plugin-not-found");
      await client.plugins.deregister(who);
      expect(await client.plugins.list()).toEqual([]);
    });

    it("are called in a run of one node, with each value under its own name", async () => {
      const params = { city: "Oslo ☃", "days ahead": 2 };
      const { runId, existing } = await client.plugins.invoke({ plugin: "weather", action: "forecast", params });
      expect(existing).toBe(false);
      expect(await client.runs.result({ runId })).toEqual({ runId, status: "succeeded", output: params });
      expect(plugins.tasks).toMatchObject([
        { tenant: "default", input: params, node: { kind: "tool", tool: "weather.forecast", permission: "read" } },
      ]);
      expect(await client.runs.get({ runId })).toMatchObject({ workflow: "weather.forecast", input: { city: "Oslo ☃" } });
    });

    it("wait for a person before they modify: yes calls, no does not", async () => {
      const asked = async () => {
        const { runId } = await client.plugins.invoke({ plugin: "weather", action: "rain", params: {} });
        const { questions, status } = await client.runs.get({ runId });
        expect([status, questions]).toMatchObject(["waiting", [{ node: "rain", mode: "approve" }]]);
        return runId;
      };
      const no = await asked();
      await client.runs.answer({ runId: no, answer: false });
      expect(await client.runs.result({ runId: no })).toMatchObject({ status: "failed", failure: { code: "rejected" } });
      expect(plugins.called).toEqual([]);
      const yes = await asked();
      await client.runs.answer({ runId: yes, answer: true });
      expect(await client.runs.result({ runId: yes })).toMatchObject({ status: "succeeded" });
      expect(plugins.called).toEqual(["rain"]);
    });

    it("are called once for one key, and another call under it is a conflict", async () => {
      const call = { plugin: "weather", action: "forecast", params: { city: "Oslo" }, idempotencyKey: "k" };
      const first = await client.plugins.invoke(call);
      expect(await client.plugins.invoke(call)).toEqual({ runId: first.runId, existing: true });
      for (const params of [{ city: "Rome" }, { city: "Oslo", "days ahead": 1 }]) {
        expect((await errorOf(client.plugins.invoke({ ...call, params }))).code).toBe("idempotency-conflict");
      }
      await client.runs.result({ runId: first.runId });
      expect(plugins.called).toEqual(["forecast"]);
    });

    it("refuse what they do not know, and say what there is", async () => {
      const refused = (plugin: string, action: string, params = {}) => errorOf(client.plugins.invoke({ plugin, action, params }));
      expect(await refused("wether", "forecast")).toMatchObject({
        code: "plugin-not-found",
        message: expect.stringMatching(/plugins weather \(did you mean weather\?\)/),
      });
      expect(await refused("weather", "forcast")).toMatchObject({
        code: "action-not-found",
        message: expect.stringMatching(/actions forecast, rain \(did you mean forecast\?\)/),
      });
      const misfit = await refused("weather", "forecast", { cty: "Oslo", "days ahead": 1.5 });
      expect(misfit.code).toBe("input-invalid");
      for (const name of ["city", "cty", "days ahead"]) expect(misfit.message).toContain(name);
      expect(await client.runs.list()).toMatchObject({ rows: [] });
    });

    it("are refused for the reasons of their host", async () => {
      const register = (more: object) =>
        errorOf(client.plugins.register({ info: weather, address: "127.0.0.1:9", instance: "i", ...more }));
      expect((await register({ address: "localhost:1" })).code).toBe("plugin-unreachable");
      expect((await register({ info: { ...weather, actions: [] } })).code).toBe("plugin-invalid");
    });
  });

  describe("node servers", () => {
    const url = "ws://127.0.0.1:9000/";

    it("are kept over restarts with their token, which nobody is told", async () => {
      const given = [
        await client.nodes.add({ url: "ws://127.0.0.1:9000", token: canary }),
        await client.nodes.add({ url: "ws://127.0.0.1:1/" }),
      ];
      expect(given).toMatchObject([
        { url, status: "connected" },
        { status: "failed", message: "connection refused" },
      ]);
      const listed = await client.nodes.list();
      expect(listed).toEqual(given);
      expect(JSON.stringify([given, listed, disk.events])).not.toContain(canary);
      const [first] = nodes.told;
      await stop();
      await start();
      expect(nodes.told).toContainEqual(first);
      expect(nodes.told).toHaveLength(2);
      expect(await client.nodes.list()).toEqual(expect.arrayContaining(given));
      await client.nodes.remove({ url });
      await client.nodes.remove({ url: "ws://127.0.0.1:1" });
      expect(JSON.stringify([...disk.streams.values()])).not.toContain(canary);
      expect(await client.nodes.list()).toEqual([]);
      await stop();
      await start();
      expect(nodes.told).toEqual([]);
    });

    it("belong to their tenant, and what was not added cannot be removed", async () => {
      await client.nodes.add({ url });
      const eve = await stranger();
      expect(await eve.nodes.list()).toEqual([]);
      expect((await errorOf(eve.nodes.remove({ url }))).code).toBe("node-server-not-found");
      const error = await errorOf(client.nodes.remove({ url: "ws://127.0.0.1:9001" }));
      expect(error).toMatchObject({ code: "node-server-not-found", message: expect.stringContaining(url) });
      await client.nodes.remove({ url });
      expect((await errorOf(client.nodes.remove({ url }))).code).toBe("node-server-not-found");
    });

    it.each(["9000", "http://127.0.0.1:9000/", "ws://ada:secret@127.0.0.1/", "ws://127.0.0.1/#part"])("are not at %s", async (wrong) => {
      const error = await errorOf(client.nodes.add({ url: wrong }));
      expect(error.code).toBe("request-invalid");
      expect(error.message).not.toContain("secret");
      expect(await client.nodes.list()).toEqual([]);
    });

    it("run a node in a run of its own, each port with a list", async () => {
      await client.nodes.add({ url });
      const call = {
        node: "pack/echo",
        server: "pack",
        parameters: { width: 3 },
        inputs: { image: "cat", "n th": [1, 2] },
        idempotencyKey: "n",
      };
      const { runId } = await client.nodes.invoke(call);
      expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { image: ["cat"], "n th": [1, 2] } });
      expect(nodes.tasks).toMatchObject([
        { node: { kind: "remote", remote: { node: "pack/echo", server: "pack", parameters: { width: 3 } } } },
      ]);
      expect(await client.nodes.invoke(call)).toEqual({ runId, existing: true });
      expect((await errorOf(client.nodes.invoke({ ...call, parameters: { width: 4 } }))).code).toBe("idempotency-conflict");
    });

    it("refuse nodes that nobody offers, and say what there is", async () => {
      const refused = (node: string, server?: string) =>
        errorOf(client.nodes.invoke({ node, inputs: {}, ...(server === undefined ? {} : { server }) }));
      expect(await refused("pack/echo")).toMatchObject({ code: "node-not-found", message: expect.stringContaining("there are no nodes") });
      await client.nodes.add({ url });
      expect((await refused("pack/ecko")).message).toMatch(/pack\/echo, pack\/resize \(did you mean pack\/echo\?\)/);
      expect((await refused("pack/echo", "other")).message).toContain("there is no node server other");
      expect((await refused("pack/other", "uid-9000")).code).toBe("node-not-found");
    });

    it("refuse ports without a name", async () => {
      await client.nodes.add({ url });
      expect((await errorOf(client.nodes.invoke({ node: "pack/echo", inputs: { "": 1 } }))).code).toBe("input-invalid");
    });
  });

  it("dead letters of a run that loses none are none, and cannot be sent again", async () => {
    await client.plugins.register({ info: weather, address: "127.0.0.1:9", instance: "i1" });
    const { runId } = await client.plugins.invoke({ plugin: "weather", action: "rain", params: {} });
    expect(await client.deadLetters.list({ runId })).toEqual([]);
    expect((await errorOf(client.deadLetters.replay({ runId, letters: [1] }))).code).toBe("dead-letter-not-found");
    expect((await errorOf(client.deadLetters.list({ runId: unknownRun }))).code).toBe("run-not-found");
    expect((await errorOf(client.deadLetters.replay({ runId: unknownRun }))).code).toBe("run-not-found");
    await client.runs.cancel({ runId });
    await client.runs.result({ runId });
    expect(await client.deadLetters.list({ runId })).toEqual([]);
    expect((await errorOf(client.deadLetters.replay({ runId }))).code).toBe("run-ended");
  });

  it("a runtime without hosts says so", async () => {
    await stop();
    await start(false);
    const works = [
      client.plugins.list(),
      client.plugins.register({ info: weather, address: "127.0.0.1:9", instance: "i1" }),
      client.plugins.heartbeat({ plugin: "weather", instance: "i1" }),
      client.plugins.deregister({ plugin: "weather", instance: "i1" }),
      client.plugins.invoke({ plugin: "weather", action: "forecast", params: {} }),
      client.nodes.list(),
      client.nodes.add({ url: "ws://127.0.0.1:9000/" }),
      client.nodes.remove({ url: "ws://127.0.0.1:9000/" }),
      client.nodes.invoke({ node: "pack/echo", inputs: {} }),
    ];
    for (const error of await Promise.all(works.map(errorOf)))
      expect(error).toMatchObject({ code: "unimplemented", message: expect.stringContaining("made without a host") });
  });
});
