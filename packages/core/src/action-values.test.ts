/** What goes into an action and comes out of it: defaults, types, choices, and all problems at once. */
import { describe, expect, test } from "vitest";
import { Action, checkInputs, checkOutputs, describeProblems, type JsonObject, type JsonValue } from "./index.ts";

const action: Action = Action.parse({
  name: "search",
  description: "Finds things",
  permission: "read",
  input: [
    { name: "query", type: "string" },
    { name: "limit", type: "integer", default: 10 },
    { name: "order", type: "string", required: false, enum: ["newest", "oldest"] },
    { name: "deep", type: "boolean", required: false },
    { name: "weight", type: "number", required: false },
    { name: "tags", type: "array", required: false },
    { name: "filter", type: "object", required: false },
    { name: "extra", type: "json", required: false },
  ],
  output: [
    { name: "hits", type: "array" },
    { name: "more", type: "boolean", default: false },
  ],
});

const told = (given: JsonObject) => describeProblems(checkInputs(action, given).problems);

describe("inputs", () => {
  test("are given their defaults, and are frozen", () => {
    const { value } = checkInputs(action, { query: "x" });
    expect(value).toEqual({ query: "x", limit: 10 });
    expect(Object.isFrozen(value)).toBe(true);
  });

  test("that are null and optional are left out", () => {
    expect(checkInputs(action, { query: "x", limit: null, order: null, extra: null }).value).toEqual({ query: "x", limit: 10 });
  });

  test("of every type pass when they fit", () => {
    const given = { query: "", limit: -1, order: "newest", deep: false, weight: 0.5, tags: [], filter: { a: 1 }, extra: [null] };
    expect(checkInputs(action, given).value).toEqual(given);
  });

  const misfits: readonly [string, JsonValue, string][] = [
    ["query", 1, "query is 1, expected a string"],
    ["query", null, "query is required (a string)"],
    ["limit", 1.5, "limit is 1.5, expected a whole number"],
    ["limit", "10", 'limit is the string "10", expected a whole number'],
    ["limit", 2 ** 53, "limit is 9007199254740992, expected a whole number"],
    ["order", "best", 'order is not one of "newest", "oldest"'],
    ["deep", "true", 'deep is the string "true", expected true or false'],
    ["weight", "1", 'weight is the string "1", expected a number'],
    ["tags", {}, "tags is an object, expected an array"],
    ["filter", [], "filter is an array, expected an object"],
  ];
  test.each(misfits)("%s cannot be %j", (name, value, message) => {
    expect(told({ query: "x", [name]: value })).toBe(message);
  });

  test("that do not fit are told all at once", () => {
    expect(told({ limit: "ten", order: 1, querry: "x" })).toBe(
      'query is required (a string); limit is the string "ten", expected a whole number; order is 1, expected a string; ' +
        "querry is no input of search (did you mean query?)",
    );
  });

  test("may repeat the name of the action, and no other", () => {
    expect(checkInputs(action, { query: "x", action: "search" }).value).toEqual({ query: "x", limit: 10 });
    expect(told({ query: "x", action: "delete" })).toMatch(/^action is no input of search/);
  });

  test("of an action without any are none", () => {
    const bare = { ...action, input: [] };
    expect(checkInputs(bare, {}).value).toEqual({});
    expect(describeProblems(checkInputs(bare, { a: 1 }).problems)).toBe("a is no input of search, which takes none");
  });

  test("cannot reach beyond their own names", () => {
    expect(told(JSON.parse('{"query":"x","constructor":1}') as JsonObject)).toMatch(/^constructor is no input/);
    expect(checkInputs({ ...action, input: [{ ...action.input[0]!, name: "toString" }] }, {}).problems).toHaveLength(1);
  });
});

describe("outputs", () => {
  test("are given their defaults, and keep what is not declared", () => {
    expect(checkOutputs(action, { hits: [], took: 3 }).value).toEqual({ hits: [], more: false, took: 3 });
  });

  test("that are missing or of another type are told", () => {
    expect(describeProblems(checkOutputs(action, { hits: "many", more: 1 }).problems)).toBe(
      'hits is the string "many", expected an array; more is 1, expected true or false',
    );
    expect(describeProblems(checkOutputs(action, "many").problems)).toBe('is the string "many", expected an object with hits, more');
  });

  test("are any value where none are declared", () => {
    for (const value of [null, 1, "x", [], {}]) expect(checkOutputs({ ...action, output: [] }, value).value).toEqual(value);
  });
});
