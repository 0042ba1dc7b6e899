import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holds } from "../test/values.ts";
import { CallId, derivedId, mintId, Name, RunId, TenantId, TokenId, VariableName } from "./ids.ts";

const instants = fc.integer({ min: 0, max: 2 ** 48 });
const randomBytes = fc.uint8Array({ minLength: 10, maxLength: 16 });

describe("minted ids", () => {
  test("have the form of run and token ids", () => {
    holds(
      fc.property(instants, randomBytes, (atMs, random) => {
        expect(RunId.safeParse(mintId("run", atMs, random)).success).toBe(true);
        expect(TokenId.safeParse(mintId("tok", atMs, random)).success).toBe(true);
      }),
    );
  });

  test("sort by the time at which they were made", () => {
    holds(
      fc.property(instants, instants, randomBytes, randomBytes, (a, b, bytesA, bytesB) => {
        fc.pre(a < b);
        expect(mintId("run", a, bytesA) < mintId("run", b, bytesB)).toBe(true);
      }),
    );
  });

  test("differ when any of their 80 random bits does", () => {
    const zero = mintId("run", 1, new Uint8Array(10));
    for (let bit = 0; bit < 80; bit++) {
      const random = new Uint8Array(10);
      random[bit >> 3] = 1 << (bit & 7);
      expect(mintId("run", 1, random)).not.toBe(zero);
    }
  });

  test("depend on nothing else", () => {
    expect(mintId("run", 1_700_000_000_000, Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))).toBe("run_01hf7yat00000g40r40m30e209");
  });
});

describe("derived ids", () => {
  test("are the same for the same parts, and have the form of ids", () => {
    holds(
      fc.property(fc.array(fc.string()), (parts) => {
        const id = derivedId("run", ...parts);
        expect(derivedId("run", ...parts)).toBe(id);
        expect(RunId.safeParse(id).success).toBe(true);
      }),
    );
  });

  test("differ for other parts, also where the joined parts are the same", () => {
    expect(derivedId("run", "ab", "c")).not.toBe(derivedId("run", "a", "bc"));
    expect(derivedId("run", "a")).not.toBe(derivedId("run", "a", ""));
    expect(derivedId("run", "a,b")).not.toBe(derivedId("run", "a", "b"));
  });
});

const run = mintId("run", 0, new Uint8Array(10));

test.each<[string, { safeParse(value: unknown): { success: boolean } }, readonly string[], readonly string[]]>([
  ["call id", CallId, [`${run}/1`, `${run}/123456`], [run, `${run}/`, `${run}/-1`, `${run}/1/2`]],
  ["tenant", TenantId, ["default", "a", "9_x-y"], ["", "-a", "A", "a b", "a".repeat(64), "a/b"]],
  ["name", Name, ["a", "_x", "release-notes", "A.b-c_9"], ["", "9a", "a b", "a/b", "__proto__", "é", "a".repeat(129)]],
  ["variable", VariableName, ["a", "_x", "plan.summary", "__proto"], ["", "9", "a-b", "a.b.c", "a.", "__proto__"]],
])("a %s is told from other texts", (_, schema, good, bad) => {
  for (const text of good) expect([text, schema.safeParse(text).success]).toEqual([text, true]);
  for (const text of bad) expect([text, schema.safeParse(text).success]).toEqual([text, false]);
});
