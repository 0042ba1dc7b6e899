/** What a node wants of flow control, from what its workflow says. Pure. */
import { compileExpr, type Evaluate, type Expr, isJsonObject, type JsonValue, type Node, processReads, type TenantId } from "@heddle/core";
import type { AttemptInput } from "../machine/index.ts";
import type { Wanted } from "./flow-control.ts";

/** The pool of programs whose node names none. */
export const defaultPool = "default";

/** The pool that a node's attempts take slots of; undefined where it needs none. */
export function poolOf(node: Node): { readonly pool: string; readonly slots: number } | undefined {
  const pool = node.pool ?? (node.kind === "process" ? defaultPool : undefined);
  return pool === undefined ? undefined : { pool, slots: node.slots ?? 1 };
}

/** Whether flow control has a say in the attempts at a node. */
export function isBounded(node: Node): boolean {
  return poolOf(node) !== undefined || node.flow !== undefined;
}

/** @param input what the attempt is given; asked for only where a key reads it */
export function wantedOf(node: Node, workflow: string, tenant: TenantId, input: () => AttemptInput): Wanted | undefined {
  const pool = poolOf(node);
  const { concurrency, rate } = node.flow ?? {};
  if (pool === undefined && concurrency === undefined && rate === undefined) return undefined;
  const keyOf = (what: string, key: Expr | undefined): string => {
    const value = key === undefined ? null : evaluated(key)({ var: variablesOf(input()) });
    return [tenant, workflow, node.id, what, JSON.stringify(value)].join("\n");
  };
  return {
    tenant,
    priority: node.priority ?? 0,
    ...(pool === undefined ? {} : { pool: { name: pool.pool, slots: pool.slots } }),
    ...(concurrency === undefined ? {} : { concurrency: { key: keyOf("concurrency", concurrency.key), max: concurrency.max } }),
    ...(rate === undefined ? {} : { rate: { key: keyOf("rate", rate.key), limit: rate.limit, perMs: rate.perMs } }),
  };
}

/** Expressions of bundles are few, and each is compiled once. */
const compiled = new WeakMap<Expr, Evaluate>();

function evaluated(expr: Expr): Evaluate {
  let evaluate = compiled.get(expr);
  if (evaluate === undefined) {
    evaluate = compileExpr(expr);
    compiled.set(expr, evaluate);
  }
  return evaluate;
}

/** The attempt's input by name, and as a whole under `payload`. */
function variablesOf(input: AttemptInput): (name: string) => JsonValue | undefined {
  const values = input.kind === "input" ? input.values : {};
  const body = values[processReads.body] ?? (isJsonObject(values) ? values : null);
  return (name) => (Object.hasOwn(values, name) ? values[name] : name === "payload" ? body : undefined);
}
