/** Exhaustive guards: when a node has succeeded, one of its edges can be taken, whatever the values. */
import type { Check } from "./check.ts";
import { guardsOf } from "./guards.ts";

export const exhaustiveGuards: Check = {
  name: "exhaustive-guards",
  ids: ["HD2403"],
  run: (_, facts) =>
    [...guardsOf(facts)].flatMap(({ node, on, edges, outlooks }) => {
      if (on !== "success" || node.node.exit !== undefined || edges.some(({ guard }) => guard === undefined)) return [];
      // Code always goes on: what a condition leaves out is its other way.
      if (outlooks?.exhaustive === true || facts.isCode) return [];
      const { id } = node.node;
      return [
        facts.diagnostic(
          "HD2403",
          { of: "node", node: id },
          {
            message: `all guards of \`${id}\` may be false`,
            reason: "A run that finds no open edge fails with `no-transition`. A comparison with a value that is missing is false, too.",
            help: "add an edge without a guard, for everything else",
          },
        ),
      ];
    }),
};
