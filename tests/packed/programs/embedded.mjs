// packages: @heddle/runtime, @heddle/core
// Row NE1: the runtime alone runs a workflow in this process. No daemon, no port, memory by default.
import assert from "node:assert/strict";
import { HeddleError } from "@heddle/core";
import { createRuntime } from "@heddle/runtime";

const input = (name) => ({ kind: "ref", scope: "var", name });
const result = { kind: "ref", scope: "result" };

/** Two stages in order: the second reads what the first wrote; a guard picks the way out. */
const ir = {
  ir: "heddle.ir/v1",
  id: "analyse",
  discipline: "stages",
  inputs: [{ name: "task", type: { kind: "string" } }],
  entry: "read",
  nodes: [
    {
      kind: "handler",
      id: "read",
      handler: "readTask",
      reads: [{ name: "task", value: input("task"), type: { kind: "string" } }],
      writes: [{ name: "read.words", value: result, type: { kind: "array", items: { kind: "string" } } }],
    },
    {
      kind: "handler",
      id: "short",
      handler: "summarise",
      reads: [{ name: "words", value: input("read.words") }],
      exit: { output: { kind: "object", fields: [{ name: "summary", value: result }] } },
    },
    { kind: "router", id: "long", exit: { output: { kind: "literal", value: { summary: "too long" } } } },
  ],
  edges: [
    {
      id: "to-short",
      from: "read",
      to: "short",
      priority: 0,
      guard: { kind: "compare", op: "lte", left: { kind: "length", of: input("read.words") }, right: { kind: "literal", value: 3 } },
    },
    { id: "to-long", from: "read", to: "long", priority: 1 },
  ],
  limits: { stepsMax: 64 },
};

await using runtime = createRuntime({
  handlers: {
    readTask: ({ task }) => task.split(" "),
    summarise: async ({ words }, ctx) => {
      ctx.log("summarising", { words: words.length });
      return words.join("-");
    },
  },
});

const outcome = await runtime.run(ir, { task: "analyse the code" });
assert.deepEqual(outcome.output, { summary: "analyse-the-code" });
assert.deepEqual((await runtime.run(ir, { task: "a b c d" })).output, { summary: "too long" });

const kinds = [];
for await (const { event } of runtime.stream(ir, { task: "x" })) kinds.push(event.kind);
assert.deepEqual(kinds, ["run-started", "activation-succeeded", "activation-succeeded", "run-succeeded"]);

await assert.rejects(runtime.run(ir, {}), (error) => HeddleError.is(error, "input-invalid"));
await assert.rejects(runtime.run({ ...ir, limits: { stepsMax: 1 } }, { task: "x" }), (error) => HeddleError.is(error, "run-failed"));
assert.throws(
  () => createRuntime({ roots: { workspace: "here" } }),
  (error) => HeddleError.is(error, "config-invalid"),
);
assert.throws(
  () => createRuntime({ models: {} }),
  (error) => HeddleError.is(error, "unimplemented"),
);

const answered = createRuntime({ confirm: ({ prompt }) => prompt === "Go on?" });
const asking = {
  ...ir,
  id: "asking",
  inputs: [],
  entry: "ask",
  nodes: [{ kind: "human", id: "ask", mode: "approve", prompt: { kind: "literal", value: "Go on?" }, exit: { output: result } }],
  edges: [],
};
assert.equal((await answered.run(asking, {})).output.approved, true);
await answered.close();
console.log("embedded: ok");
