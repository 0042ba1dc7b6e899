import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type ErrorCode,
  type ErrorSpec,
  errorCodes,
  HeddleError,
  InvariantViolatedError,
  invariant,
  isErrorCode,
  publicError,
  unreachable,
} from "./errors.ts";
import { Failure, failureOf, runFailedError } from "./failure.ts";

const registry: Readonly<Record<string, ErrorSpec>> = errorCodes;

describe("docs/errors.md", () => {
  const document = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const sections = document
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      code: section.slice(0, section.indexOf("\n")).trim(),
      text: section,
    }));
  const codes = sections.map((section) => section.code).filter((code) => /^[a-z][a-z-]*$/.test(code));

  test("has one section for each code, and none for others", () => {
    expect(codes.toSorted()).toEqual(Object.keys(registry).toSorted());
  });

  test.each(codes)("%s is described as the registry has it", (code) => {
    const text = sections.find((section) => section.code === code)?.text ?? "";
    const spec = registry[code] as ErrorSpec;
    expect(text).toContain(`- category: ${spec.category}\n`);
    expect(text).toContain(`- retry: ${spec.retry}\n`);
    expect(text).toMatch(new RegExp(`- grpc: ${spec.grpc} [A-Z_]+\n`));
    expect(text).toContain(`- http: ${spec.http}\n`);
    expect(text).toMatch(/\nWhat to do: /);
  });
});

describe("the registry", () => {
  test.each(Object.entries(registry))("%s has sensible statuses", (code, spec) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(spec.grpc).toBeGreaterThanOrEqual(1);
    expect(spec.grpc).toBeLessThanOrEqual(16);
    expect(spec.http).toBeGreaterThanOrEqual(400);
    expect(spec.http).toBeLessThan(600);
    expect(isErrorCode(code)).toBe(true);
  });

  test.each(["", "Timeout", "toString", "__proto__", "nope"])("%j is no code", (code) => {
    expect(isErrorCode(code)).toBe(false);
  });
});

describe("an error of ours", () => {
  test("is known by brand and code, also from another copy of this package", () => {
    const error = new HeddleError("run-not-found", "no such run", { details: { runId: "run_1" } });
    expect(HeddleError.is(error)).toBe(true);
    expect(HeddleError.is(error, "run-not-found")).toBe(true);
    expect(HeddleError.is(error, "run-ended")).toBe(false);
    const foreign = { [Symbol.for("@heddle/core/HeddleError")]: true, code: "run-not-found", message: "", details: {} };
    expect(HeddleError.is(foreign, "run-not-found")).toBe(true);
  });

  test.each([undefined, null, "run-not-found", new Error("run-not-found"), { code: "run-not-found" }])("%j is none", (value) => {
    expect(HeddleError.is(value)).toBe(false);
  });

  test("keeps its cause", () => {
    const cause = new Error("disk");
    expect(new HeddleError("storage-failed", "x", { cause }).cause).toBe(cause);
    expect("cause" in new HeddleError("storage-failed", "x")).toBe(false);
  });
});

describe("what a stranger is told", () => {
  test("is code, message and details of an error of ours, without its cause", () => {
    const error = new HeddleError("run-ended", "it is over", { cause: new Error("secret"), details: { runId: "r" } });
    expect(publicError(error)).toEqual({ code: "run-ended", message: "it is over", details: { runId: "r" } });
  });

  test("is nothing of what went wrong inside", () => {
    const told = { message: "internal error", details: {} };
    expect(publicError(new Error("secret"))).toEqual({ code: "internal", ...told });
    expect(publicError("secret")).toEqual({ code: "internal", ...told });
    expect(publicError(new InvariantViolatedError("secret"))).toEqual({ code: "internal", ...told });
    expect(publicError(new HeddleError("storage-failed", "secret", { details: { path: "secret" } }))).toEqual({
      code: "storage-failed",
      ...told,
    });
  });

  test("is nothing of an error with a code of a later version", () => {
    const later = new HeddleError("from-the-future" as ErrorCode, "secret");
    expect(publicError(later)).toEqual({ code: "internal", message: "internal error", details: {} });
  });
});

test("a broken invariant is an error of its own", () => {
  expect(() => invariant(true, "x")).not.toThrow();
  let caught: unknown;
  try {
    invariant(false, "two plus two");
  } catch (error) {
    caught = error;
  }
  expect(HeddleError.is(caught, "invariant-violated")).toBe(true);
  expect(() => unreachable("x" as never)).toThrow(/unhandled variant: "x"/);
});

describe("failures", () => {
  test("parse as they are made, and leave out what is not there", () => {
    const failure = failureOf("timeout", "too slow", "timeout", { retryable: true, node: "a" });
    expect(failure).toEqual({ code: "timeout", message: "too slow", class: "timeout", retryable: true, node: "a" });
    expect(Failure.parse(failure)).toEqual(failure);
    expect(Object.keys(failureOf("rejected", "no", "rejected"))).toEqual(["code", "message", "class", "retryable"]);
    expect(Failure.safeParse({ ...failure, stack: "x" }).success).toBe(false);
    expect(Failure.safeParse({ ...failure, class: "odd" }).success).toBe(false);
  });

  test("become the error of a failed run", () => {
    const error = runFailedError("run_1", failureOf("handler-failed", "boom", "handler", { node: "a" }));
    expect(error.message).toBe("run run_1 failed: boom (handler-failed)");
    expect(error.details).toEqual({ runId: "run_1", code: "handler-failed", class: "handler", node: "a" });
  });
});
