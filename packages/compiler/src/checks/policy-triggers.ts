/** Triggers of policies: a policy on what nothing in the workflow may call never judges anything. */
import type { Node, WorkflowIr } from "@heddle/core";
import type { Check } from "./check.ts";
import { allNodes } from "./nodes.ts";

export const policyTriggers: Check = {
  name: "policy-triggers",
  ids: ["HD2502"],
  run(ir, facts) {
    const nodes = allNodes(ir);
    if (nodes.some(callsAnything)) return [];
    const called = calledCapabilities(ir, nodes);
    return (ir.policies ?? []).flatMap((policy, index) => {
      const { capability } = policy.trigger;
      if (called.has(capability)) return [];
      return [
        facts.diagnostic(
          "HD2502",
          { of: "policy", index },
          {
            message: `policy ${index + 1} never judges anything: nothing calls \`${capability}\``,
            reason: "No node requires the capability or calls it, and no other policy needs it before a call.",
            help: "name a capability that is used, or remove the policy",
          },
        ),
      ];
    });
  },
};

/** Agents call the tools of their definition, whatever these may do. */
function callsAnything(node: Node): boolean {
  return node.kind === "agent";
}

function calledCapabilities(ir: WorkflowIr, nodes: readonly Node[]): ReadonlySet<string> {
  const called = new Set<string>();
  for (const node of nodes) {
    if (node.kind === "tool") called.add(node.capability);
    for (const capability of node.requires ?? []) called.add(capability);
    const given = node.kind === "model" ? (node.tools ?? []) : [];
    for (const tool of ir.tools ?? []) if (given.includes(tool.name)) called.add(tool.capability);
  }
  for (const policy of ir.policies ?? []) for (const need of policy.requires ?? []) called.add(need.capability);
  return called;
}
