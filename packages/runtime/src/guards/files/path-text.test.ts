import fc from "fast-check";
import { expect, test } from "vitest";
import { isRefusal } from "../refusal.ts";
import { isNameable, nameBytesMax, normalisePath, pathBytesMax } from "./path-text.ts";

test("a relative path is joined to its base, an absolute one is not", () => {
  expect(normalisePath("a//b/./c/../d/", "/base")).toBe("/base/a/b/d");
  expect(normalisePath("/a/../b", "/base")).toBe("/b");
  expect(normalisePath("../../../x", "/base")).toBe("/x");
  expect(normalisePath(".", "/base/")).toBe("/base");
});

test("bounds are those of the text, before anything is looked at", () => {
  const codeOf = (path: string, base = "/base"): string => {
    const result = normalisePath(path, base);
    return isRefusal(result) ? result.refused : "fine";
  };
  expect(codeOf("n".repeat(nameBytesMax))).toBe("fine");
  expect(codeOf("n".repeat(nameBytesMax + 1))).toBe("path-too-long");
  // As it is written, and as it becomes with its base.
  const long = `${"a/../".repeat(818)}bcdef`;
  expect(long).toHaveLength(pathBytesMax);
  expect(codeOf(long)).toBe("fine");
  expect(codeOf(`${long}g`)).toBe("path-too-long");
  const deep = "d/".repeat(2_045).slice(0, -1);
  expect(codeOf(deep, "/base")).toBe("fine");
  expect(codeOf(deep, "/base55")).toBe("path-too-long");
  expect(codeOf("x", "base")).toBe("path-not-absolute");
});

test("whatever is accepted is absolute, normal and accepted again", () => {
  const name = fc.constantFrom("a", "..", ".", "", "b c", "con", "x:y", "é");
  fc.assert(
    fc.property(fc.array(name, { maxLength: 8 }), (names) => {
      const once = normalisePath(names.join("/"), "/base");
      if (isRefusal(once)) return;
      expect(once).toMatch(/^\/(?:[^/]+(?:\/[^/]+)*)?$/);
      expect(once.split("/")).not.toContain("..");
      expect(normalisePath(once, "/other")).toBe(once);
    }),
  );
});

test("a name on disk can be asked for if a path may have it", () => {
  const names = ["a", "a b", "a\nb", "a\\b", "nul.txt", "\u202ea", "a\uFFFD", "ü"];
  expect(names.filter(isNameable)).toEqual(["a", "a b", "ü"]);
});
