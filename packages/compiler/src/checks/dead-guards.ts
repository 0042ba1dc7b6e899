/** Dead guards: an edge that is asked only when an earlier one has been taken for sure. */
import type { Check } from "./check.ts";
import { guardsOf, nameOf, outlookOf } from "./guards.ts";

export const deadGuards: Check = {
  name: "dead-guards",
  ids: ["HD2402"],
  run: (_, facts) =>
    [...guardsOf(facts)].flatMap((guards) =>
      guards.edges.flatMap((edge, i) => {
        // What is never true by itself is a constant guard. An edge without guard is a way out that nobody needs, and no harm.
        const first = guards.edges.findIndex(({ guard }, j) => guard === undefined || outlookOf(guards, j)?.always === true);
        const behind = first !== -1 && first < i;
        if (!facts.isWritten(edge)) return [];
        if (outlookOf(guards, i)?.late !== true || (edge.guard === undefined && !behind)) return [];
        const earlier = guards.edges[first];
        return [
          facts.diagnostic("HD2402", edge.guard === undefined ? { of: "edge", edge: edge.id } : { of: "guard", edge: edge.id }, {
            message: facts.isCode ? "this condition never decides" : `${nameOf(edge)} of \`${guards.node.node.id}\` is never taken`,
            reason:
              behind && earlier !== undefined
                ? `It is asked after ${nameOf(earlier)}, which is always taken.`
                : "Whenever its guard is true, an edge that is asked before it has been taken.",
            help: "ask it first, narrow the guards before it, or remove it",
          }),
        ];
      }),
    ),
};
