/** Unsafe retries: what changes something is not done twice because nobody knows how the first time ended. */
import { type FailureClass, isSafeToRepeat, type Node, retriedByDefault } from "@heddle/core";
import type { Check } from "./check.ts";
import { allNodes } from "./nodes.ts";

export const unsafeRetries: Check = {
  name: "unsafe-retries",
  ids: ["HD2601"],
  run: (ir, facts) =>
    allNodes(ir).flatMap((node) => {
      const { retry } = node;
      if (retry === undefined || retry.attemptsMax < 2 || isSafeToRepeat(node)) return [];
      const classes = (retry.on ?? retriedByDefault).filter((each) => mayHaveHappened.has(each));
      if (classes.length === 0) return [];
      return [
        facts.diagnostic(
          "HD2601",
          { of: "node", node: node.id },
          {
            message: `\`${node.id}\` is tried up to ${retry.attemptsMax} times, and ${whatOf(node)}`,
            reason: `After a failure of class ${classes.join(", ")} its effect may have taken place, and another attempt has it a second time.`,
            help: 'try it once (`attemptsMax: 1`), or say that repeating does no harm: `safety: "safe"`',
          },
        ),
      ];
    }),
};

/** Failures after which the effect may be there. */
const mayHaveHappened: ReadonlySet<FailureClass> = new Set<FailureClass>(["handler", "transient", "timeout", "executor-lost", "invalid"]);

function whatOf(node: Node): string {
  switch (node.kind) {
    case "tool":
      return `calls \`${node.capability}\` with the permission to ${node.permission ?? "modify"}`;
    case "process":
      return "starts a process, which may change anything";
    case "remote":
      return "runs a node of a node server, which may change anything";
    default:
      return "is declared unsafe to repeat";
  }
}
