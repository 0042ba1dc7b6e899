import { defaultTenant, defineTool, type JsonObject, type JsonValue, type Node, type Principal } from "@heddle/core";
import { afterEach, expect, test } from "vitest";
import * as z from "zod";
import { literal, workflowOf } from "../../test/small-ir.ts";
import { createRuntime, type Runtime } from "../create-runtime.ts";

const principal: Principal = { subject: "ada", tenant: defaultTenant, roles: ["admin"] };
let given: JsonObject[] = [];
let runtime: Runtime | undefined;
afterEach(async () => {
  await runtime?.close({ graceMs: 0 });
  given = [];
});

const tool = defineTool({
  name: "take",
  capability: "fs.read",
  description: "takes what it is given",
  input: z.looseObject({ path: z.string() }),
  handler: ({ path: _, ...args }) => {
    given.push(args as JsonObject);
    return Promise.resolve({});
  },
});

async function taking(name: string, value: JsonValue): Promise<string> {
  runtime = createRuntime({ tools: [tool], secrets: { api: { env: "API" } }, environment: { API: "canary-0123456789" } });
  const reads = [
    { name: "path", value: literal(".") },
    { name, value: literal(value) },
  ];
  const node: Node = { kind: "tool", id: "take", capability: "fs.read", tool: "take", reads, exit: { output: literal(null) } };
  const { hash } = await runtime.api.bundles.put(
    {
      manifest: { format: "heddle.bundle/v1", main: "taking", workflows: [workflowOf("taking", [node])], handlers: [], files: [] },
      files: [],
    },
    { principal },
  );
  const { runId } = await runtime.api.runs.start({ bundle: hash, input: {} }, { principal });
  return (await runtime.api.runs.result({ runId }, { principal })).failure?.code ?? "succeeded";
}

test.each([
  ["value", "secret://api"],
  ["value", ["plain", { deep: "secret://api" }]],
  ["header", { authorization: "secret://api" }],
] as const)("a reference as a value of %s is refused: %j", async (name, value) => {
  expect(await taking(name, value as JsonValue)).toBe("call-denied");
  expect(given).toEqual([]);
});

test.each([
  ["value", "about secret://api"],
  ["value", { "secret://api": 1, list: [null, true, 2] }],
  ["headers", { authorization: "Bearer secret://api" }],
] as const)("text about one is text, and headers keep theirs: %s, %j", async (name, value) => {
  expect(await taking(name, value as JsonValue)).toBe("succeeded");
  expect(given).toEqual([{ [name]: value }]);
});
