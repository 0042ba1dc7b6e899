// Steps whose code is elsewhere: what they record, and what they say when they are misused.
import { anonymousBundle, checkBundle, checkIr, type Node, parseManifest } from "@heddle/core";
import { describe, expect, expectTypeOf, test } from "vitest";
import { AuthoringError, type Builder, buildWorkflow, type ProgramResult, t, type Value } from "./index.ts";

function nodesOf(body: (b: Builder, input: { text: Value<string> }) => unknown): readonly Node[] {
  const { ir } = buildWorkflow({ id: "w", input: { text: t.string } }, body);
  expect(checkIr(ir, new Set(["w"]))).toEqual([]);
  expect(checkBundle(parseManifest(JSON.parse(JSON.stringify(anonymousBundle([ir])))))).toEqual([]);
  return ir.nodes;
}

const textRef = { kind: "ref", scope: "var", name: "text" };
const shape = t.object({ words: t.number });
const file = new URL("./count.mjs", import.meta.url);
const loose = (value: unknown): never => value as never;

describe("b.tool", () => {
  test("names the capability of a tool of the runtime, where it is given", () => {
    const [node] = nodesOf((b, { text }) => b.tool("writeFile", { path: "a.txt", content: text }, { capability: "fs.write" }));
    expect(node).toMatchObject({ kind: "tool", id: "writeFile", tool: "writeFile", capability: "fs.write" });
  });

  test("calls an action by its name; the step is named after the action, and its result has the declared type", () => {
    const [node] = nodesOf((b, { text }) => {
      const { words } = b.tool("texts.measure", { text }, { permission: "read", output: shape, retry: { attemptsMax: 2 } });
      expectTypeOf(words).toEqualTypeOf<Value<number>>();
      return words;
    });
    expect(node).toMatchObject({
      kind: "tool",
      id: "measure",
      capability: "texts.measure",
      tool: "texts.measure",
      permission: "read",
      retry: { attemptsMax: 2 },
      reads: [{ name: "text", value: textRef }],
      writes: [{ name: "measure", type: { kind: "object" } }],
    });
  });

  test("says nothing of a permission that was not given, and goes where a person's no leads", () => {
    const nodes = nodesOf((b, { text }) => b.tool("texts.replace", { text }, { id: "swap", onRejected: () => "kept" }));
    expect(nodes[0]).toMatchObject({ kind: "tool", id: "swap" });
    expect(nodes[0]).not.toHaveProperty("permission");
    expect(nodes[0]?.writes?.map(({ name, on }) => [name, on])).toEqual([["swap", undefined]]);
    expect(nodes[1]).toMatchObject({ kind: "router", writes: [{ name: "swap", value: { kind: "literal", value: "kept" } }] });
  });
});

describe("b.remote", () => {
  test("asks a node server for a node, with fixed parameters", () => {
    const [node] = nodesOf((b, { text }) =>
      b.remote("blur", { image: text }, { server: "@me/images", parameters: { radius: 3 }, safety: "safe" }),
    );
    expect(node).toMatchObject({
      kind: "remote",
      id: "blur",
      remote: { node: "blur", server: "@me/images", parameters: { radius: 3 } },
      safety: "safe",
      reads: [{ name: "image", value: textRef }],
    });
  });
});

describe("b.process", () => {
  test("takes a file of its command along, and holds what it prints to the declared type", () => {
    const [node] = nodesOf((b, { text }) => {
      const counted = b.process(["node", file, "--fast"], { text }, { output: shape, config: { timeout_seconds: 5 } });
      const { words } = counted;
      expectTypeOf(words).toEqualTypeOf<Value<number>>();
      return words;
    });
    expect(node).toMatchObject({
      kind: "process",
      id: "count",
      config: { command: ["node", "count.mjs", "--fast"], require_json_object: true, timeout_seconds: 5 },
      uploads: [{ source: file.href, target: "count.mjs" }],
      reads: [{ name: "text", value: textRef }],
      writes: [{ name: "count", value: { kind: "field", of: { kind: "ref", scope: "result" }, name: "output" } }],
    });
  });

  test("gives everything that a program left behind where no type is declared, and takes further files along", () => {
    const words = new URL("./words.txt", import.meta.url);
    const [node] = nodesOf((b) => {
      const done = b.process(["wc", words], {}, { files: [file] });
      expectTypeOf(done).toEqualTypeOf<Value<ProgramResult>>();
      return done.sandbox.stdout;
    });
    expect(node).toMatchObject({
      id: "words",
      uploads: [{ target: "words.txt" }, { target: "count.mjs" }],
      config: { command: ["wc", "words.txt"] },
    });
    expect(JSON.stringify(node)).not.toContain("require_json_object");
  });
});

test.each<[string, (b: Builder, input: { text: Value<string> }) => unknown, string]>([
  ["a tool without a name", (b) => b.tool(loose({})), "the tool of b.tool is {}"],
  ["a capability without a name", (b) => b.tool("a.b", {}, { capability: loose("") }), "the capability of b.tool a.b is"],
  ["a permission that does not exist", (b) => b.tool("a.b", {}, { permission: loose("write") }), "There are read, modify and admin"],
  ["an input as a whole", (b, { text }) => b.tool("a.b", loose(text)), "Give its inputs by name"],
  ["an option that does not exist", (b) => b.remote("a", {}, loose({ sever: "x" })), "has the option sever, which does not exist"],
  ["a parameter of the run", (b, { text }) => b.remote("a", {}, { parameters: { p: loose(text) } }), "only a run knows"],
  ["no command", (b) => b.process([]), "b.process was not given a command"],
  ["an argument of the run", (b, { text }) => b.process(["echo", loose(text)]), "give it as an input"],
  ["a file from elsewhere", (b) => b.process(["node", new URL("https://example.org/a.mjs")]), "neither a text nor the place of a file"],
  [
    "two files of one name",
    (b) => b.process(["node", file, new URL("../count.mjs", import.meta.url)]),
    "two files that are named count.mjs",
  ],
])("misuse: %s", (_name, body, told) => {
  const build = (): unknown => buildWorkflow({ id: "w", input: { text: t.string } }, body);
  expect(build).toThrow(told);
  expect(build).toThrow(expect.objectContaining({ name: AuthoringError.name }));
});
