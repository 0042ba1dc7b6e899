import { describe, expect, test } from "vitest";
import { mutantsOf, showMutant } from "./lib/mutants.mjs";

interface Mutant {
  readonly start: number;
  readonly end: number;
  readonly original: string;
  readonly text: string;
  readonly line: number;
}

const mutants = (source: string): readonly Mutant[] => mutantsOf("a.ts", source);
const shown = (source: string): readonly string[] => mutants(source).map(showMutant);

describe("mutants of a source", () => {
  test("negate conditions, and drop what leaves early", () => {
    expect(shown("function f(a: boolean) { if (a) return 1; return 2; }")).toEqual(["if (a) return 1; ⇒ ;", "a ⇒ !(a)"]);
    expect(shown("for (const a of b) { if (!a) { c(); continue; } d(); }")).toEqual(["if (!a) { c(); continue; } ⇒ ;", "!a ⇒ a"]);
  });

  test("leave branches that only do something where they are", () => {
    expect(shown("if (a) b(); else return0();")).toEqual(["a ⇒ !(a)"]);
  });

  test("turn comparisons around, and move them by one", () => {
    expect(shown("const a = b < c;")).toEqual(["b < c ⇒ b >= c", "b < c ⇒ b <= c"]);
    expect(shown("const a = b === c ? 1 : 2;")).toEqual(["b === c ⇒ b !== c"]);
  });

  test("negate each operand, drop what stands in, and exchange quantifiers", () => {
    expect(shown("const a = b && c;")).toEqual(["b ⇒ !(b)", "c ⇒ !(c)"]);
    expect(shown("const a = b ?? c;")).toEqual(["b ?? c ⇒ b"]);
    expect(shown("const a = b.some(c);")).toEqual(["some ⇒ every"]);
  });

  test("find nothing in types, and nothing to decide where nothing is decided", () => {
    expect(shown("type A<B> = B extends string ? 1 : 2; const c: A<string> = 1;")).toEqual([]);
  });

  test("know their place, also behind characters of more than one byte", () => {
    const source = 'const a = "é…𝒳";\nconst b = c < d;';
    for (const { start, end, original, line } of mutants(source)) {
      expect(source.slice(start, end)).toBe(original);
      expect(line).toBe(2);
    }
  });

  test("of what is no source are none", () => {
    expect(() => mutants("if (")).toThrow(SyntaxError);
  });
});
