import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyValue, holds, nested } from "../test/values.ts";
import { HeddleError } from "./errors.ts";
import { adoptJson, canonicalJson, isJsonArray, isJsonObject, jsonDepthMax, jsonEquals, parseJson } from "./json.ts";
import { JsonObjectSchema, JsonValueSchema } from "./json-schema.ts";

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (HeddleError.is(error)) return error.code;
    throw error;
  }
  return "nothing thrown";
}

/** The same members in another order, at every level. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reordered(member)]),
  );
}

describe("adoptJson", () => {
  test("copies, so that the maker of a value cannot change it afterwards", () => {
    const made = { list: [1, { deep: true }] };
    const adopted = adoptJson(made);
    made.list[0] = 2;
    (made.list[1] as { deep: boolean }).deep = false;
    expect(adopted).toEqual({ list: [1, { deep: true }] });
  });

  test("freezes at every level", () => {
    holds(
      fc.property(anyValue, (value) => {
        const isFrozen = (each: unknown): boolean =>
          typeof each !== "object" || each === null || (Object.isFrozen(each) && Object.values(each).every(isFrozen));
        const adopted = adoptJson(value);
        expect(isFrozen(adopted)).toBe(true);
        expect(jsonEquals(adopted, value)).toBe(true);
      }),
    );
  });

  test("treats undefined and toJSON as JSON does", () => {
    expect(adoptJson(undefined)).toBe(null);
    expect(adoptJson({ a: undefined, b: [undefined], c: new Date(0) })).toEqual({
      b: [null],
      c: "1970-01-01T00:00:00.000Z",
    });
    expect(adoptJson(new Date(Number.NaN))).toBe(null);
    const sparse: unknown[] = [];
    sparse[1] = 1;
    expect(adoptJson(sparse)).toEqual([null, 1]);
  });

  test("keeps members called __proto__ and constructor as members", () => {
    const adopted = adoptJson(JSON.parse('{"__proto__":{"admin":true},"constructor":1}'));
    expect(JSON.stringify(adopted)).toBe('{"__proto__":{"admin":true},"constructor":1}');
    expect((adopted as { admin?: boolean }).admin).toBe(undefined);
    expect(Object.getPrototypeOf(adopted)).toBe(Object.prototype);
  });

  test("leaves out inherited members and symbols", () => {
    const inherits: object = Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } });
    expect(adoptJson(inherits)).toEqual({ own: 2 });
    expect(adoptJson({ [Symbol("s")]: 1, a: 1 })).toEqual({ a: 1 });
  });

  test.each<[string, unknown, RegExp]>([
    ["NaN", Number.NaN, /a value is NaN/],
    ["infinity in an object", { a: { b: Number.POSITIVE_INFINITY } }, /^a\.b is Infinity/],
    ["a function", () => 1, /is a function/],
    ["a function in a list", { a: [1, () => 1] }, /^a\[1\] is a function/],
    ["a symbol", Symbol("s"), /symbol/],
    ["a bigint", { big: 1n }, /^big is a bigint/],
  ])("refuses %s, and says where it is", (_, value, message) => {
    expect(codeOf(() => adoptJson(value))).toBe("value-invalid");
    expect(() => adoptJson(value)).toThrow(message);
  });

  test("takes the greatest depth and refuses one more", () => {
    expect(() => adoptJson(JSON.parse(nested(jsonDepthMax)))).not.toThrow();
    expect(codeOf(() => adoptJson(JSON.parse(nested(jsonDepthMax + 1))))).toBe("value-too-deep");
  });

  test("refuses values that hold themselves, also by way of toJSON", () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(codeOf(() => adoptJson(circle))).toBe("value-too-deep");
    const endless = { toJSON: () => ({ again: endless }) };
    expect(codeOf(() => adoptJson(endless))).toBe("value-too-deep");
  });
});

describe("parseJson", () => {
  test("gives back what was written", () => {
    holds(
      fc.property(anyValue, (value) => {
        expect(jsonEquals(parseJson(JSON.stringify(value)), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("refuses text that is not JSON, too long, or too deep", () => {
    expect(codeOf(() => parseJson('{"a":'))).toBe("value-invalid");
    expect(codeOf(() => parseJson(""))).toBe("value-invalid");
    expect(codeOf(() => parseJson("[1e999]"))).toBe("value-invalid");
    expect(codeOf(() => parseJson('"abc"', 4))).toBe("value-too-large");
    expect(parseJson('"ab"', 4)).toBe("ab");
    expect(codeOf(() => parseJson(nested(jsonDepthMax + 1)))).toBe("value-too-deep");
    expect(codeOf(() => parseJson("[".repeat(1_000_000)))).toBe("value-too-deep");
    expect(() => parseJson(nested(jsonDepthMax))).not.toThrow();
  });

  test("does not count brackets in texts as depth", () => {
    const brackets = '[{\\"'.repeat(200);
    expect(parseJson(`["${brackets}", "\\\\"]`)).toHaveLength(2);
    expect(parseJson(JSON.stringify(Array(200).fill([])))).toHaveLength(200);
  });
});

describe("the canonical text", () => {
  const keysInUnitOrder = '{"\\n":3,"10":5,"z":2,"\u00e4":6,"\ud800\udf48":4,"\uff21":1}';

  test.each<[unknown, string]>([
    [{ b: 1, a: [true, null] }, '{"a":[true,null],"b":1}'],
    [{ "\uff21": 1, z: 2, "\n": 3, "\ud800\udf48": 4, 10: 5, "\u00e4": 6 }, keysInUnitOrder],
    [[1e21, 1e20, 1e-7, 1e-6, 0.1, -0, 5e-324, -12.5], "[1e+21,100000000000000000000,1e-7,0.000001,0.1,0,5e-324,-12.5]"],
    ['tab\tquote"slash/back\\\u0001\u2028\u00fc', '"tab\\tquote\\"slash/back\\\\\\u0001\u2028\u00fc"'],
    [{}, "{}"],
    [[], "[]"],
    [{ aa: 1, a: 2, A: 3, "": 4 }, '{"":4,"A":3,"a":2,"aa":1}'],
  ])("%#", (value, text) => {
    expect(canonicalJson(adoptJson(value))).toBe(text);
  });

  test("is equal exactly when the values are", () => {
    holds(
      fc.property(anyValue, anyValue, (a, b) => {
        expect(canonicalJson(a) === canonicalJson(b)).toBe(jsonEquals(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  test("does not know the order of members", () => {
    holds(
      fc.property(anyValue, (value) => {
        const other = adoptJson(reordered(value));
        expect(jsonEquals(other, value)).toBe(true);
        expect(canonicalJson(other)).toBe(canonicalJson(value));
      }),
    );
  });

  test("is JSON of the same value", () => {
    holds(
      fc.property(anyValue, (value) => {
        const text = canonicalJson(value);
        expect(jsonEquals(parseJson(text), value)).toBe(true);
        expect(canonicalJson(parseJson(text))).toBe(text);
      }),
    );
  });
});

describe("jsonEquals", () => {
  test("tells a list from an object, and a null member from none", () => {
    expect(jsonEquals([], {})).toBe(false);
    expect(jsonEquals({}, [])).toBe(false);
    expect(jsonEquals({ a: null }, {})).toBe(false);
    expect(jsonEquals({ a: null }, { b: null })).toBe(false);
    expect(jsonEquals(null, {})).toBe(false);
    expect(jsonEquals({ constructor: null }, { a: 1 })).toBe(false);
  });
});

test("lists and objects are told apart", () => {
  expect([isJsonArray([]), isJsonArray({}), isJsonArray(null)]).toEqual([true, false, false]);
  expect([isJsonObject({}), isJsonObject([]), isJsonObject(null), isJsonObject(undefined)]).toEqual([true, false, false, false]);
});

describe("the schemas for values", () => {
  test("accept every value and change none of its members", () => {
    holds(
      fc.property(anyValue, (value) => {
        expect(JsonValueSchema.parse(value)).toBe(value);
        expect(JsonObjectSchema.safeParse(value).success).toBe(isJsonObject(value));
      }),
    );
    const awkward = JSON.parse('{"__proto__":1}');
    expect(JSON.stringify(JsonObjectSchema.parse(awkward))).toBe('{"__proto__":1}');
  });

  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["a member that is undefined", { a: undefined }],
    ["a number that is not finite", [Number.POSITIVE_INFINITY]],
    ["a date", { at: new Date(0) }],
    ["a map", new Map()],
    ["a function", { run: () => 1 }],
    ["too deep a value", JSON.parse(nested(jsonDepthMax + 1))],
  ])("refuse %s", (_, value) => {
    expect(JsonValueSchema.safeParse(value).success).toBe(false);
    expect(JsonObjectSchema.safeParse(value).success).toBe(false);
  });
});
