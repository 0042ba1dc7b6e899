// Prepared calls, policies and contexts for the tests of the gate's pure part.
import type { Expr, JsonObject, JsonValue, Policy, PreparedCall, WorkflowInput } from "@heddle/core";
import { compilePolicies, type JudgeContext } from "../src/gate/judge/index.ts";

const hash = `sha256:${"0".repeat(64)}`;

export const lit = (value: JsonValue): Expr => ({ kind: "literal", value });
export const bound = (name: string): Expr => ({ kind: "ref", scope: "bound", name });
export const input = (name: string): Expr => ({ kind: "ref", scope: "input", name });
export const not = (of: Expr): Expr => ({ kind: "not", of });
export const eq = (left: Expr, right: Expr): Expr => ({ kind: "eq", left, right });
export const contains = (left: Expr, right: Expr): Expr => ({ kind: "contains", left, right });
export const startsWith = (left: Expr, right: Expr): Expr => ({ kind: "starts-with", left, right });

/** A path argument beneath the root `workspace`, which is `/ws`; others are beneath `disk`, which is `/`. */
export function pathOf(parameter: string, real: string, exists = true): PreparedCall["paths"][number] {
  const inside = real === "/ws" || real.startsWith("/ws/");
  return { parameter, root: inside ? "workspace" : "disk", real, relative: inside ? real.slice(4) : real.slice(1), exists };
}

export function callOf(capability: string, args: JsonObject, more: Partial<PreparedCall> = {}): PreparedCall {
  return {
    tool: capability.replaceAll(".", "_"),
    version: hash,
    capability,
    permission: "modify",
    args,
    paths: typeof args["path"] === "string" ? [pathOf("path", args["path"])] : [],
    destinations: [],
    policies: hash,
    ...more,
  };
}

export const write = (path: string, more: Partial<PreparedCall> = {}): PreparedCall => callOf("fs.write", { path, content: "text" }, more);

export const deny = (capability: string, names: readonly string[], condition: Expr | undefined, id = "deny"): Policy => ({
  id,
  kind: "deny",
  trigger: { capability, bind: Object.fromEntries(names.map((name) => [name, name])) },
  ...(condition === undefined ? {} : { condition }),
});

export const before = (
  capability: string,
  names: readonly string[],
  requires: Policy["requires"] & {},
  more: Partial<Policy> = {},
): Policy => ({
  id: `before ${capability}`,
  kind: "before",
  trigger: { capability, bind: Object.fromEntries(names.map((name) => [name, name])) },
  requires,
  ...more,
});

export const inputOf = (name: string, kind: "string" | "number" | "boolean" | "path" | "json"): WorkflowInput => ({ name, type: { kind } });

export function contextOf(
  policies: readonly Policy[] = [],
  more: Partial<Omit<JudgeContext, "policies">> = {},
  inputs: readonly WorkflowInput[] = [],
): JudgeContext {
  return {
    policies: compilePolicies({ policies: [...policies], inputs: [...inputs] }),
    inputs: {},
    base: "/ws",
    satisfied: new Set(),
    contents: new Map(),
    builtin: "ask",
    grants: [],
    grantUses: new Map(),
    nowMs: 1_000,
    run: "run_00000000000000000000000000",
    bundle: hash,
    ...more,
  };
}
