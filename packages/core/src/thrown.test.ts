/** What foreign code threw, as a failure. */
import { describe, expect, test } from "vitest";
import { Failure, failureOfThrown } from "./index.ts";

describe("what was thrown", () => {
  test("keeps the author's words, code and details, and loses stack and cause", () => {
    const error = Object.assign(new Error("no such city", { cause: new Error("secret") }), { code: "no-city", details: { city: "x" } });
    const failure = failureOfThrown(error, "weather");
    expect(failure).toEqual({
      code: "no-city",
      message: "no such city",
      class: "handler",
      retryable: true,
      node: "weather",
      details: { city: "x" },
    });
    expect(JSON.stringify(failure)).not.toMatch(/secret|thrown\.test/);
  });

  test("says nothing of the machine where the system failed", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 10.1.2.3:5432"), {
      code: "ECONNREFUSED",
      syscall: "connect",
      address: "10.1.2.3",
    });
    expect(failureOfThrown(refused)).toMatchObject({ code: "ECONNREFUSED", message: "connect failed with ECONNREFUSED" });
  });

  test.each([
    ["nothing", undefined, "it failed without saying why"],
    ["a text", "full", "full"],
    ["a number", 7, "it failed without saying why"],
    ["an object", { message: "odd", code: 5 }, "odd"],
  ])("may be %s", (_, thrown, message) => {
    const failure = failureOfThrown(thrown);
    expect(Failure.parse(failure)).toEqual(failure);
    expect(failure).toMatchObject({ code: "handler-failed", message });
  });

  test("may say that trying again helps, or does not", () => {
    expect(failureOfThrown({ retryable: true })).toMatchObject({ class: "transient", retryable: true });
    expect(failureOfThrown({ retryable: false })).toMatchObject({ class: "handler", retryable: false });
  });

  test("is a failure also when it cannot be read", () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new TypeError("no");
        },
      },
    );
    expect(failureOfThrown(hostile).code).toBe("handler-failed");
    expect(failureOfThrown({ message: "m", details: 1n }).details).toBeUndefined();
  });
});
