/** What binds the calls of one workflow: its policies, its inputs, and what its nodes reach. Made once, when it is loaded. Pure. */
import { type BundleManifest, type NodeReach, reachOfBundle, type WorkflowInput, type WorkflowIr } from "@heddle/core";
import { type CompiledPolicies, compilePolicies } from "./judge/index.ts";

export interface CallRules {
  readonly policies: CompiledPolicies;
  /** What each node was printed to reach; of one that is not there: nothing. */
  readonly reach: ReadonlyMap<string, NodeReach>;
  /** Inputs that are paths, or lists of them. */
  readonly pathInputs: readonly string[];
}

export function callRulesOf(manifest: BundleManifest, ir: WorkflowIr): CallRules {
  const printed = reachOfBundle(manifest).workflows.find(({ workflow }) => workflow === ir.id);
  return {
    policies: compilePolicies(ir),
    reach: new Map((printed?.nodes ?? []).filter(({ kind }) => kind !== "policy").map((node) => [node.node, node])),
    pathInputs: ir.inputs.filter(namesPaths).map(({ name }) => name),
  };
}

function namesPaths({ type }: WorkflowInput): boolean {
  return type.kind === "path" || (type.kind === "array" && type.items.kind === "path");
}
