/** What holds for every set of policies, every call and every context. */
import type { CallNeed, JsonObject, Policy, PreparedCall, Verdict } from "@heddle/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { anyCall, anyInputs, anyPolicy, anyValue, declaredInputs, holds, reversed } from "../../../test/gate-arbitraries.ts";
import { contextOf } from "../../../test/gate-calls.ts";
import { reasonCodes } from "../screen/index.ts";
import { type JudgeContext, judge } from "./index.ts";

const policies = fc.array(anyPolicy, { maxLength: 6 });

function judged(list: readonly Policy[], call: PreparedCall, inputs: JsonObject, more: Partial<JudgeContext> = {}): Verdict {
  return judge(call, contextOf(list, { inputs, ...more }, declaredInputs));
}

/** Refused by a policy, as opposed to a person or the operator. */
function deniedByPolicy(verdict: Verdict): boolean {
  return verdict.kind === "deny" && verdict.denial.policy !== undefined;
}

/** What policies need before the call: the question that consent alone asks is left out. */
function needsOf(verdict: Verdict): readonly string[] {
  const needs: readonly CallNeed[] = verdict.kind === "needs" ? verdict.needs : [];
  return needs.flatMap((need) => (need.kind === "call" ? [need.key] : need.why === "policy" ? ["question"] : []));
}

test("the judged calls of these laws come to every kind of verdict", () => {
  const found = new Set<string>();
  holds(
    fc.property(policies, anyCall, anyInputs, (list, call, inputs) => {
      const verdict = judged(list, call, inputs);
      found.add(verdict.kind === "deny" ? verdict.denial.code : verdict.kind === "allow" ? verdict.why : verdict.kind);
    }),
  );
  for (const kind of ["policy-denied", "policy-error", "needs", "read", "policies"]) expect(found).toContain(kind);
});

test("a verdict is given whatever the policies, the call, the inputs and the answer are", () => {
  const context = fc.record({ answer: anyValue, builtin: fc.constantFrom("ask", "allow", "deny") }, { requiredKeys: ["builtin"] });
  holds(
    fc.property(policies, anyCall, anyInputs, context, (list, call, inputs, more) => {
      const verdict = judged(list, call, inputs, more);
      if (verdict.kind === "deny") expect(reasonCodes).toContain(verdict.denial.code);
      if (verdict.kind === "needs") expect(verdict.needs.length).toBeGreaterThan(0);
    }),
  );
});

test("what a policy denies stays denied when any policy is added at any place", () => {
  holds(
    fc.property(policies, anyPolicy, fc.nat(), anyCall, anyInputs, (list, added, place, call, inputs) => {
      fc.pre(deniedByPolicy(judged(list, call, inputs)));
      const at = place % (list.length + 1);
      expect(deniedByPolicy(judged([...list.slice(0, at), added, ...list.slice(at)], call, inputs))).toBe(true);
    }),
  );
});

test("what policies need keeps its order when a policy is added, and nothing is needed no more", () => {
  holds(
    fc.property(policies, anyPolicy, anyCall, anyInputs, (list, added, call, inputs) => {
      const first = judged(list, call, inputs);
      const more = judged([...list, added], call, inputs);
      fc.pre(!deniedByPolicy(first) && !deniedByPolicy(more));
      expect(needsOf(more).slice(0, needsOf(first).length)).toEqual(needsOf(first));
    }),
  );
});

test("each need is asked for once, and what is satisfied is not asked for again", () => {
  holds(
    fc.property(policies, anyCall, anyInputs, (list, call, inputs) => {
      const keys = needsOf(judged(list, call, inputs));
      expect(new Set(keys).size).toBe(keys.length);
      const satisfied = new Set(keys);
      const after = needsOf(judged(list, call, inputs, { satisfied }));
      expect(after).toEqual(keys.filter((key) => key === "question"));
      const verdict = judged(list, call, inputs, { satisfied, answer: true });
      if (keys.length > 0) expect(verdict).toEqual({ kind: "allow", why: keys.includes("question") ? "approved" : expect.any(String) });
    }),
  );
});

test("no answer but true approves, and an answer opens nothing that a policy denies", () => {
  holds(
    fc.property(policies, anyCall, anyInputs, anyValue, (list, call, inputs, answer) => {
      const open = judged(list, call, inputs);
      const answered = judged(list, call, inputs, { answer });
      if (deniedByPolicy(open)) expect(answered).toEqual(open);
      if (open.kind === "allow") expect(answered).toEqual(open);
      const asks = open.kind === "needs" && open.needs.some((need) => need.kind === "approval");
      if (asks && answer !== true) expect(answered).toMatchObject({ kind: "deny", denial: { code: "approval-rejected" } });
    }),
  );
});

test("a verdict does not depend on the order of arguments, inputs and paths", () => {
  holds(
    fc.property(policies, anyCall, anyInputs, (list, call, inputs) => {
      const other: PreparedCall = { ...call, args: reversed(call.args), paths: [...call.paths].reverse() };
      expect(judged(list, other, reversed(inputs))).toEqual(judged(list, call, inputs));
    }),
  );
});

test("judging changes neither the call nor the inputs, and gives the same again", () => {
  holds(
    fc.property(policies, anyCall, anyInputs, (list, call, inputs) => {
      const before = JSON.stringify([call, inputs]);
      const context = contextOf(list, { inputs }, declaredInputs);
      expect(judge(call, context)).toEqual(judge(call, context));
      expect(JSON.stringify([call, inputs])).toBe(before);
    }),
  );
});
