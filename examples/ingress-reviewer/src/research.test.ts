// Parity: MN2.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildBundle, compile, renderDiagnostics } from "@heddle/compiler";
import { createRuntime } from "@heddle/runtime";
import { expect, test } from "vitest";

const file = fileURLToPath(new URL("./research.ts", import.meta.url));
const sources = new Map([["src/research.ts", readFileSync(file, "utf8")]]);

test("two agents are two nodes, and what one gives to the other is an edge", () => {
  const { workflows, diagnostics } = compile(sources);
  expect(renderDiagnostics(diagnostics, sources)).toBe("");
  expect(workflows).toHaveLength(1);
  const [only] = workflows;
  expect(only?.ir.id).toBe("marketing_research_flow_v1");
  expect(only?.ir.nodes.map(({ id, template }) => [id, template])).toEqual([
    ["ingress", "map"],
    ["reviewer", "reduce"],
  ]);
  expect(only?.ir.edges.map(({ from, to }) => [from, to])).toEqual([["ingress", "reviewer"]]);
  expect(only?.ir.inputs).toMatchObject([{ name: "topic", default: "electric vehicle charging adoption" }]);
});

test("it runs: each agent a method of one instance, in a process of its own", async () => {
  const bundle = await buildBundle(file);
  expect(bundle.problems).toEqual([]);
  if (!bundle.valid) throw new TypeError("the bundle is not valid");
  expect(bundle.manifest.handlers.map(({ name, code }) => [name, code?.export, code?.method])).toEqual([
    ["ingress", "ResearchAgents", "ingress"],
    ["reviewer", "ResearchAgents", "reviewer"],
  ]);
  await using runtime = createRuntime({ handlerProcesses: { count: 1, memoryMb: 128, graceMs: 100 } });
  const caller = { principal: { subject: "example", tenant: "default", roles: ["admin" as const] } };
  const files = [...bundle.files].map(([path, bytes]) => ({ path, bytes }));
  const { hash } = await runtime.api.bundles.put({ manifest: bundle.manifest, files }, caller);
  const { runId } = await runtime.api.runs.start({ bundle: hash, input: {} }, caller);
  const result = await runtime.api.runs.result({ runId }, caller);
  expect(result).toMatchObject({ status: "succeeded", output: { status: "saved", summary: null } });
  expect(runtime.handlerPids()).toHaveLength(1);
});
