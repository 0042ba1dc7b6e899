// Parity: MI6, MI3.
/** The host of plugins: who may be called and with what, whom calls go to, and what becomes of them. */
import { HeddleError, type PluginInfo, type TenantId } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { infoOf, localOf, type PluginProcess, PluginWorld, seen, settled, tenant } from "../../test/plugins.ts";
import { createPluginHost } from "./plugin-host.ts";

const inside = (execute: Parameters<typeof localOf>[1] = ({ city }) => seen(`${city}`)) =>
  new PluginWorld({ local: [localOf(infoOf("weather"), execute)] });

describe("a call of an action", () => {
  test("is given checked inputs, and gives its outputs", async () => {
    const world = inside(({ city, days }) => seen(`${city} ${days}`));
    expect(await world.call({ tool: "weather.look", input: { city: "Bonn" } })).toEqual({ kind: "succeeded", result: { seen: "Bonn 3" } });
  });

  test("with inputs that do not fit is refused, and the plugin is not asked", async () => {
    let asked = 0;
    const world = inside(() => {
      asked++;
      return seen("");
    });
    const outcome = await world.call({ tool: "weather.look", input: { days: "x", town: "Bonn" } });
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: {
        code: "input-invalid",
        class: "invalid",
        node: "call",
        message:
          "weather.look cannot be called so: city is required (a string); " +
          'days is the string "x", expected a whole number; town is no input of look, which takes city, days',
      },
    });
    expect(asked).toBe(0);
  });

  test("whose outputs do not fit fails", async () => {
    const outcome = await inside(() => ({ seen: 1 })).call({ tool: "weather.look", input: { city: "Bonn" } });
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: { code: "result-invalid", message: "weather.look gave outputs that do not fit: seen is 1, expected a string" },
    });
  });

  test("fails with what is thrown, and nothing of where", async () => {
    const world = inside(() => {
      throw Object.assign(new Error("no such city", { cause: "secret" }), { code: "no-city" });
    });
    const outcome = await world.call({ tool: "weather.look", input: { city: "x" } });
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "no-city", message: "no such city" } });
    expect(JSON.stringify(outcome)).not.toMatch(/secret|host\.test/);
    expect(world.host.list(tenant)[0]?.instances[0]?.status).toBe("connected");
  });

  test("may be about a span of time, which is no input", async () => {
    const range = { startEpochMs: 1, endEpochMs: 2 };
    const world = new PluginWorld({
      local: [{ info: infoOf("weather"), execute: async ({ timeRange }) => seen(JSON.stringify(timeRange)) }],
    });
    const input = { city: "Bonn", $timeRange: range };
    expect(await world.call({ tool: "weather.look", input })).toMatchObject({
      result: { seen: '{"startEpochMs":1,"endEpochMs":2,"timezone":"UTC","originalExpression":""}' },
    });
    expect(await world.call({ tool: "weather.look", input: { ...input, $timeRange: "today" } })).toMatchObject({
      failure: { code: "input-invalid" },
    });
  });

  test("has a time, and is told to stop at its end", async () => {
    const world = inside((_, signal) => new Promise((_yes, no) => signal.addEventListener("abort", () => no(new Error("stopped")))));
    const outcome = world.call({ tool: "weather.look", input: { city: "x" }, timeoutMs: 500 });
    await settled();
    world.clock.advance();
    expect(await outcome).toMatchObject({ kind: "failed", failure: { code: "timeout", retryable: true } });
    expect(world.clock.armed).toBe(0);
  });

  test("that does not stop when it is told to is left behind after a grace", async () => {
    const world = inside(() => new Promise(() => undefined));
    const outcome = world.call({ tool: "weather.look", input: { city: "x" } });
    world.abort.abort("cancelled");
    expect(world.clock.nextInMs).toBe(2_000);
    world.clock.advance();
    expect(await outcome).toEqual({ kind: "aborted" });
  });
});

describe("permission", () => {
  test.each([
    ["read", "look", true],
    ["read", "change", false],
    ["modify", "look", true],
    ["modify", "change", true],
    ["admin", "change", true],
  ] as const)("a node that declares %s may call %s: %s", async (permission, action, may) => {
    const world = inside(() => seen("x"));
    const input = action === "look" ? { city: "x" } : {};
    const outcome = await world.call({ tool: `weather.${action}`, permission, input });
    expect(outcome.kind).toBe(may ? "succeeded" : "failed");
  });

  test("that is refused says what to declare", async () => {
    const outcome = await inside().call({ tool: "weather.change", permission: "read" });
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: {
        code: "capability-denied",
        class: "denied",
        retryable: false,
        message:
          'call declares the permission read, and weather.change needs modify: declare permission: "modify" on the node, ' +
          "so that a person is asked before the call",
        details: { tool: "weather.change", declared: "read", needed: "modify" },
      },
    });
  });

  test("is that of the instance which is called: one that says it only reads opens no door to another", async () => {
    const world = new PluginWorld();
    const modest = infoOf("weather");
    await world.start(modest, "127.0.0.1:1", () => ({ kind: "succeeded", result: seen("a") }), 1);
    const greedy: PluginInfo = { ...modest, actions: modest.actions.map((action) => ({ ...action, permission: "admin" })) };
    world.processes[0]?.die();
    await settled();
    await world.start(greedy, "127.0.0.1:2", () => ({ kind: "succeeded", result: seen("b") }));
    expect(await world.call({ tool: "weather.look", input: { city: "x" } })).toMatchObject({ failure: { code: "capability-denied" } });
  });
});

describe("what cannot be called", () => {
  test.each(["shell", ".look", "weather.", "Weather.look"])("%s is no action of a plugin", async (tool) => {
    expect(await inside().call({ tool })).toMatchObject({ kind: "failed", failure: { code: "handler-not-found", class: "denied" } });
  });

  test("an action that the plugin does not have, which names those that it has", async () => {
    const outcome = await inside().call({ tool: "weather.predict" });
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "action-not-found" } });
    expect(outcome).toMatchObject({ failure: { message: expect.stringMatching(/it has look, change$/) } });
  });

  test("a plugin that is not there yet is waited for, with a reason", async () => {
    const world = new PluginWorld();
    const outcome = world.call({ tool: "weather.look", input: { city: "x" } });
    expect(world.waiting).toBe("executor-missing: no plugin weather is registered; start it, or put it into the workspace");
    await world.start(infoOf("weather"), "127.0.0.1:1", () => ({ kind: "succeeded", result: seen("late") }));
    expect(await outcome).toMatchObject({ result: { seen: "late" } });
    expect(world.waiting).toBeUndefined();
  });

  test("a call that waits can be aborted, and leaves nothing behind", async () => {
    const world = new PluginWorld();
    const outcome = world.call({ tool: "weather.look", input: { city: "x" } });
    world.abort.abort("cancelled");
    expect(await outcome).toEqual({ kind: "aborted" });
    expect(world.host.list(tenant)).toEqual([]);
  });

  test("a plugin of another tenant", async () => {
    const world = new PluginWorld();
    await world.start(infoOf("weather"), "127.0.0.1:1", () => ({ kind: "succeeded", result: seen("x") }));
    const other = "other" as TenantId;
    expect(world.host.list(other)).toEqual([]);
    const outcome = world.call({ tool: "weather.look", input: { city: "x" }, tenant: other });
    expect(world.waiting).toMatch(/^executor-missing/);
    await world.host.close();
    expect(await outcome).toEqual({ kind: "aborted" });
  });
});

describe("a plugin of the workspace", () => {
  test("whose code threw outside of a call is put in quarantine: what it had is lost, what comes waits", async () => {
    const world = inside(() => new Promise(() => undefined));
    const running = world.call({ tool: "weather.look", input: { city: "x" } });
    world.host.quarantine("weather", "a timer threw: boom");
    expect(await running).toEqual({ kind: "lost", message: "a timer threw: boom", counted: false });
    expect(world.host.list(tenant)[0]?.instances[0]).toMatchObject({ status: "quarantined", message: "a timer threw: boom" });
    void world.call({ tool: "weather.look", input: { city: "x" } });
    expect(world.waiting).toBe("executor-missing: the plugin weather is quarantined: a timer threw: boom");
  });

  test("that could not be loaded is listed with why, and waited for", async () => {
    const world = new PluginWorld({ unloaded: [{ name: "broken", version: "0.1.0", message: "it has no default export" }] });
    expect(world.host.list(tenant)).toMatchObject([
      { name: "broken", origin: "workspace", instances: [{ status: "quarantined", message: "it has no default export" }] },
    ]);
    void world.call({ tool: "broken.act" });
    expect(world.waiting).toBe("executor-missing: the plugin broken cannot be loaded: it has no default export");
  });

  test("is asked whether it is healthy", async () => {
    let isHealthy = false;
    const healthCheck = async () => {
      if (!isHealthy) throw new Error("the station is down");
    };
    const world = new PluginWorld({ local: [localOf(infoOf("weather"), () => 0, { healthCheck })] });
    await world.host.checkHealth?.(tenant);
    expect(world.host.list(tenant)[0]?.instances[0]?.message).toBe("not healthy: the station is down");
    expect(world.clock.armed).toBe(0);
    isHealthy = true;
    await world.host.checkHealth?.(tenant);
    expect(world.host.list(tenant)[0]?.instances[0]?.message).toBeUndefined();
  });

  test("passes the quality gate or keeps the host from being made", () => {
    const bad = localOf({ ...infoOf("weather"), stages: [], version: "x" }, () => 0);
    const made = () => createPluginHost({ clock: new PluginWorld().clock, local: [bad] });
    expect(made).toThrow(/version is "x".*\n.*stages is empty/);
  });
});

describe("a plugin that registers", () => {
  const fine = () => ({ kind: "succeeded" as const, result: seen("x") });
  const registered = async (world: PluginWorld, info: PluginInfo, address = "127.0.0.1:1"): Promise<unknown> =>
    world.start(info, address, fine).then(
      () => "registered",
      (error: unknown) => error,
    );

  test("is called back, and listed without the secret of its start", async () => {
    const world = new PluginWorld();
    expect(await registered(world, infoOf("weather"))).toBe("registered");
    const [view] = world.host.list(tenant);
    expect(view).toMatchObject({ name: "weather", origin: "registered", instances: [{ address: "127.0.0.1:1", status: "connected" }] });
    expect(JSON.stringify(view)).not.toContain(world.processes[0]?.instance);
  });

  test("is refused with every problem, and not called back", async () => {
    const error = await registered(new PluginWorld(), { ...infoOf("weather"), stages: [], actions: [] });
    expect(HeddleError.is(error, "plugin-invalid")).toBe(true);
    expect(String(error)).toMatch(/stages is empty.*\n.*actions is empty/);
  });

  test.each(["example.org:80", "10.0.0.1:80", "127.0.0.1:0", "nowhere", "127.0.0.1:99999"])("cannot have %s called", async (address) => {
    const error = await registered(new PluginWorld(), infoOf("weather"), address);
    expect(HeddleError.is(error, "plugin-unreachable")).toBe(true);
  });

  test("is refused where nobody, or somebody else, answers", async () => {
    const world = new PluginWorld();
    world.isDeaf = true;
    expect(HeddleError.is(await registered(world, infoOf("weather")), "plugin-unreachable")).toBe(true);
    expect(world.host.list(tenant)).toEqual([]);
    world.isDeaf = false;
    const [process] = world.processes;
    if (process !== undefined) process.says = "another";
    const again = world.host.register({ tenant, info: infoOf("weather"), address: "127.0.0.1:1", instance: process?.instance ?? "" });
    await expect(again).rejects.toSatisfy((error) => HeddleError.is(error, "plugin-invalid"));
    expect(world.host.list(tenant)).toEqual([]);
  });

  test("cannot take the name of one of the workspace", async () => {
    const error = await registered(inside(), infoOf("weather"));
    expect(HeddleError.is(error, "plugin-invalid")).toBe(true);
  });

  test("again under the same start stays as it is, calls in flight and all", async () => {
    const world = new PluginWorld();
    let finish: () => void = () => undefined;
    const process = await world.start(
      infoOf("weather"),
      "127.0.0.1:1",
      () =>
        new Promise((resolve) => {
          finish = () => resolve(fine());
        }),
    );
    const running = world.call({ tool: "weather.look", input: { city: "x" } });
    await settled();
    await world.host.register({ tenant, info: infoOf("weather"), address: "127.0.0.1:1", instance: process.instance });
    finish();
    expect(await running).toMatchObject({ kind: "succeeded" });
    expect(world.host.list(tenant)[0]?.instances).toHaveLength(1);
  });

  test("loses what it carried out when it dies, and is unknown from then on", async () => {
    const world = new PluginWorld();
    const process = await world.start(infoOf("weather"), "127.0.0.1:1", () => new Promise(() => undefined));
    const running = world.call({ tool: "weather.look", input: { city: "x" } });
    await settled();
    process.die();
    expect(await running).toMatchObject({
      kind: "lost",
      counted: false,
      message: expect.stringMatching(/^weather .* was lost while it ran look/),
    });
    expect(world.host.heartbeat(tenant, "weather", process.instance)).toBe(false);
    expect(world.host.list(tenant)).toEqual([]);
  });

  test("that dies again and again counts, from the fourth time within ten minutes", async () => {
    const world = new PluginWorld();
    const counted: unknown[] = [];
    await world.start(infoOf("weather"), "127.0.0.1:9", () => new Promise(() => undefined));
    for (let i = 1; i <= 4; i++) {
      const process = await world.start(infoOf("weather"), `127.0.0.1:${i}`, () => new Promise(() => undefined));
      const running = world.call({ tool: "weather.look", input: { city: "x" }, activation: i });
      const other = world.call({ tool: "weather.change", permission: "modify", activation: 10 + i });
      await settled();
      process.die();
      const outcome = await Promise.race([running, other]);
      counted.push(outcome.kind === "lost" && outcome.counted);
    }
    expect(counted).toEqual([false, false, false, true]);
  });

  test("that sends no heartbeat is forgotten after three intervals, and not before", async () => {
    const world = new PluginWorld({ leaseMs: 10_000_000 });
    const process = await world.start(infoOf("weather"), "127.0.0.1:1", () => new Promise(() => undefined));
    const running = world.call({ tool: "weather.look", input: { city: "x" } });
    world.clock.pass(29_000);
    expect(world.host.heartbeat(tenant, "weather", process.instance)).toBe(true);
    world.clock.pass(29_999);
    await settled();
    expect(world.host.list(tenant)).toHaveLength(1);
    world.clock.advance();
    expect(await running).toMatchObject({ kind: "lost" });
    expect(world.host.list(tenant)).toEqual([]);
  });

  test("that deregisters finishes what it has and is given nothing new", async () => {
    const world = new PluginWorld();
    let finish: () => void = () => undefined;
    const process = await world.start(
      infoOf("weather"),
      "127.0.0.1:1",
      () =>
        new Promise((resolve) => {
          finish = () => resolve(fine());
        }),
    );
    const running = world.call({ tool: "weather.look", input: { city: "x" } });
    await settled();
    const gone = world.host.deregister(tenant, "weather", process.instance);
    const next = world.call({ tool: "weather.look", input: { city: "x" }, activation: 2 });
    expect(world.waiting).toBe("executor-missing: the plugin weather is draining");
    finish();
    expect(await running).toMatchObject({ kind: "succeeded" });
    await gone;
    expect(world.waiting).toMatch(/no plugin weather is registered/);
    await world.host.close();
    expect(await next).toEqual({ kind: "aborted" });
  });
});

describe("several instances of one plugin", () => {
  test("share the calls: each goes to the least loaded, and what finds no slot waits in order", async () => {
    const world = new PluginWorld();
    const begun: string[] = [];
    const finish: (() => void)[] = [];
    const held =
      (who: string): PluginProcess["perform"] =>
      ({ task }) =>
        new Promise((resolve) => {
          begun.push(`${task.activation} ${who}`);
          finish.push(() => resolve({ kind: "succeeded", result: seen(who) }));
        });
    await world.start(infoOf("weather"), "127.0.0.1:1", held("a"), 1);
    await world.start(infoOf("weather"), "127.0.0.1:2", held("b"), 2);
    const calls = [1, 2, 3, 4, 5].map((activation) => world.call({ tool: "weather.look", input: { city: "x" }, activation }));
    expect(world.waiting).toBe("slot: every instance of the plugin weather is busy; place 2 in the queue");
    await settled();
    expect([...begun].sort()).toEqual(["1 a", "2 b", "3 b"]);
    for (let i = 4; i <= 5; i++) {
      finish.shift()?.();
      await settled();
      expect(begun[i - 1]).toMatch(new RegExp(`^${i} `));
      expect(world.host.list(tenant)[0]?.instances.map(({ inFlight }) => inFlight)).toEqual([1, 2]);
    }
    for (const done of finish) done();
    for (const call of calls) expect(await call).toMatchObject({ kind: "succeeded" });
  });

  test("keep the slot of a call that does not stop until it does, and then take the next", async () => {
    const world = new PluginWorld();
    const finish: (() => void)[] = [];
    const perform: PluginProcess["perform"] = () =>
      new Promise((resolve) => {
        finish.push(() => resolve({ kind: "succeeded", result: seen("x") }));
      });
    await world.start(infoOf("weather"), "127.0.0.1:1", perform, 1);
    const stubborn = world.call({ tool: "weather.look", input: { city: "x" } });
    await settled();
    world.abort.abort("cancelled");
    while ((world.clock.nextInMs ?? 0) < 2_000) world.clock.advance();
    world.clock.advance();
    expect(await stubborn).toEqual({ kind: "aborted" });
    const next = world.call({ tool: "weather.look", input: { city: "x" }, activation: 2 });
    await settled();
    expect(finish).toHaveLength(1);
    expect(world.waiting).toMatch(/^slot: .* place 1/);
    finish.shift()?.();
    await settled();
    finish.shift()?.();
    expect(await next).toMatchObject({ kind: "succeeded" });
  });

  test("are each other's replacement: what the dead one had not begun goes to the next", async () => {
    const world = new PluginWorld();
    const first = await world.start(infoOf("weather"), "127.0.0.1:1", () => new Promise(() => undefined), 1);
    const lost = world.call({ tool: "weather.look", input: { city: "x" } });
    const waits = world.call({ tool: "weather.look", input: { city: "x" }, activation: 2 });
    await settled();
    first.die();
    expect(await lost).toMatchObject({ kind: "lost" });
    await world.start(infoOf("weather"), "127.0.0.1:2", () => ({ kind: "succeeded", result: seen("second") }));
    expect(await waits).toMatchObject({ result: { seen: "second" } });
  });
});
