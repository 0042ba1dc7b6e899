import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyValue, holds } from "../test/values.ts";
import type { JsonValue } from "./json.ts";
import { checkValue, fitsType, showType, ValueType } from "./value-type.ts";

const string: ValueType = { kind: "string" };
const number: ValueType = { kind: "number" };
const person: ValueType = {
  kind: "object",
  fields: [
    { name: "name", type: string },
    { name: "age", type: number, optional: true },
    { name: "tags", type: { kind: "array", items: string } },
  ],
};

const anyType: fc.Arbitrary<ValueType> = fc.letrec<{ type: ValueType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<ValueType>(...(["string", "number", "boolean", "path", "json"] as const).map((kind) => ({ kind })), {
      kind: "enum",
      values: ["a", 1, null],
    }),
    fc.record({ kind: fc.constant("array" as const), items: tie("type") }),
    fc.record({
      kind: fc.constant("object" as const),
      fields: fc.array(
        fc.record(
          {
            name: fc.constantFrom("a", "b", "constructor", "__proto__"),
            type: tie("type"),
            optional: fc.boolean(),
          },
          { requiredKeys: ["name", "type"] },
        ),
        { maxLength: 3 },
      ),
    }) as fc.Arbitrary<ValueType>,
  ),
})).type;

describe("values that fit", () => {
  test.each<[ValueType, readonly JsonValue[], readonly JsonValue[]]>([
    [string, ["", "a"], [null, 1, true, [], {}]],
    [{ kind: "path" }, ["a/b", ""], [null, 1]],
    [number, [0, -1.5], ["1", null, true]],
    [{ kind: "boolean" }, [true, false], [null, 0, "true"]],
    [{ kind: "json" }, [null, 0, "", [], {}], []],
    [{ kind: "enum", values: ["a", 1, null, false] }, ["a", 1, null, false], ["b", "1", true, [], {}]],
    [{ kind: "array", items: number }, [[], [1, 2]], [null, {}, ["1"], [1, null]]],
    [
      person,
      [
        { name: "A", tags: [] },
        { name: "A", tags: [], age: null },
        { name: "A", tags: ["x"], age: 3, more: true },
      ],
      [null, [], {}, { name: "A" }, { name: null, tags: [] }, { name: "A", tags: [1] }, { name: "A", tags: [], age: "3" }],
    ],
  ])("%#", (type, good, bad) => {
    for (const value of good) expect([value, checkValue(type, value)]).toEqual([value, []]);
    for (const value of bad) expect([value, fitsType(type, value)]).toEqual([value, false]);
  });

  test("have no problems, and the others have some", () => {
    holds(
      fc.property(anyType, anyValue, (type, value) => {
        expect(checkValue(type, value).length === 0).toBe(fitsType(type, value));
      }),
      { numRuns: 2000 },
    );
  });

  test("own the members that their type asks for", () => {
    const type: ValueType = { kind: "object", fields: [{ name: "constructor", type: { kind: "json" } }] };
    expect(fitsType(type, {})).toBe(false);
    expect(checkValue(type, {})).toEqual([{ path: "constructor", message: "is required (json)" }]);
    const optional: ValueType = { kind: "object", fields: [{ name: "toString", type: string, optional: true }] };
    expect(checkValue(optional, {})).toEqual([]);
  });
});

describe("problems", () => {
  test("come all at once, each with the path that leads to it", () => {
    expect(checkValue({ kind: "array", items: person }, [{ tags: ["a", 1] }, "x", { name: 2, tags: {}, age: true }])).toEqual([
      { path: "[0].name", message: "is required (string)" },
      { path: "[0].tags[1]", message: "is 1, expected string" },
      { path: "[1]", message: `is the string "x", expected ${showType(person)}` },
      { path: "[2].name", message: "is 2, expected string" },
      { path: "[2].age", message: "is true, expected number" },
      { path: "[2].tags", message: "is an object, expected string[]" },
    ]);
    expect(checkValue(string, null, "input.x")).toEqual([{ path: "input.x", message: "is null, expected string" }]);
    expect(checkValue(string, [])).toEqual([{ path: "", message: "is an array, expected string" }]);
  });

  test("are at most twenty", () => {
    expect(checkValue({ kind: "array", items: string }, Array(100).fill(1))).toHaveLength(20);
    const fields = Array.from({ length: 30 }, (_, i) => ({ name: `f${i}`, type: string }));
    expect(checkValue({ kind: "object", fields }, {})).toHaveLength(20);
  });

  test("do not repeat a long value", () => {
    const [problem] = checkValue(number, "x".repeat(10_000));
    expect(problem?.message.length).toBeLessThan(120);
  });
});

test.each<[ValueType, string]>([
  [string, "string"],
  [{ kind: "array", items: { kind: "array", items: number } }, "number[][]"],
  [{ kind: "enum", values: ["a", 1, null] }, '"a" | 1 | null'],
  [{ kind: "array", items: { kind: "enum", values: ["a", "b"] } }, '("a" | "b")[]'],
  [person, "{ name: string, age?: number, tags: string[] }"],
  [{ kind: "object", fields: [] }, "{}"],
])("a type reads as people write it, %#", (type, text) => {
  expect(showType(type)).toBe(text);
});

test("types from outside are parsed strictly", () => {
  holds(
    fc.property(anyType, (type) => {
      expect(ValueType.parse(type)).toEqual(type);
    }),
  );
  for (const wrong of [{ kind: "int" }, { kind: "array" }, { kind: "enum", values: [] }, { kind: "string", optional: true }]) {
    expect(ValueType.safeParse(wrong).success).toBe(false);
  }
});
