import { afterEach, describe, expect, test } from "vitest";
import { type LineSearch, searchRegex, searchText } from "./line-search.ts";

let search: LineSearch | undefined;
afterEach(() => search?.close());

const text = "one\r\ntwo (2)\nThree\n\nfour two";

describe("lines that contain a text", () => {
  test("are found with their numbers, without the end of the line", async () => {
    expect(await searchText("two", false).find(text, 10)).toEqual([
      { line: 2, text: "two (2)" },
      { line: 5, text: "four two" },
    ]);
    expect(await searchText("one", false).find(text, 10)).toEqual([{ line: 1, text: "one" }]);
  });
  test("are found in other letters where that is wanted", async () => {
    expect(await searchText("tHREE", true).find(text, 10)).toEqual([{ line: 3, text: "Three" }]);
    expect(await searchText("tHREE", false).find(text, 10)).toEqual([]);
  });
  test("are no more than are wanted", async () => {
    expect(await searchText("o", false).find(text, 2)).toHaveLength(2);
  });
  test("may be looked for with what means something in expressions", async () => {
    expect(await searchText("(2)", false).find(text, 10)).toEqual([{ line: 2, text: "two (2)" }]);
  });
});

describe("lines that match an expression", () => {
  test("are found with their numbers, without the end of the line", async () => {
    search = searchRegex("^\\w+$", false, { timeMs: 10_000 });
    expect(await search.find(text, 10)).toEqual([
      { line: 1, text: "one" },
      { line: 3, text: "Three" },
    ]);
    expect(await search.find("again\n", 10)).toEqual([{ line: 1, text: "again" }]);
  });
  test("are no more than are wanted", async () => {
    search = searchRegex("O", true, { timeMs: 10_000 });
    expect(await search.find(text, 1)).toEqual([{ line: 1, text: "one" }]);
  });
  test("an expression that cannot be read is refused before anything is searched", () => {
    expect(() => searchRegex("(", false, { timeMs: 10_000 })).toThrow(expect.objectContaining({ code: "tool-failed" }));
  });
  test("one that would take for ever is ended, and the process goes on meanwhile", async () => {
    search = searchRegex("^(a+)+$", false, { timeMs: 1_000 });
    let turns = 0;
    const counting = setInterval(() => turns++, 10);
    try {
      await expect(search.find(`${"a".repeat(60)}!`, 10)).rejects.toMatchObject({ code: "tool-failed", message: /more than 1000 ms/ });
    } finally {
      clearInterval(counting);
    }
    expect(turns).toBeGreaterThan(0);
  });
  test("nobody waits for one that is no longer wanted", async () => {
    const aborting = new AbortController();
    search = searchRegex("^(a+)+$", false, { timeMs: 60_000, signal: aborting.signal });
    const found = search.find(`${"a".repeat(60)}!`, 10);
    aborting.abort();
    await expect(found).rejects.toMatchObject({ code: "tool-failed" });
    await expect(search.find("a", 10)).rejects.toMatchObject({ code: "tool-failed" });
  });
});
