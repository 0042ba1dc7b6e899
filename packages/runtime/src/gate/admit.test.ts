import { type BundleManifest, type Node, WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { admitBundle } from "./admit.ts";

const hash = `sha256:${"0".repeat(64)}` as const;

function manifestOf(handlers: BundleManifest["handlers"]): BundleManifest {
  const ir = WorkflowIr.parse({
    ir: "heddle.ir/v1",
    id: "flow",
    discipline: "stages",
    inputs: [],
    entry: "end",
    nodes: [{ kind: "router", id: "end", exit: { output: { kind: "literal", value: null } } }],
    edges: [],
  });
  return { format: "heddle.bundle/v1", main: "flow", workflows: [ir], handlers, files: [{ path: "a.mjs", hash, bytes: 0 }] };
}

const coded = { name: "work", code: { file: "a.mjs", export: "work" } };
const node = (extra: Partial<Node> = {}): Node => ({ kind: "handler", id: "n", handler: "work", ...extra }) as Node;
const rules = { confinementMin: "process", provided: new Set<string>() } as const;

describe("admission", () => {
  test("lets through a handler that the bundle declares", () => {
    expect(admitBundle(manifestOf([coded]), rules).refuse(node())).toBeUndefined();
  });

  test("refuses one that it does not", () => {
    expect(admitBundle(manifestOf([]), rules).refuse(node())).toMatchObject({ code: "capability-denied", node: "n" });
  });

  test("refuses code with less confinement than the operator asks for, but not a function of the embedding program", () => {
    const unconfined = node({ confinement: "none" });
    expect(admitBundle(manifestOf([coded]), rules).refuse(unconfined)).toMatchObject({ code: "capability-denied" });
    expect(admitBundle(manifestOf([coded]), { ...rules, provided: new Set(["work"]) }).refuse(unconfined)).toBeUndefined();
    expect(admitBundle(manifestOf([coded]), { ...rules, confinementMin: "none" }).refuse(unconfined)).toBeUndefined();
  });

  test("refuses the sandbox, which cannot be given yet, instead of giving less", () => {
    expect(admitBundle(manifestOf([coded]), rules).refuse(node({ confinement: "sandbox" }))).toMatchObject({ code: "unimplemented" });
  });

  test("refuses what a frontend knows cannot run, in its words", () => {
    const refusal = { code: "unimplemented", message: "BEAM modules do not run here" };
    expect(admitBundle(manifestOf([coded]), rules).refuse(node({ refusal }))).toMatchObject({ ...refusal, node: "n" });
  });
});
