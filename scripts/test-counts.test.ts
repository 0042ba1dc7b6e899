import { describe, expect, it } from "vitest";
import { countChecks, countVitest, verdict } from "./lib/test-counts.mjs";

const report = (passed: number, failed: number, pending = 0, testResults: object[] = []) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  numTodoTests: 0,
  testResults,
});

describe("counting tests", () => {
  it("takes the numbers of a report", () => {
    expect(countVitest(report(5, 1, 2), 1)).toEqual({ passed: 5, failed: 1, skipped: 2 });
  });

  it("counts a file that does not load as a failure", () => {
    const broken = [{ status: "failed", assertionResults: [] }];
    expect(countVitest(report(5, 0, 0, broken), 1)).toMatchObject({ passed: 5, failed: 1 });
  });

  it("does not take an empty or missing report for success", () => {
    expect(countVitest(report(0, 0), 0).failed).toBe(1);
    expect(countVitest(undefined, 0).failed).toBe(1);
  });

  it("notices an error outside any test", () => {
    expect(countVitest(report(5, 0), 1)).toMatchObject({ passed: 5, failed: 1 });
  });

  it("counts checks line by line", () => {
    const output = "ok - a\nnot ok - b\n    ok - inside the output of b\nskip - c\n";
    expect(countChecks(output, 1)).toEqual({ passed: 1, failed: 1, skipped: 1 });
    expect(countChecks("", 0).failed).toBe(1);
    expect(countChecks("ok - a\n", 1).failed).toBe(1);
  });
});

describe("the verdict", () => {
  const step = (passed: number, failed: number, skipped = 0) => ({ name: "s", passed, failed, skipped, seconds: 1 });

  it("ends with the sum of all steps", () => {
    const { lines, exitCode } = verdict([step(2, 0), step(3, 1)], false);
    expect(lines.at(-1)).toBe("5 passed, 1 failed");
    expect(exitCode).toBe(1);
  });

  it("accepts skipped tests on a desk, not in CI", () => {
    expect(verdict([step(2, 0, 1)], false).exitCode).toBe(0);
    expect(verdict([step(2, 0, 1)], true).exitCode).toBe(1);
  });

  it("does not take nothing for success", () => {
    expect(verdict([], false).exitCode).toBe(1);
  });
});
