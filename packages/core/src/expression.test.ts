import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyExpr, anyScope, anyValue, holds, scopeOf } from "../test/values.ts";
import { compileExpr, type EvalScope, Expr, evaluate, pathOf, readPath, refsOf, textOf } from "./expression.ts";
import { adoptJson, type JsonObject, type JsonValue, jsonEquals, parseJson, valueBytesMax } from "./json.ts";

interface Row {
  readonly line: number;
  readonly expr: Expr;
  readonly scope: JsonObject;
  readonly value: JsonValue;
}

/** The rows of the semantics tables: three code spans, then a cell for people. */
function rowsOf(text: string): readonly Row[] {
  return text.split("\n").flatMap((source, index) => {
    const cells = /^\| `(.*?)` \| `(.*?)` \| `(.*?)` \|/.exec(source);
    if (cells === null) return [];
    const [expr, scope, value] = cells.slice(1).map((cell) => parseJson(cell)) as [JsonValue, JsonObject, JsonValue];
    return [{ line: index + 1, expr: Expr.parse(expr), scope, value }];
  });
}

const document = readFileSync(new URL("../../../docs/expressions.md", import.meta.url), "utf8");
const rows = rowsOf(document);

describe("the semantics tables of docs/expressions.md", () => {
  test("have rows for every kind of expression and every operator", () => {
    expect(rows.length).toBeGreaterThan(100);
    const words = (expr: Expr): string => ("op" in expr ? `${expr.kind} ${expr.op}` : expr.kind);
    const ops = [
      ...["lt", "lte", "gt", "gte"].map((op) => `compare ${op}`),
      ...["add", "sub", "mul", "div", "mod"].map((op) => `arithmetic ${op}`),
    ];
    const kinds = "literal ref field index length not and or eq starts-with contains in coalesce if template array object";
    expect(new Set(rows.map((row) => words(row.expr)))).toEqual(new Set([...kinds.split(" "), ...ops]));
  });

  test("lose no row to a slip of the pen", () => {
    const looksLikeRow = document.split("\n").filter((line) => line.startsWith("| `{"));
    expect(rows.length).toBe(looksLikeRow.length);
  });

  test.each(rows.map((row) => [row.line, row] as const))("line %i", (_, row) => {
    const before = JSON.stringify(row.scope);
    const value = evaluate(row.expr, scopeOf(row.scope));
    expect(value).toEqual(row.value);
    expect(jsonEquals(value, row.value)).toBe(true);
    expect(JSON.stringify(row.scope)).toBe(before);
  });
});

describe("evaluation", () => {
  test("is total, gives JSON, and changes neither scope nor expression", () => {
    holds(
      fc.property(anyExpr, anyScope, (expr, scope) => {
        const before = JSON.stringify([expr, scope]);
        const value = evaluate(expr, scopeOf(scope));
        expect(JSON.stringify([expr, scope])).toBe(before);
        expect(adoptJson(value)).toEqual(value);
      }),
      { numRuns: 1000 },
    );
  });

  test("gives the same value again, compiled once or each time", () => {
    holds(
      fc.property(anyExpr, anyScope, (expr, scope) => {
        const compiled = compileExpr(expr);
        const first = compiled(scopeOf(scope));
        expect(jsonEquals(first, compiled(scopeOf(scope)))).toBe(true);
        expect(jsonEquals(first, evaluate(expr, scopeOf(scope)))).toBe(true);
      }),
    );
  });

  test("of random expressions parses as expressions do", () => {
    holds(
      fc.property(anyExpr, (expr) => {
        expect(Expr.parse(expr)).toEqual(expr);
      }),
    );
  });

  test("is null where a text would outgrow every value", () => {
    const half = "x".repeat(valueBytesMax / 2);
    const scope: EvalScope = { var: (name) => (name === "half" ? half : "y") };
    const half1: Expr = { kind: "ref", scope: "var", name: "half" };
    const more: Expr = { kind: "ref", scope: "var", name: "more" };
    const whole: Expr = { kind: "arithmetic", op: "add", left: half1, right: half1 };
    expect(textOf(evaluate(whole, scope))).toHaveLength(valueBytesMax);
    expect(evaluate({ kind: "arithmetic", op: "add", left: whole, right: more }, scope)).toBe(null);
    expect(evaluate({ kind: "template", parts: [half1, half1, more] }, scope)).toBe(null);
  });
});

describe("expressions from outside", () => {
  test.each([
    ["an unknown kind", { kind: "call", of: [] }],
    ["an unknown scope", { kind: "ref", scope: "env", name: "HOME" }],
    ["an unknown operator", { kind: "compare", op: "ne", left: null, right: null }],
    ["a literal without a value", { kind: "literal" }],
    ["a literal that is not JSON", { kind: "literal", value: Number.NaN }],
    ["an unknown member", { kind: "ref", scope: "var", name: "x", nmae: "y" }],
    ["a missing side", { kind: "eq", left: { kind: "literal", value: 1 } }],
    ["a fault far inside", { kind: "not", of: { kind: "and", of: [{ kind: "nope" }] } }],
  ])("%s is refused", (_, value) => {
    expect(Expr.safeParse(value).success).toBe(false);
  });

  test("keep every member of a literal, whatever its name", () => {
    const literal = parseJson('{"kind":"literal","value":{"__proto__":{"a":1},"constructor":2}}');
    expect(JSON.stringify(Expr.parse(literal))).toBe(JSON.stringify(literal));
  });
});

describe("refsOf", () => {
  test("finds every reference, and a scope without the rest gives the same value", () => {
    holds(
      fc.property(anyExpr, anyScope, (expr, scope) => {
        const named = new Set(refsOf(expr).flatMap((ref) => (ref.scope === "var" ? [ref.name] : [])));
        const whole = scopeOf(scope);
        const trimmed: EvalScope = { ...whole, var: (name) => (named.has(name) ? whole.var(name) : "not asked for") };
        expect(jsonEquals(evaluate(expr, trimmed), evaluate(expr, whole))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("lists outer references before inner ones", () => {
    const ref = (name: string): Expr => ({ kind: "ref", scope: "var", name });
    const expr: Expr = { kind: "if", test: ref("a"), then: { kind: "array", items: [ref("b")] }, else: ref("c") };
    expect(refsOf(expr).map((each) => each.name)).toEqual(["a", "b", "c"]);
  });
});

describe("pathOf and readPath", () => {
  test("agree with evaluation wherever there is a path", () => {
    const step = fc.oneof(fc.constantFrom("a", "b", "__proto__", "length"), fc.integer({ min: -1, max: 3 }));
    holds(
      fc.property(anyValue, fc.array(step, { maxLength: 4 }), (value, steps) => {
        const start: Expr = { kind: "ref", scope: "var", name: "x" };
        const expr = steps.reduce<Expr>(
          (of, at) =>
            typeof at === "string" ? { kind: "field", of, name: at } : { kind: "index", of, at: { kind: "literal", value: at } },
          start,
        );
        expect(pathOf(expr)).toEqual({ scope: "var", name: "x", path: steps });
        expect(jsonEquals(readPath(value, steps), evaluate(expr, { var: () => value }))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("of a random expression is a path only if reading it gives the same", () => {
    holds(
      fc.property(anyExpr, anyScope, (expr, scope) => {
        const found = pathOf(expr);
        if (found === undefined) return;
        const { path, ...ref } = found;
        const base = evaluate({ kind: "ref", scope: ref.scope, ...(ref.name === undefined ? {} : { name: ref.name }) }, scopeOf(scope));
        expect(jsonEquals(readPath(base, path), evaluate(expr, scopeOf(scope)))).toBe(true);
      }),
    );
  });

  test.each<[string, Expr]>([
    ["a literal", { kind: "literal", value: 1 }],
    ["a computed position", { kind: "index", of: { kind: "ref", scope: "var", name: "x" }, at: { kind: "ref", scope: "var", name: "i" } }],
    ["a position that is not whole", { kind: "index", of: { kind: "ref", scope: "var", name: "x" }, at: { kind: "literal", value: 0.5 } }],
    ["a field of something made", { kind: "field", of: { kind: "object", fields: [] }, name: "a" }],
  ])("%s is no path", (_, expr) => {
    expect(pathOf(expr)).toBe(undefined);
  });
});
