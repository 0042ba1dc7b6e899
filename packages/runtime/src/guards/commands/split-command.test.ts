import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal, refusalCodes } from "../refusal.ts";
import { commandFamilies } from "../testing/command-families.ts";
import { joinCommand, splitCommand } from "./split-command.ts";

for (const family of commandFamilies) {
  describe(family.name, () => {
    test.each(family.cases.map((each) => [JSON.stringify(each.evil.slice(0, 40)), each] as const))(
      "%s is refused, its twin is words",
      (_, each) => {
        expect(splitCommand(each.evil)).toEqual({ refused: each.refused, message: expect.stringMatching(/: \S/) });
        expect(splitCommand(each.twin)).toEqual({ argv: each.argv });
      },
    );
  });
}

test("each family stays small, and each code is of the list", () => {
  for (const { name, cases } of commandFamilies) {
    expect(cases.length, name).toBeLessThanOrEqual(15);
    for (const each of cases) expect(refusalCodes).toContain(each.refused);
  }
});

test("the message names what asks for a shell", () => {
  const said = (text: string): string => {
    const refused = splitCommand(text);
    return isRefusal(refused) ? refused.message : expect.fail("not refused");
  };
  expect(said("ls | wc")).toContain("for the character |:");
  expect(said("cd x")).toContain("for cd:");
  expect(said("A=1 ls")).toContain("the variable A");
  expect(said("a\nb")).toContain("for a new line:");
});

test("words that are joined come back the same", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 6 }), (words) => {
      const joined = joinCommand(words);
      const split = splitCommand(joined);
      if (isRefusal(split)) expect(["command-character", "command-empty", "command-needs-shell"]).toContain(split.refused);
      else expect(split.argv).toEqual(words);
    }),
    { numRuns: 1_000 },
  );
  expect([joinCommand(["A=1"]), joinCommand(["if", "if"])]).toEqual(["'A=1'", "'if' if"]);
  expect(joinCommand(["cd", "a b", "A=1", "it's", ""])).toBe("'cd' 'a b' A=1 'it'\\''s' ''");
});
