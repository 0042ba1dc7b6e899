// A bundle as it is: its code runs in a process of its own.
import { createHash } from "node:crypto";
import { type BundleManifest, bundleFormat, type Expr, irVersion, type JsonValue, type Node } from "@heddle/core";
import { expect, test } from "vitest";
import { quickTest } from "./quick-test.ts";

const literal = (value: JsonValue): Expr => ({ kind: "literal", value });
const result: Expr = { kind: "ref", scope: "result" };
const code = Buffer.from(`export let tries = 0;
export const flaky = async (input) => { if (++tries < 3) throw new Error("not yet"); return "done"; };
`);

function bundleOf(nodes: readonly Node[]): { manifest: BundleManifest; files: ReadonlyMap<string, Uint8Array> } {
  const last = nodes.length - 1;
  return {
    files: new Map([["code.mjs", code]]),
    manifest: {
      format: bundleFormat,
      main: "flow",
      workflows: [
        {
          ir: irVersion,
          id: "flow",
          discipline: "stages",
          inputs: [],
          entry: nodes[0]?.id ?? "",
          nodes: nodes.map((node, i) => (i === last ? { ...node, exit: { output: result } } : node)),
          edges: nodes.slice(1).map((node, i) => ({ id: `e${i}`, from: nodes[i]?.id ?? "", to: node.id })),
        },
      ],
      handlers: [{ name: "flaky", code: { file: "code.mjs", export: "flaky" } }],
      files: [{ path: "code.mjs", hash: `sha256:${createHash("sha256").update(code).digest("hex")}`, bytes: code.length }],
    },
  };
}

const nap: Node = { kind: "wait", id: "nap", wait: { kind: "duration", ms: literal(86_400_000) } };
const may: Node = { kind: "human", id: "may", mode: "approve", prompt: literal("may it?") };
const gate: Node = { kind: "wait", id: "gate", wait: { kind: "signal", name: "go" } };
const flaky: Node = { kind: "handler", id: "flaky", handler: "flaky", retry: { attemptsMax: 3, delayMs: 600_000 } };

test("a day of waiting, ten minutes between attempts, a person and a signal take no time, and each call is counted", {
  timeout: 60_000,
}, async () => {
  const report = await quickTest({ ...bundleOf([nap, may, gate, flaky]), input: {}, yes: true, signals: { go: null } });
  expect(report).toEqual({
    workflow: "flow",
    status: "succeeded",
    output: "done",
    path: [
      { node: "nap", activation: 1, outcome: "succeeded", attempts: 1 },
      { node: "may", activation: 2, outcome: "succeeded", attempts: 1 },
      { node: "gate", activation: 3, outcome: "succeeded", attempts: 1 },
      { node: "flaky", activation: 4, outcome: "succeeded", attempts: 3 },
    ],
    calls: {
      nap: { calls: 1, attempts: 1 },
      may: { calls: 1, attempts: 1 },
      gate: { calls: 1, attempts: 1 },
      flaky: { calls: 1, attempts: 3 },
    },
    waitsFor: [],
  });
});

test("what nobody answers is told, and an answer of no is a path of its own", { timeout: 60_000 }, async () => {
  expect(await quickTest({ ...bundleOf([may, flaky]), input: {} })).toMatchObject({ status: "open", waitsFor: ["may asks: may it?"] });
  expect(await quickTest({ ...bundleOf([may, flaky]), input: {}, yes: true, answers: { may: false } })).toMatchObject({
    status: "failed",
    failure: { code: "rejected" },
    path: [{ node: "may", outcome: "rejected" }],
  });
});
