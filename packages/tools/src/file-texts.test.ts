// What readFile gives of a text, and what editFile makes of one.
import { HeddleError, type ToolContext, type ToolFile } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { cutText, cutTogether } from "./cut-text.ts";
import { editFile, editText } from "./edit-file.ts";
import { linesOf } from "./read-file.ts";

const all = { offset: 0, limit: 2_000, charactersMax: 1_000 };

describe("lines of a text", () => {
  test.each([
    ["the final newline is kept", "a\nb\n", all, { content: "a\nb\n", linesReturned: 2, truncated: false }],
    ["and none is added", "a\nb", all, { content: "a\nb", linesReturned: 2, truncated: false }],
    ["ends of lines stay what they are", "a\r\nb\r\n", all, { content: "a\r\nb\r\n", linesReturned: 2, truncated: false }],
    ["an empty text has none", "", all, { content: "", linesReturned: 0, truncated: false }],
    ["lines are passed over", "a\nb\nc\n", { ...all, offset: 1 }, { content: "b\nc\n", linesReturned: 2, truncated: false }],
    ["all of them", "a\nb\n", { ...all, offset: 2 }, { content: "", linesReturned: 0, truncated: false }],
    ["more than there are", "a", { ...all, offset: 9 }, { content: "", linesReturned: 0, truncated: false }],
    ["a limit cuts and says so", "a\nb\nc", { ...all, limit: 2 }, { content: "a\nb\n", linesReturned: 2, truncated: true }],
    ["one that is reached is not passed", "a\nb\n", { ...all, limit: 2 }, { content: "a\nb\n", linesReturned: 2, truncated: false }],
    ["whole lines fit or not", "abc\ndef\n", { ...all, charactersMax: 6 }, { content: "abc\n", linesReturned: 1, truncated: true }],
    [
      "but for a first one that is too long",
      "abcdef\ng",
      { ...all, charactersMax: 4 },
      { content: "abcd", linesReturned: 1, truncated: true },
    ],
  ])("%s", (_, text, bounds, expected) => {
    expect(linesOf(text, bounds)).toEqual(expected);
  });
});

describe("cutting", () => {
  test("never leaves half a character", () => {
    expect(cutText("a\u{1d4b6}b", 2)).toBe("a");
    expect(cutText("a\u{1d4b6}b", 3)).toBe("a\u{1d4b6}");
    expect(cutText("a\u{1d4b6}b", 4)).toBe("a\u{1d4b6}b");
  });
  test("two texts are cut in proportion to what they have", () => {
    const { first, second, isCut } = cutTogether("x".repeat(900), "y".repeat(300), 400);
    expect([first.length, second.length, isCut]).toEqual([300, 100, true]);
    expect(cutTogether("ab", "cd", 4)).toEqual({ first: "ab", second: "cd", isCut: false });
  });
});

describe("an edit", () => {
  const edit = { find: "b", content: "X", replaceAll: false };
  test("replaces the one occurrence", () => {
    expect(editText("abc", edit)).toEqual({ text: "aXc", occurrencesReplaced: 1 });
  });
  test("takes the new text as it is", () => {
    expect(editText("abc", { ...edit, content: "$&$1" }).text).toBe("a$&$1c");
  });
  test("of all takes occurrences that do not overlap", () => {
    expect(editText("aaaa a", { find: "aa", content: "b", replaceAll: true })).toEqual({ text: "bb a", occurrencesReplaced: 2 });
  });
  test.each([
    ["nothing to find", { ...edit, find: "" }, /find is empty/],
    ["nothing found", { ...edit, find: "z" }, /does not contain/],
    ["found more than once", { ...edit, find: "a" }, /2 times/],
    ["nothing changed", { ...edit, content: "b" }, /nothing would change/],
    ["grown beyond all bounds", { find: "a", content: "x".repeat(10_000_000), replaceAll: true }, /more than/],
  ])("is refused: %s", (_, given, message) => {
    expect(() => editText("abca", given)).toThrow(message);
  });
  test("of a file that changes in between writes nothing", async () => {
    const texts = ["one two", "one two three"];
    const written: string[] = [];
    const file: Partial<ToolFile> = {
      readText: () => Promise.resolve(texts.shift() ?? ""),
      write: (content) => {
        written.push(String(content));
        return Promise.resolve({ bytes: 0, created: false });
      },
    };
    const context = { file: () => file } as unknown as ToolContext;
    const args = { path: "/x", find: "two", content: "2", replaceAll: false };
    const error: unknown = await Promise.resolve(editFile.handler(args, context)).catch((thrown: unknown) => thrown);
    expect(HeddleError.is(error, "tool-failed") && error.message).toMatch(/changed while/);
    expect(written).toEqual([]);
  });
});
