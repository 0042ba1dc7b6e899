// packages: @heddle/runtime, @heddle/store-sqlite
// What was begun goes on in the next process: here, in the next runtime on the same file.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime } from "@heddle/runtime";
import { openSqliteStore } from "@heddle/store-sqlite";

const folder = mkdtempSync(join(tmpdir(), "heddle-packed-"));
const path = join(folder, "journal.db");
const result = { kind: "ref", scope: "result" };
const ir = {
  ir: "heddle.ir/v1",
  id: "two-steps",
  discipline: "stages",
  inputs: [],
  entry: "first",
  nodes: [
    { kind: "handler", id: "first", handler: "first", writes: [{ name: "value", value: result }] },
    { kind: "wait", id: "wait", wait: { kind: "signal", name: "go" } },
    {
      kind: "handler",
      id: "second",
      handler: "second",
      reads: [{ name: "value", value: { kind: "ref", scope: "var", name: "value" } }],
      exit: { output: result },
    },
  ],
  edges: [
    { id: "a", from: "first", to: "wait" },
    { id: "b", from: "wait", to: "second" },
  ],
};
let firsts = 0;
const handlers = { first: () => ++firsts, second: ({ value }) => value + 1 };
const principal = { subject: "me", tenant: "default", roles: ["admin"] };

const before = createRuntime({ store: await openSqliteStore({ path }), handlers });
let runId = "";
for await (const { event } of before.stream(ir, {})) {
  if (event.kind === "run-started") runId = event.run;
  if (event.kind === "activation-succeeded") break;
}
await before.close();

const after = createRuntime({ store: await openSqliteStore({ path }), handlers });
await after.api.runs.signal({ runId, name: "go", value: null }, { principal });
assert.deepEqual(await after.api.runs.result({ runId }, { principal }), { runId, status: "succeeded", output: 2 });
assert.equal(firsts, 1);
await after.close();
rmSync(folder, { recursive: true, force: true });
console.log("embedded-sqlite: ok");
