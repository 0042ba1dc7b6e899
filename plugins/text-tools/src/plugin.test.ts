/** The actions, called as the daemon calls them. */
import { checkPlugin } from "@heddle/plugin-sdk";
import { callAction } from "@heddle/plugin-sdk/testing";
import { describe, expect, test } from "vitest";
import { plugin } from "./plugin.ts";

const call = (action: string, params: Record<string, string | number | boolean>) => callAction(plugin, { action, params });
const result = async (action: string, params: Record<string, string | number | boolean>) => {
  const called = await call(action, params);
  return called.kind === "succeeded" ? called.result : called;
};

test("the plugin is valid", () => {
  expect(checkPlugin(plugin)).toEqual([]);
});

describe("measure", () => {
  test.each([
    ["", { characters: 0, words: 0, lines: 0 }],
    ["one two\nthree", { characters: 13, words: 3, lines: 2 }],
    ["cafe\u0301 \u{1F469}\u200D\u{1F680}", { characters: 6, words: 2, lines: 1 }],
  ])("counts %j", async (text, counts) => {
    expect(await result("measure", { text })).toEqual(counts);
  });
});

describe("cut", () => {
  test.each([
    ["short", 10, "short", false],
    ["one two three", 9, "one two…", true],
    ["one two three", 8, "one two…", true],
    ["one two three", 7, "one…", true],
    ["incomprehensible", 5, "inco…", true],
  ])("%j to %i", async (text, characters, cut, wasCut) => {
    expect(await result("cut", { text, characters })).toEqual({ text: cut, wasCut });
  });

  test("refuses less room than the mark needs", async () => {
    expect(await call("cut", { text: "one two", characters: 2, mark: "..." })).toMatchObject({
      kind: "failed",
      failure: { code: "too-short" },
    });
  });
});

describe("find", () => {
  test("gives lines, and minds case only when asked to", async () => {
    const text = "Alpha\nbeta\nalphabet";
    expect(await result("find", { text, phrase: "alpha" })).toEqual({
      places: [
        { line: 1, text: "Alpha" },
        { line: 3, text: "alphabet" },
      ],
    });
    expect(await result("find", { text, phrase: "alpha", matchCase: true })).toEqual({ places: [{ line: 3, text: "alphabet" }] });
  });

  test("says what it left out", async () => {
    const called = await call("find", { text: "a\na\na", phrase: "a", limit: 1 });
    expect(called.logged).toEqual([{ level: "warn", text: "2 places were left out" }]);
  });
});

describe("compare", () => {
  test("finds what was taken out and put in", async () => {
    expect(await result("compare", { before: "a\nb\nc\nd", after: "a\nc\nx\nd" })).toEqual({
      same: false,
      removed: [{ line: 2, text: "b" }],
      added: [{ line: 3, text: "x" }],
    });
  });

  test("of a text with itself finds nothing", async () => {
    expect(await result("compare", { before: "a\r\nb", after: "a\nb" })).toEqual({ same: true, removed: [], added: [] });
  });
});
