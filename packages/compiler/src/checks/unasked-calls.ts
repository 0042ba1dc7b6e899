/** Calls that change something, where nothing in the workflow says who is asked first. */
import { capabilityOf, type Node, type Permission } from "@heddle/core";
import type { Check } from "./check.ts";
import { allNodes } from "./nodes.ts";
import { reachedIds } from "./reached.ts";

export const unaskedCalls: Check = {
  name: "unasked-calls",
  ids: ["HD2602"],
  run(ir, facts) {
    const nodes = allNodes(ir);
    // Where there are policies, they decide; where there is a person, somebody has thought of one.
    if (nodes.some((node) => node.kind === "human") || ir.policies?.some((policy) => policy.kind === "before") === true) return [];
    const changing = nodes.flatMap((node) => callsOf(node).map((call) => ({ node, ...call })));
    if (changing.length === 0) return [];
    const reached = reachedIds(ir, facts);
    const calls = changing.filter(({ node }) => reached.has(node.id));
    const [first] = calls;
    if (first === undefined) return [];
    const others = new Set(calls.map(({ node }) => node.id)).size - 1;
    return [
      facts.diagnostic(
        "HD2602",
        { of: "node", node: first.node.id },
        {
          message: `\`${first.node.id}\`${others === 0 ? "" : ` and ${others} more`} may ${first.permission} through \`${first.capability}\`, and the workflow asks nobody`,
          reason: "There is neither a `before` policy nor a node that asks a person, so each such call waits in the inbox.",
          help: "answer it with `heddle runs answer <run> yes`, or say in the workflow who is asked: `before` … `requires user.confirm`, or a `human` node",
        },
      ),
    ];
  },
};

function callsOf(node: Node): readonly { readonly capability: string; readonly permission: Exclude<Permission, "read"> }[] {
  const calls: { capability: string; permission: Exclude<Permission, "read"> }[] = [];
  const permission = node.kind === "tool" ? (node.permission ?? "modify") : "read";
  if (node.kind === "tool" && permission !== "read") calls.push({ capability: node.capability, permission });
  // What a tool node requires is what it calls.
  for (const capability of node.kind === "tool" ? [] : (node.requires ?? [])) {
    const known = capabilityOf(capability)?.permission ?? "read";
    if (known !== "read") calls.push({ capability, permission: known });
  }
  return calls;
}
