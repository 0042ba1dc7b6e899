/** Definite assignment: a value that is needed is there on every way, and what is read was set on some way. */
import type { Diagnostic } from "../diagnostics/index.ts";
import type { Check } from "./check.ts";
import type { Facts } from "./facts.ts";
import { mayMiss, maySet, type PlacedUse } from "./presence.ts";

export const assignment: Check = {
  name: "assignment",
  ids: ["HD2201", "HD2202"],
  run(_, facts) {
    const told = new Set<string>();
    return facts.presence.uses.flatMap((use) => {
      const { frame, node, name, point, need } = use;
      const state = facts.presence.stateOf(frame, point, name);
      if (state === undefined || (state & mayMiss) === 0 || !facts.shapes.has(frame, name)) return [];
      const never = (state & maySet) === 0;
      const key = `${frame.number} ${node.index} ${name}`;
      if ((!never && need === undefined) || told.has(key)) return [];
      told.add(key);
      return [never ? neverSet(use, facts) : maybeMissing(use, facts)];
    });
  },
};

function neverSet({ node, name, part }: PlacedUse, facts: Facts): Diagnostic {
  return facts.diagnostic("HD2202", part, {
    message: facts.isCode
      ? `\`${name}\` is read here, and nothing has set it`
      : `\`${node.node.id}\` reads \`${name}\`, which is never set before it`,
    reason: "On every way from the entry this comes before what sets the value, so that it is always null here.",
    help: "read it later, or set it before",
  });
}

function maybeMissing({ node, name, part, need }: PlacedUse, facts: Facts): Diagnostic {
  return facts.diagnostic("HD2201", part, {
    message: facts.isCode
      ? `\`${name}\` is needed here, and may be missing`
      : `\`${node.node.id}\` reads \`${name}\`, which may be missing`,
    reason: `Not every way here sets it, and ${need ?? "it is needed"}.`,
    help: facts.isCode
      ? "ask whether it is there with `!== null` on the way, or give a value in its place with `??`"
      : "ask whether it is there in a guard on the way, give a value in its place, or read it as optional",
  });
}
