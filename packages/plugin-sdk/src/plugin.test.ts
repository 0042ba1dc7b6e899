// Parity: MI4.
/** A plugin as its author writes and tests it: both forms, requests, responses, failures. */
import { HeddleError, type JsonObject, type JsonValue } from "@heddle/core";
import { describe, expect, expectTypeOf, test } from "vitest";
import { ActionError, checkPlugin, defineAction, definePlugin, localPlugin, Plugin, type PluginRequest } from "./index.ts";
import { callAction, testRequest } from "./testing/index.ts";

const described = { name: "weather", version: "1.0.0", description: "Tells the weather", permission: "read", stages: ["observe"] } as const;

const forecast = defineAction({
  description: "The weather of the next days in a city",
  input: {
    city: "string",
    days: { type: "integer", required: false, default: 3, enum: [1, 3, 7] },
    units: { type: "string", required: false },
  },
  output: { days: "array" },
  execute: ({ params, log, progress }) => {
    expectTypeOf(params.city).toEqualTypeOf<string>();
    expectTypeOf(params.days).toEqualTypeOf<1 | 3 | 7>();
    expectTypeOf(params.units).toEqualTypeOf<string | undefined>();
    // @ts-expect-error: no such input
    void params.town;
    log.warn("the station is slow", { station: 7 });
    progress({ step: 1, total: 1 });
    if (params.city === "Atlantis")
      throw new ActionError("no-city", "no such city", { retryable: false, details: { city: "Atlantis" }, cause: new TypeError("inside") });
    return { days: Array.from({ length: params.days }, (_, i) => ({ day: i + 1, city: params.city })) };
  },
});

const weather = definePlugin({ ...described, actions: { forecast } });

class WeatherClass extends Plugin {
  settings: JsonObject = {};
  info() {
    return {
      ...described,
      config: { url: { type: "string", description: "Where the station answers", default: "http://localhost" } },
    } as const;
  }
  schema() {
    return { actions: [{ name: "get_status", description: "The status of a station", input: { station: "string" } }] } as const;
  }
  execute(req: PluginRequest) {
    const { action, station } = req.params;
    return { output: { result: JSON.stringify({ action, station, same: req.action === action }) }, logs: ["the cache was empty"] };
  }
  override configUpdated(config: JsonObject) {
    this.settings = config;
  }
}

const plain = (execute: (req: PluginRequest) => unknown, output?: "string" | "json") =>
  definePlugin({
    ...described,
    actions: [{ name: "act", description: "Acts", execute, ...(output === undefined ? {} : { output: { result: output } }) }],
  });

describe("an action", () => {
  test("is called with inputs that fit, defaults filled in, and what it says goes on", async () => {
    const called = await callAction(weather, { action: "forecast", params: { city: "Bonn" } });
    expect(called).toMatchObject({ kind: "succeeded", result: { days: [{ day: 1, city: "Bonn" }, {}, {}] } });
    expect(called.logged).toEqual([{ level: "warn", text: "the station is slow", fields: { station: 7 } }]);
    expect(called.progressed).toEqual([{ step: 1, total: 1 }]);
  });

  test("is not called with inputs that do not fit, and all problems are told", async () => {
    const called = await callAction(weather, { action: "forecast", params: { days: 2, citty: "Bonn" } });
    expect(called).toMatchObject({
      kind: "failed",
      failure: {
        code: "input-invalid",
        class: "invalid",
        message:
          "weather.forecast cannot take these inputs: city is required (a string); days is not one of 1, 3, 7; " +
          "citty is no input of forecast (did you mean city?)",
      },
    });
  });

  test("that does not exist names those that do", async () => {
    const called = await callAction(weather, { action: "report" });
    expect(called).toMatchObject({
      kind: "failed",
      failure: { code: "action-not-found", message: "weather has no action report; it has forecast" },
    });
  });

  test("fails with what it throws, and nothing of where it was thrown", async () => {
    const called = await callAction(weather, { action: "forecast", params: { city: "Atlantis" } });
    expect(called).toMatchObject({
      kind: "failed",
      failure: { code: "no-city", message: "no such city", class: "handler", retryable: false, details: { city: "Atlantis" } },
    });
    expect(JSON.stringify(called)).not.toMatch(/plugin\.test|inside/);
  });

  test("fails when what it gives does not fit", async () => {
    const wrong = (value: unknown, output?: "string") =>
      callAction(
        plain(() => value, output),
        { action: "act" },
      );
    expect(await wrong(10n)).toMatchObject({ kind: "failed", failure: { code: "result-invalid" } });
    expect(await wrong({ result: 1 }, "string")).toMatchObject({
      kind: "failed",
      failure: { code: "result-invalid", message: "weather.act gave outputs that do not fit: result is 1, expected a string" },
    });
    expect(await wrong({}, "string")).toMatchObject({ failure: { code: "result-invalid" } });
    expect(await wrong("x".repeat(9_000_000))).toMatchObject({ failure: { code: "value-too-large" } });
  });

  test("that was asked to stop and throws is aborted; one that gives its value has succeeded", async () => {
    const signal = AbortSignal.abort();
    expect(
      await callAction(
        plain((req) => req.signal.throwIfAborted()),
        { action: "act", signal },
      ),
    ).toMatchObject({ kind: "aborted" });
    expect(
      await callAction(
        plain(() => 1),
        { action: "act", signal },
      ),
    ).toMatchObject({ kind: "succeeded", result: 1 });
  });
});

describe("a response", () => {
  const given = async (value: unknown, output?: "string" | "json") =>
    callAction(
      plain(() => value, output),
      { action: "act" },
    );

  const cases: readonly [string, unknown, JsonValue, readonly string[]][] = [
    ["a plain value is the result", { a: 1 }, { a: 1 }, []],
    ["nothing is null", undefined, null, []],
    ["output and logs are told apart", { output: { a: 1 }, logs: ["slow"] }, { a: 1 }, ["slow"]],
    ["logs alone give an empty output", { logs: ["unknown city"] }, {}, ["unknown city"]],
    ["a main result that is JSON text is passed on parsed", { output: { result: '{"n":[1]}' } }, { result: { n: [1] } }, []],
    ["a main result that is no JSON stays", { output: { result: "{oops" } }, { result: "{oops" }, []],
    ["JSON text of a plain value stays text", { result: "[1]" }, { result: "[1]" }, []],
    ["further members make it a plain value", { output: {}, more: 1 }, { output: {}, more: 1 }, []],
  ];
  test.each(cases)("%s", async (_, value, result, logs) => {
    const called = await given(value);
    expect(called).toMatchObject({ kind: "succeeded", result });
    expect(called.logged.map(({ text }) => text)).toEqual(logs);
  });

  test("whose main result is declared as a string keeps its text", async () => {
    expect(await given({ output: { result: "42" } }, "string")).toMatchObject({ result: { result: "42" } });
    expect(await given({ output: { result: "42" } }, "json")).toMatchObject({ result: { result: 42 } });
  });
});

describe("a plugin as a class", () => {
  test("has one function for all actions, told apart in two ways", async () => {
    const called = await callAction(new WeatherClass(), { params: { action: "get_status", station: "a" } });
    expect(called).toMatchObject({ kind: "succeeded", result: { result: { action: "get_status", station: "a", same: true } } });
    expect(called.logged).toEqual([{ level: "warn", text: "the cache was empty" }]);
  });

  test("can be called by hand, without a daemon", () => {
    const req = testRequest({ params: { action: "get_status", station: "a" }, timeRange: { startEpochMs: 0, endEpochMs: 1 } });
    expect(req.timeRange).toEqual({ startEpochMs: 0, endEpochMs: 1, timezone: "UTC", originalExpression: "" });
    expect(new WeatherClass().execute(req).logs).toEqual(["the cache was empty"]);
    expect(() => testRequest({ params: {} })).toThrow(/name the action/);
  });

  test("is the same inside the daemon, and is given its settings first", async () => {
    const plugin = new WeatherClass();
    const local = await localPlugin(plugin);
    expect(plugin.settings).toEqual({ url: "http://localhost" });
    expect(local.info).toMatchObject({ name: "weather", actions: [{ name: "get_status", permission: "read" }] });
    const { tenant, run, node, activation, attempt, idempotencyKey } = testRequest({ action: "get_status" });
    const said: string[] = [];
    const request = { action: "get_status", params: { station: "b" }, tenant, run, node, activation, attempt, idempotencyKey };
    const result = await local.execute(request, new AbortController().signal, (level, text) => said.push(`${level} ${text}`));
    expect(result).toEqual({ result: { action: "get_status", station: "b", same: true } });
    expect(said).toEqual(["warn the cache was empty"]);
    await expect(local.execute({ ...request, params: {} }, new AbortController().signal, () => undefined)).rejects.toMatchObject({
      failure: { code: "input-invalid", class: "invalid" },
    });
  });
});

describe("what is wrong with a plugin", () => {
  test("is told all at once, whichever way it was written", () => {
    const bad = definePlugin({ ...described, stages: [], actions: { act: { description: " " } as never, other: undefined as never } });
    expect(checkPlugin(bad)).toEqual([
      'action "act" has no execute',
      'action "other" is no action',
      "stages is empty: name at least one",
      'action "act": description is blank',
    ]);
    class Broken extends WeatherClass {
      override schema(): never {
        throw new TypeError("no schema");
      }
    }
    expect(checkPlugin(new Broken())).toEqual(["schema() threw: no schema", "actions is missing"]);
    expect(checkPlugin({})).toEqual(["it is no plugin: give what definePlugin returned, or a subclass of Plugin"]);
    expect(checkPlugin(definePlugin(undefined as never))).toEqual(["definePlugin was given nothing"]);
  });

  test("keeps it from being used, with a sentence for each", async () => {
    const bad = definePlugin({ ...described, version: "one", actions: {} });
    const refused = callAction(bad, { action: "act" });
    await expect(refused).rejects.toThrow(/\n {2}- version is "one".*\n {2}- actions is empty/);
    await expect(refused).rejects.toSatisfy((error) => HeddleError.is(error, "plugin-invalid"));
  });

  test("is nothing for a good one", () => {
    expect(checkPlugin(weather)).toEqual([]);
    expect(checkPlugin(new WeatherClass())).toEqual([]);
  });
});
