/** One call as a run: a workflow of one node, stored as a bundle without a name and started. Values are its input, never part of it. */
import {
  type Caller,
  HeddleError,
  irVersion,
  type JsonObject,
  type JsonValue,
  type Node,
  Read,
  type RunId,
  type RunsApi,
  type WorkflowIr,
} from "@heddle/core";
import type { Engine } from "../shell/engine.ts";

/** A call of one node. */
export interface SingleCall {
  /** The name of the workflow, as listings of runs show it. */
  readonly workflow: string;
  readonly node: Node;
  /** What the node reads, by name. */
  readonly values: JsonObject;
  readonly idempotencyKey: string | undefined;
}

/** Starts the run. Errors: `input-invalid` for a name that no value may have, those of `runs.start`. */
export async function startSingle(
  engine: Engine,
  runs: Pick<RunsApi, "start">,
  call: SingleCall,
  caller: Caller,
): Promise<{ readonly runId: RunId; readonly existing: boolean }> {
  for (const name of Object.keys(call.values)) {
    if (!Read.shape.name.safeParse(name).success) {
      throw new HeddleError(
        "input-invalid",
        `${JSON.stringify(name.slice(0, 256))} cannot be the name of a value: it has 1 to 128 characters`,
      );
    }
  }
  const { ir, input } = singleNodeWorkflow(call.workflow, call.node, call.values);
  const { hash } = await engine.bundles.putAnonymous([ir], caller.principal.tenant);
  const key = call.idempotencyKey;
  return runs.start({ bundle: hash, input, ...(key === undefined ? {} : { idempotencyKey: key }) }, caller);
}

/**
 * The workflow of a node that reads each value from an input of its own and gives its result: the same names, in
 * any order, give the same workflow. An input has the name of its value, where a variable may have that name.
 */
export function singleNodeWorkflow(
  workflow: string,
  node: Node,
  values: JsonObject,
): { readonly ir: WorkflowIr; readonly input: Readonly<Record<string, JsonValue>> } {
  const names = Object.keys(values).sort();
  const variables = new Map(names.map((name, i) => [name, isVariable(name) ? name : `value.n${i}`]));
  const of = (name: string) => variables.get(name) ?? name;
  return {
    ir: {
      ir: irVersion,
      id: workflow,
      discipline: "stages",
      inputs: names.map((name) => ({ name: of(name), type: { kind: "json" } })),
      entry: node.id,
      nodes: [
        {
          ...node,
          reads: names.map((name) => ({ name, value: { kind: "ref", scope: "var", name: of(name) } })),
          exit: { output: { kind: "ref", scope: "result" } },
        },
      ],
      edges: [],
    },
    input: Object.fromEntries(names.map((name) => [of(name), values[name] ?? null])),
  };
}

/** Without a dot: names with one are kept for values whose own name is none. */
function isVariable(name: string): boolean {
  return name !== "__proto__" && /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name);
}
