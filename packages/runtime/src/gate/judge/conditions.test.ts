// Parity: NE5.
import { readFileSync } from "node:fs";
import { Expr, type JsonObject, type JsonValue, type Policy, type PreparedCall, parseJson, type WorkflowInput } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { callOf, contextOf, inputOf, pathOf } from "../../../test/gate-calls.ts";
import { reasonCodes } from "../screen/index.ts";
import { judge } from "./index.ts";

const document = readFileSync(new URL("../../../../../docs/policies.md", import.meta.url), "utf8");

interface Row {
  readonly line: number;
  readonly condition: Expr;
  readonly call: JsonObject;
  readonly answer: boolean | "error";
}

function rowsOf(text: string): readonly Row[] {
  return text.split("\n").flatMap((source, index) => {
    const cells = /^\| `(.*?)` \| `(.*?)` \| `(true|false|"error")` \|/.exec(source);
    if (cells === null) return [];
    const [condition, call, answer] = cells.slice(1).map((cell) => parseJson(cell)) as [JsonValue, JsonObject, Row["answer"]];
    return [{ line: index + 1, condition: Expr.parse(condition), call, answer }];
  });
}

const inputs: readonly WorkflowInput[] = [
  ...(["root", "other"] as const).map((name) => inputOf(name, "path")),
  { name: "roots", type: { kind: "array", items: { kind: "path" } } },
  inputOf("text", "string"),
  inputOf("n", "number"),
  inputOf("flag", "boolean"),
  { name: "list", type: { kind: "array", items: { kind: "string" } } },
  inputOf("any", "json"),
  { name: "tree", type: { kind: "object", fields: [{ name: "folder", type: { kind: "path" } }] } },
];

/** How a deny policy with that condition answers. */
function answerOf(condition: Expr, row: JsonObject): Row["answer"] {
  const { inputs: given, inputPaths, paths, base, ...args } = row;
  const bind = { path: "path", content: "content", mode: "mode" };
  const policy: Policy = { id: "p", kind: "deny", trigger: { capability: "fs.write", bind }, condition };
  const others = Object.entries((paths ?? {}) as Record<string, string>).map(([name, real]) => pathOf(name, real));
  const call: PreparedCall = callOf("fs.write", args);
  const prepared: PreparedCall = {
    ...call,
    paths: [...call.paths, ...others],
    ...(inputPaths === undefined ? {} : { inputPaths: inputPaths as Record<string, string> }),
  };
  const { base: _, ...context } = contextOf([policy], { inputs: (given ?? {}) as JsonObject }, inputs);
  const verdict = judge(prepared, typeof base === "string" ? { ...context, base } : context);
  if (verdict.kind !== "deny") return false;
  return verdict.denial.code === "policy-denied" ? true : "error";
}

const rows = rowsOf(document);

describe("the table of conditions in docs/policies.md", () => {
  test("has rows for every kind of expression", () => {
    const kinds =
      "literal ref field index length not and or compare eq arithmetic starts-with contains in coalesce if template array object";
    const found = new Set<string>();
    const visit = (value: JsonValue): void => {
      if (typeof value !== "object" || value === null) return;
      if (!Array.isArray(value) && "kind" in value) found.add(String(value.kind));
      for (const each of Object.values(value)) visit(each);
    };
    for (const row of rows) visit(row.condition as unknown as JsonValue);
    expect(found).toEqual(new Set(kinds.split(" ")));
    for (const answer of [true, false, "error"]) expect(rows.some((row) => row.answer === answer)).toBe(true);
  });

  test("loses no row to a slip of the pen", () => {
    expect(rows.length).toBeGreaterThan(140);
    expect(rows.length).toBe(document.split("\n").filter((line) => line.startsWith("| `{")).length);
  });

  test.each(rows.map((row) => [row.line, row] as const))("line %i", (_, row) => {
    expect(answerOf(row.condition, row.call)).toBe(row.answer);
  });
});

test("the list of reasons in docs/policies.md is the list of codes, in their order", () => {
  const section = document.slice(document.indexOf("## Reasons"), document.indexOf("## The screen"));
  expect([...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1])).toEqual([...reasonCodes]);
});
