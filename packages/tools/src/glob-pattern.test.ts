import { HeddleError } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { compileGlob } from "./glob-pattern.ts";

describe("a pattern of paths", () => {
  test.each([
    ["*.ts", "a.ts", true],
    ["*.ts", "src/a.ts", false],
    ["**/*.ts", "a.ts", true],
    ["**/*.ts", "src/deep/a.ts", true],
    ["src/**", "src", true],
    ["src/**", "src/a/b", true],
    ["src/**", "srcs/a", false],
    ["**/test/**/*.js", "a/test/b/c.js", true],
    ["**/test/**/*.js", "a/b/c.js", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a?c", "a\u{1d4b6}c", true],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[!a-c]x", "dx", true],
    ["[]x", "[]x", true],
    ["docs/{a,b}.md", "docs/b.md", true],
    ["docs/{a,b}.md", "docs/c.md", false],
    ["{src,test}/*.{ts,js}", "test/x.js", true],
    ["*", ".hidden", true],
    ["./a", "a", true],
    ["a.b", "axb", false],
    ["*a*b", "xaxbxb", true],
    ["*a*b", "xaxbx", false],
  ])("%s and %s: %s", (pattern, path, expected) => {
    expect(compileGlob(pattern)(path)).toBe(expected);
  });

  test.each(["", "a{b", "a}b", "{a,{b,c}}", "{a,b}".repeat(7), "a".repeat(1_001)])("%j is refused", (pattern) => {
    expect(() => compileGlob(pattern)).toThrow(expect.objectContaining({ code: "tool-failed" }));
    try {
      compileGlob(pattern);
    } catch (error) {
      expect(HeddleError.is(error, "tool-failed") && error.message.length > 0).toBe(true);
    }
  });

  test("many stars against a long path that does not match take no time to speak of", () => {
    const matches = compileGlob(`${"*a".repeat(400)}b`);
    const startedMs = performance.now();
    expect(matches("a".repeat(20_000))).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
