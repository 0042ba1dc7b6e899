// readFile, listFiles, globFiles, grepFiles, writeFile and editFile in runs. Parity: NE8, LC19.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Policy } from "@heddle/core";
import { editFile, globFiles, grepFiles, listFiles, readFile, writeFile } from "@heddle/runtime/tools";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ToolWorld, toolWorld, undocumented } from "./tools-world.ts";

let world: ToolWorld;
beforeEach(() => {
  world = toolWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

function put(path: string, content: string | Uint8Array): string {
  const whole = join(world.folder, path);
  mkdirSync(join(whole, ".."), { recursive: true });
  writeFileSync(whole, content);
  return whole;
}

describe("readFile", () => {
  test("gives a file as it is", async () => {
    const path = put("notes/a.txt", "one\ntwo\r\n");
    const { output } = await world.call(readFile, { path: "notes/a.txt" });
    expect(output).toEqual({ path, content: "one\ntwo\r\n", offset: 0, limit: 2_000, linesReturned: 2, truncated: false });
    expect(undocumented("readFile", output)).toEqual([]);
  });
  test("gives the lines that are asked for", async () => {
    put("a.txt", "0\n1\n2\n3\n");
    const { output } = await world.call(readFile, { path: "a.txt", offset: 1, limit: 2 });
    expect(output).toMatchObject({ content: "1\n2\n", linesReturned: 2, truncated: true });
  });
  test.each([
    ["absent.txt", "file-not-found"],
    ["folder", "file-is-folder"],
    ["bytes.bin", "file-not-text"],
    ["../outside.txt", "path-escapes-root"],
    ["link.txt", "path-escapes-root"],
    ["", "path-empty"],
  ])("of %j is refused with %s", async (path, reason) => {
    put("folder/x", "");
    put("bytes.bin", new Uint8Array([0xff, 0xfe, 0x00]));
    symlinkSync("/etc/hostname", join(world.folder, "link.txt"));
    const { failure } = await world.call(readFile, { path });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason } });
  });
  test.each([{ offset: -1 }, { limit: 0 }, { limit: 1.5 }, { more: true }])("with %j is refused before it is judged", async (wrong) => {
    put("a.txt", "a");
    expect((await world.call(readFile, { path: "a.txt", ...wrong })).failure).toMatchObject({ code: "input-invalid" });
  });
});

describe("listFiles and globFiles", () => {
  beforeEach(() => {
    for (const path of ["b.ts", "a/x.ts", "a/deep/y.test.ts", ".env", "node_modules/z.ts"]) put(path, "");
    symlinkSync("/etc", join(world.folder, "out"));
  });
  test("a folder is listed in the order of names, links not followed", async () => {
    const { output } = await world.call(listFiles, { path: "." });
    const entries = [
      { path: ".env", kind: "file" },
      { path: "a", kind: "folder" },
      { path: "b.ts", kind: "file" },
      { path: "node_modules", kind: "folder" },
      { path: "out", kind: "link" },
    ];
    expect(output).toEqual({ path: world.folder, entries, truncated: false });
    expect(undocumented("listFiles", output)).toEqual([]);
  });
  test("as deep and as far as is wanted", async () => {
    const { output } = await world.call(listFiles, { path: "a", depth: 2 });
    expect(output).toMatchObject({ entries: [{ path: "deep" }, { path: "deep/y.test.ts" }, { path: "x.ts" }], truncated: false });
    expect((await world.call(listFiles, { path: ".", limit: 2 })).output).toMatchObject({ entries: [{}, {}], truncated: true });
  });
  test("files are found by their paths", async () => {
    const { output } = await world.call(globFiles, { path: ".", pattern: "**/*.ts" });
    expect(output).toEqual({ path: world.folder, files: ["a/deep/y.test.ts", "a/x.ts", "b.ts"], truncated: false });
    expect(undocumented("globFiles", output)).toEqual([]);
    expect((await world.call(globFiles, { path: ".", pattern: "**/*.ts", skip: [], limit: 4 })).output).toMatchObject({
      files: ["a/deep/y.test.ts", "a/x.ts", "b.ts", "node_modules/z.ts"],
      truncated: false,
    });
    expect((await world.call(globFiles, { path: ".", pattern: "**/*.ts", limit: 2 })).output).toMatchObject({ truncated: true });
  });
  test.each([
    [listFiles, { path: "b.ts" }, "call-denied"],
    [globFiles, { path: "b.ts", pattern: "*" }, "call-denied"],
    [globFiles, { path: ".", pattern: "{a" }, "tool-failed"],
  ] as const)("what cannot be done fails", async (tool, args, code) => {
    expect((await world.call(tool, args)).failure).toMatchObject({ code });
  });
});

describe("grepFiles", () => {
  beforeEach(() => {
    put("a.md", "# Loom\na thread\n");
    put("src/b.ts", "const thread = 1;\r\n// Threads (two)\n");
    put("src/bytes.bin", new Uint8Array([0x74, 0x68, 0x72, 0x65, 0x61, 0x64, 0xff]));
    put(".git/c", "thread");
  });
  test("finds lines that contain a text", async () => {
    const { output } = await world.call(grepFiles, { path: ".", pattern: "thread" });
    const matches = [
      { path: "a.md", line: 2, text: "a thread" },
      { path: "src/b.ts", line: 1, text: "const thread = 1;" },
    ];
    expect(output).toEqual({ path: world.folder, matches, filesSearched: 2, truncated: false });
    expect(undocumented("grepFiles", output)).toEqual([]);
  });
  test("finds lines that match an expression, in the files that are wanted", async () => {
    const args = { path: ".", pattern: "^// threads \\(\\w+\\)$", regex: true, ignoreCase: true, glob: "**/*.ts" };
    expect((await world.call(grepFiles, args)).output).toMatchObject({
      matches: [{ path: "src/b.ts", line: 2, text: "// Threads (two)" }],
      filesSearched: 1,
    });
  });
  test("searches one file too, and stops at its limit", async () => {
    expect((await world.call(grepFiles, { path: "src/b.ts", pattern: "hread", limit: 1 })).output).toMatchObject({
      matches: [{ path: "b.ts", line: 1 }],
      truncated: true,
    });
    expect((await world.call(grepFiles, { path: "src/b.ts", pattern: "hread", limit: 2 })).output).toMatchObject({ truncated: false });
  });
  test("reads the beginning of a large file, though the cut goes through a character", async () => {
    put("large.txt", `needle\n${"é".repeat(600_000)}`);
    put("odd.txt", `needle\n${"x"}${"é".repeat(600_000)}`);
    expect((await world.call(grepFiles, { path: ".", pattern: "needle" })).output).toMatchObject({
      matches: [{ path: "large.txt" }, { path: "odd.txt" }],
    });
  });
  test("ends with its node an expression that would take for ever", async () => {
    put("evil.txt", `${"a".repeat(60)}!`);
    const args = { path: ".", pattern: "^(a+)+$", regex: true };
    expect((await world.call(grepFiles, args, { node: { timeoutMs: 500 } })).failure).toMatchObject({ code: "timeout" });
  });
  test("refuses an expression that cannot be read", async () => {
    expect((await world.call(grepFiles, { path: ".", pattern: "(", regex: true })).failure).toMatchObject({ code: "tool-failed" });
  });
  test("shows nothing of a file that a policy keeps from being read by its path", async () => {
    put("secrets/key.txt", "a thread of gold");
    const bound = { kind: "ref", scope: "bound", name: "path" } as const;
    const deny = (left: Policy["condition"]): Policy => ({
      id: "deny secrets",
      kind: "deny",
      trigger: { capability: "fs.read", bind: { path: "path" } },
      condition: left!,
    });
    const secrets: Policy = deny({ kind: "eq", left: bound, right: { kind: "literal", value: join(world.folder, "secrets/key.txt") } });
    const { output, failure } = await world.call(grepFiles, { path: ".", pattern: "thread" }, { policies: [secrets] });
    expect(failure).toBeUndefined();
    expect(output).toMatchObject({ matches: [{ path: "a.md" }, { path: "src/b.ts" }] });
    expect((await world.call(grepFiles, { path: ".", pattern: "gold" })).output).toMatchObject({ matches: [{ path: "secrets/key.txt" }] });
  });
});

describe("writeFile", () => {
  test("makes a file and its folders, and replaces it", async () => {
    const made = await world.call(writeFile, { path: "new/a.txt", content: "é" });
    expect(made.output).toEqual({ path: join(world.folder, "new/a.txt"), bytesWritten: 2, created: true });
    expect(undocumented("writeFile", made.output)).toEqual([]);
    expect((await world.call(writeFile, { path: "new/a.txt", content: "" })).output).toMatchObject({ bytesWritten: 0, created: false });
    expect(readFileSync(join(world.folder, "new/a.txt"), "utf8")).toBe("");
  });
  test.each([
    ["../a.txt", "path-escapes-root"],
    ["folder", "file-is-folder"],
  ])("to %j is refused with %s", async (path, reason) => {
    put("folder/x", "");
    expect((await world.call(writeFile, { path, content: "x" })).failure).toMatchObject({ code: "call-denied", details: { reason } });
  });
  test("asks where the operator wants to be asked", async () => {
    const { failure } = await world.call(writeFile, { path: "a", content: "" }, { runtime: { approvals: { builtin: "deny" } } });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason: "operator-denied" } });
  });
});

describe("editFile", () => {
  test("replaces one text, and says what it did", async () => {
    const path = put("a.txt", "\ufeffone two\r\n");
    const { output } = await world.call(editFile, { path: "a.txt", find: "two", content: "zwei" });
    expect(output).toEqual({ path, occurrencesReplaced: 1, bytesWritten: 13 });
    expect(undocumented("editFile", output)).toEqual([]);
    expect(readFileSync(path, "utf8")).toBe("\ufeffone zwei\r\n");
  });
  test.each([
    ["an ambiguous text", { find: "a", content: "x" }, "tool-failed"],
    ["an absent text", { find: "z", content: "x" }, "tool-failed"],
    ["an empty text", { find: "", content: "x" }, "input-invalid"],
    ["an absent file", { path: "b.txt", find: "a", content: "x" }, "call-denied"],
  ])("refuses %s, and the file stays", async (_, args, code) => {
    const path = put("a.txt", "a a");
    expect((await world.call(editFile, { path: "a.txt", ...args })).failure).toMatchObject({ code });
    expect(readFileSync(path, "utf8")).toBe("a a");
  });
  test("shows policies the new text, and not the one that it replaces", async () => {
    const path = put("a.txt", "password");
    const condition = {
      kind: "contains",
      left: { kind: "ref", scope: "bound", name: "text" },
      right: { kind: "literal", value: "password" },
    };
    const policy = {
      id: "no passwords",
      kind: "deny",
      trigger: { capability: "fs.write", bind: { text: "content" } },
      condition,
    } as Policy;
    expect(
      (await world.call(editFile, { path: "a.txt", find: "password", content: "***" }, { policies: [policy] })).failure,
    ).toBeUndefined();
    const back = await world.call(editFile, { path: "a.txt", find: "***", content: "password" }, { policies: [policy] });
    expect(back.failure).toMatchObject({ code: "call-denied", details: { reason: "policy-denied", policy: "no passwords" } });
    expect(readFileSync(path, "utf8")).toBe("***");
  });
});
