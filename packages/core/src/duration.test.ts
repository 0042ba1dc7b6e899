import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holds } from "../test/values.ts";
import { formatDuration, instantOf, parseDuration } from "./duration.ts";
import { HeddleError } from "./errors.ts";

describe("durations", () => {
  test.each([
    ["0", 0],
    ["250", 250],
    ["250ms", 250],
    ["5s", 5_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["1.5h", 5_400_000],
    ["0.5ms", 1],
    [" 10s ", 10_000],
    ["1m1m", 120_000],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", " ", "soon", "5x", "-5s", "1h 30m", "1h30", "s", "1.5.5s", ".5s", "5S", "9".repeat(400)])("%j is none", (text) => {
    let code = "";
    try {
      parseDuration(text);
    } catch (error) {
      if (HeddleError.is(error)) code = error.code;
    }
    expect(code).toBe("value-invalid");
  });

  test("read back as they were written", () => {
    holds(
      fc.property(fc.nat({ max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  test.each([
    [0, "0s"],
    [-5, "0s"],
    [0.2, "0s"],
    [250, "250ms"],
    [90_061_001, "1d1h1m1s1ms"],
    [5_400_000, "1h30m"],
  ])("%d ms is short in writing", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("instants", () => {
  test.each<[unknown, number]>([
    [0, 0],
    [1.9, 1],
    ["1970-01-01T00:00:00Z", 0],
    ["2024-02-29T12:00:00.250Z", 1_709_208_000_250],
    ["2024-02-29T12:00:00+02:00", 1_709_200_800_000],
    ["2024-02-29t12:00:00z", 1_709_208_000_000],
    ["1969-12-31T23:59:59Z", -1_000],
  ])("%j", (value, ms) => {
    expect(instantOf(value)).toBe(ms);
  });

  test.each<[unknown]>([
    [null],
    [true],
    [-1],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [""],
    ["tomorrow"],
    ["2024-02-29"],
    ["2024-02-29T12:00:00"],
    ["2024-02-29 12:00:00Z"],
    ["2023-02-29T12:00:00Z"],
    ["2024-04-31T12:00:00Z"],
    ["2024-13-01T12:00:00Z"],
    ["2024-01-01T24:00:00Z"],
    ["2024-01-01T12:60:00Z"],
    ["2024-01-01T12:00:00+25:00"],
    [[0]],
    [{}],
  ])("%j is none", (value) => {
    expect(instantOf(value)).toBe(undefined);
  });
});
