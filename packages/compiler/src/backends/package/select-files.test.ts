import { describe, expect, test } from "vitest";
import { excludedBy, folderOf, includedBy, patternTrouble } from "./select-files.ts";

const files = [".env", "a.md", "conf/.secret", "conf/x.json", "pages/[id].md", "pages/b.md", "pages/deep/c.md", "src/A.ts"];

describe("patterns of files", () => {
  test.each<[string, readonly string[]]>([
    ["a.md", ["a.md"]],
    ["./a.md", ["a.md"]],
    ["pages", ["pages/[id].md", "pages/b.md", "pages/deep/c.md"]],
    ["pages/", ["pages/[id].md", "pages/b.md", "pages/deep/c.md"]],
    ["pages/*", ["pages/[id].md", "pages/b.md"]],
    ["pages/[id].md", ["pages/[id].md"]],
    ["**/c.md", ["pages/deep/c.md"]],
    ["conf", ["conf/x.json"]],
    ["conf/.secret", ["conf/.secret"]],
    ["conf/.*", ["conf/.secret"]],
    [".", ["a.md", "conf/x.json", "pages/[id].md", "pages/b.md", "pages/deep/c.md", "src/A.ts"]],
    ["src/a.ts", []],
    ["page", []],
  ])("%s means %j", (pattern, expected) => {
    expect(patternTrouble(pattern)).toBeUndefined();
    expect(includedBy(pattern, files)).toEqual(expected);
  });

  test("excludes mean what begins with a dot too", () => {
    expect(files.filter((path) => excludedBy(["conf", "**/*.md"], path) === undefined)).toEqual([".env", "src/A.ts"]);
    expect(excludedBy(["**"], ".env")).toBe("**");
  });

  test("the folder to list is the fixed part of a pattern", () => {
    expect(["a.md", "pages/*.md", "**/x", "./pages/deep/", "pages/{a,b}/*.md", "."].map(folderOf)).toEqual([
      "a.md",
      "pages",
      "",
      "pages/deep",
      "pages",
      "",
    ]);
  });

  test.each(["", " ", "!a", "/abs", "~/x", "c:/x", "file:///x", "a\\b", "../a", "a/../../b", "x".repeat(600), "*a".repeat(9)])(
    "%j is refused",
    (pattern) => {
      expect(patternTrouble(pattern)).toBeDefined();
    },
  );
});
