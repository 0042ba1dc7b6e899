import { describe, expect, test } from "vitest";
import { isRefusal, type Refusal, refusalCodes } from "../refusal.ts";
import { type TriedUrl, urlFamilies } from "../testing/destination-families.ts";
import { type Destination, parseDestination } from "./destination.ts";
import { type HostRule, parseHostRules } from "./host-rules.ts";
import { judgeDestination } from "./judge-destination.ts";

function rulesOf(texts: readonly string[]): readonly HostRule[] {
  const rules = parseHostRules(texts);
  if (isRefusal(rules)) expect.fail(rules.message);
  return rules as readonly HostRule[];
}

function judged({ url, rules = ["*"], privateRules = [] }: TriedUrl): Destination | Refusal {
  const destination = parseDestination(url);
  if (isRefusal(destination)) return destination;
  return judgeDestination(destination, { rules: rulesOf(rules), privateRules: rulesOf(privateRules) }) ?? destination;
}

for (const family of urlFamilies) {
  describe(family.name, () => {
    test.each(family.cases.map((each) => [each.evil.url.slice(0, 60), each] as const))(
      "%s is refused by its code, its twin is not",
      (_, each) => {
        expect(judged(each.evil)).toEqual({ refused: each.refused, message: expect.stringMatching(/: \S/) });
        const twin = judged(each.twin);
        expect(isRefusal(twin) ? twin : undefined).toBeUndefined();
      },
    );
  });
}

test("each family stays small, and each code is of the list", () => {
  for (const { name, cases } of urlFamilies) {
    expect(cases.length, name).toBeLessThanOrEqual(15);
    for (const each of cases) expect(refusalCodes).toContain(each.refused);
  }
});
