// askUser, confirmUser, and the key-value tools in runs; and that the documentation has every parameter. Parity: NE8, LC19.
import { PassThrough } from "node:stream";
import type { JsonObject, Tool } from "@heddle/core";
import {
  askUser,
  confirmUser,
  createAskUser,
  createConfirmUser,
  createFileKeyValueStore,
  createKeyValueTools,
  createMemoryKeyValueStore,
  createStorageTools,
  editFile,
  globFiles,
  grepFiles,
  httpFetch,
  listFiles,
  readFile,
  runScript,
  runShell,
  webFetch,
  writeFile,
} from "@heddle/runtime/tools";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { caller, documented, type ToolWorld, toolWorld, undocumented } from "./tools-world.ts";

let world: ToolWorld;
beforeEach(() => {
  world = toolWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

function terminal(...lines: string[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  for (const line of lines) input.write(`${line}\n`);
  return () => ({ input, output: new PassThrough().resume() });
}

describe("with a terminal", () => {
  test("askUser gives the answer", async () => {
    const { output } = await world.call(createAskUser(terminal("9", "2")), { question: "Which?", options: ["red", "blue"] });
    expect(output).toBe("blue");
    expect(undocumented("askUser", output)).toEqual([]);
  });
  test("confirmUser gives true for yes alone", async () => {
    const yes = await world.call(createConfirmUser(terminal("yes")), { message: "Go on?" });
    const neither = await world.call(createConfirmUser(terminal("sure", "ok")), { message: "Go on?" });
    expect([yes.output, neither.output]).toEqual([true, false]);
    expect(undocumented("confirmUser", yes.output)).toEqual([]);
  });
  test("a question lets go of it when its run is cancelled", async () => {
    const { runtime, runId } = await world.start(createConfirmUser(terminal()), { message: "Go on?" });
    await runtime.api.runs.cancel({ runId }, caller);
    expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("cancelled");
  });
});

describe("without a terminal", () => {
  const none = () => ({ input: new PassThrough(), output: new PassThrough() });
  test.each([
    [createAskUser(none), { question: "Which?" }],
    [createConfirmUser(none), { message: "Go on?" }],
  ] as const)("a call fails with not-interactive", async (tool, args) => {
    expect((await world.call(tool, args)).failure).toMatchObject({ code: "not-interactive", retryable: false });
  });
  test.each([
    ["user.elicit", { question: "Which?" }, "the blue one"],
    ["user.confirm", { message: "Go on?" }, true],
  ] as const)("a call of %s without a tool is a question of the run", async (capability, args, answer) => {
    const nobody = { name: capability, capability } as Tool;
    const { runtime, runId } = await world.start(nobody, args, { tools: [] });
    await runtime.close({ graceMs: 0 });
    expect(runId).toBeDefined();
    const again = await world.start({ ...nobody, name: undefined } as unknown as Tool, args, { tools: [] });
    const [question] = await vi.waitFor(async () => {
      const { questions } = await again.runtime.api.runs.get({ runId: again.runId }, caller);
      expect(questions).toHaveLength(1);
      return questions;
    });
    await again.runtime.api.runs.answer({ runId: again.runId, activation: question!.activation, answer }, caller);
    expect((await again.runtime.api.runs.result({ runId: again.runId }, caller)).output).toBe(answer);
  });
});

describe.each([
  ["in memory", () => createMemoryKeyValueStore()],
  ["in files", () => createFileKeyValueStore(`${world.folder}/kv`)],
])("values by key, %s", (_, open) => {
  test("are read by later runs", async () => {
    const { kvRead, kvWrite } = createKeyValueTools(open());
    const first = await world.call(kvRead, { key: "a" });
    expect(first.output).toEqual({ key: "a", found: false, value: null });
    const written = await world.call(kvWrite, { key: "a", value: { b: [1, null] } });
    expect(written.output).toEqual({ key: "a", replaced: false });
    const read = await world.call(kvRead, { key: "a" });
    expect(read.output).toEqual({ key: "a", found: true, value: { b: [1, null] } });
    expect([undocumented("kvRead", read.output), undocumented("kvWrite", written.output)]).toEqual([[], []]);
  });
  test("are each run's own where they are to be", async () => {
    const { kvRead, kvWrite } = createKeyValueTools(open(), { scope: "run" });
    await world.call(kvWrite, { key: "a", value: 1 });
    expect((await world.call(kvRead, { key: "a" })).output).toMatchObject({ found: false });
  });
  test("serve texts that name the storage of a browser", async () => {
    const { storageRead, storageWrite } = createStorageTools(open());
    await world.call(storageWrite, { key: "a", value: 1 });
    expect((await world.call(storageRead, { key: "a" })).output).toMatchObject({ value: 1 });
  });
  test.each([{ key: "", value: 1 }, { key: "a".repeat(513), value: 1 }, { key: "a" }])("%j is refused", async (args) => {
    const { kvWrite } = createKeyValueTools(open());
    expect((await world.call(kvWrite, args as JsonObject)).failure).toMatchObject({ code: "input-invalid" });
  });
  test("are not beyond all bounds", async () => {
    const { kvWrite } = createKeyValueTools(open());
    expect((await world.call(kvWrite, { key: "a", value: "x".repeat(300_000) })).failure).toMatchObject({ code: "tool-failed" });
  });
});

const { kvRead, kvWrite } = createKeyValueTools(createMemoryKeyValueStore());
const all = [
  askUser,
  confirmUser,
  editFile,
  globFiles,
  grepFiles,
  httpFetch,
  kvRead,
  kvWrite,
  listFiles,
  readFile,
  runScript,
  runShell,
  webFetch,
  writeFile,
];

describe("docs/tools.md", () => {
  test.each(all.map((tool) => [tool.name, tool] as const))("has the parameters of %s with their defaults", (name, tool) => {
    const properties = tool.inputSchema["properties"] as Record<string, JsonObject>;
    const declared = Object.entries(properties).map(([parameter, { default: value }]) => [
      parameter,
      value === undefined ? "" : JSON.stringify(value),
    ]);
    expect(documented(name, "Parameter").map(([parameter, value]) => [parameter, value])).toEqual(declared);
    expect(documented(name, "Result").length).toBeGreaterThan(0);
  });
});
