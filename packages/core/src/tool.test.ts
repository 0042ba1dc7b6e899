import { describe, expect, test } from "vitest";
import * as z from "zod";
import { createToolRegistry, defineTool, type ToolDefinition } from "./tool.ts";

const define = (definition: Partial<ToolDefinition<z.ZodObject>>) =>
  defineTool({
    name: "tool",
    capability: "http.fetch",
    description: "",
    input: z.strictObject({ url: z.string(), method: z.string() }),
    handler: () => null,
    ...definition,
  });

describe("a tool", () => {
  test("has the parameters of its capability, and knows what they name", () => {
    const input = z.strictObject({ url: z.string(), method: z.string(), body: z.string().exactOptional() });
    expect(define({ input }).parameters).toEqual([
      { name: "url", kind: "url", required: true },
      { name: "method", kind: "value", required: true },
      { name: "body", kind: "value", required: false },
    ]);
    const script = define({ capability: "os.shell.script", input: z.strictObject({ script: z.string() }) });
    expect(script.parameters).toEqual([{ name: "script", kind: "script", required: true }]);
  });
  test("may have a default for one that is required: it has a value when it is judged", () => {
    const tool = define({ input: z.strictObject({ url: z.string(), method: z.literal("GET").default("GET") }) });
    expect(tool.parse({ url: "x:" })).toEqual({ args: { url: "x:", method: "GET" } });
    expect(tool.parse({ url: "x:", method: "POST" })).toHaveProperty("problem");
  });
  test.each([
    ["of no capability that is known", { capability: "fs.fly" }],
    ["without a parameter that is required", { input: z.strictObject({ url: z.string() }) }],
    ["with one that is optional", { input: z.strictObject({ url: z.string(), method: z.string().exactOptional() }) }],
    ["with one that is no text", { input: z.strictObject({ url: z.string(), method: z.number() }) }],
    ["with a kind for what it does not have", { kinds: { path: "path" } }],
    ["with a script, under a capability that is not for scripts", { kinds: { method: "script" } }],
    ["without a valid name", { name: "a b" }],
  ] as const)("%s is refused", (_, wrong) => {
    expect(() => define(wrong)).toThrow(expect.objectContaining({ code: "tool-invalid" }));
  });
  test("is another one with another declaration", () => {
    expect(define({}).version).toBe(define({}).version);
    expect(define({ description: "other" }).version).not.toBe(define({}).version);
    expect(define({ permission: "read" }).version).not.toBe(define({}).version);
  });
});

describe("a registry", () => {
  test("gives tools by name, and the first one of a capability", () => {
    const [first, second] = [define({ name: "a" }), define({ name: "b" })];
    const registry = createToolRegistry([first, second]);
    expect([registry.get("b"), registry.get("c"), registry.forCapability("http.fetch")]).toEqual([second, undefined, first]);
  });
  test("has no two of one name", () => {
    expect(() => createToolRegistry([define({}), define({})])).toThrow(expect.objectContaining({ code: "tool-invalid" }));
  });
});
