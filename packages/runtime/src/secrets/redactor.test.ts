import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor, redacted } from "./redactor.ts";

const canary = `c4n"ry/ü value+=%`;

function knowing(...values: readonly string[]) {
  const redactor = createRedactor();
  for (const value of values) redactor.learn(value);
  return redactor;
}

const writings: readonly (readonly [string, (text: string) => string])[] = [
  ["as it is", (text) => text],
  ["as JSON", (text) => JSON.stringify({ a: text })],
  ["in base64", (text) => Buffer.from(text).toString("base64")],
  ["in base64 for URLs", (text) => Buffer.from(text).toString("base64url")],
  ["as a password of basic authentication", (text) => Buffer.from(`somebody:${text}`).toString("base64")],
  ["in base64 within more, at another place", (text) => Buffer.from(`a:${text}:and more`).toString("base64")],
  ["in a URL", (text) => `https://host/?q=${encodeURIComponent(text)}`],
  ["in a form", (text) => new URLSearchParams({ q: text }).toString()],
  ["in a URL with small letters", (text) => encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase())],
  ["in a path", (text) => encodeURIComponent(text).replaceAll("%2F", "/")],
  ["in hex", (text) => Buffer.from(text).toString("hex")],
];

describe("a value is found", () => {
  test.each(writings)("%s", (_, write) => {
    const text = `before ${write(canary)} after`;
    const told = knowing(canary).inTelling(text);
    expect(told).toContain(redacted);
    expect(told).toMatch(/^before .* after$/);
    // Nothing is left that could be read back: at most what base64 mixes with its neighbours.
    for (const form of [canary, canary.slice(0, 8), canary.slice(-8), Buffer.from(canary).toString("base64").slice(4, 14)]) {
      expect(told).not.toContain(form);
    }
  });

  test("whatever it is, and whatever stands around it", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 6, unit: "grapheme" }),
        fc.string(),
        fc.string(),
        fc.constantFrom(...writings),
        (value, a, b, [, write]) => {
          fc.pre(value.isWellFormed() && !/[\r\n]/.test(value));
          const text = write(value);
          const kept = knowing(value).inText(a + text + b);
          expect(kept).not.toContain(text.length < 20 ? value : text);
          expect(kept).not.toContain(value);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("line by line, where it has several", () => {
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQE\n-----END KEY-----";
    const told = knowing(key).inTelling("first MIIEvQIBADANBg then kqhkiG9w0BAQE");
    expect(told).toBe(`first ${redacted} then ${redacted}`);
  });

  test("where a text was cut, at either edge", () => {
    const redactor = knowing("canary-0123456789");
    expect(redactor.inTelling("it is canary-0123")).toBe(`it is ${redacted}`);
    expect(redactor.inTelling("456789 it was")).toBe(`${redacted} it was`);
    expect(redactor.inTelling("-0123456")).toBe("-0123456");
    expect(redactor.inTelling("y-0123456789")).toBe(redacted);
    expect(redactor.inTelling("it is canary-0123 and more")).toBe("it is canary-0123 and more");
  });

  test("split over two chunks anywhere, so that what is left of it is less than six characters", () => {
    const value = "canary-0123456789";
    const redactor = knowing(value);
    for (let at = 1; at < value.length; at++) {
      const both = redactor.inTelling(`a ${value.slice(0, at)}`) + redactor.inTelling(`${value.slice(at)} b`);
      for (let from = 0; from + 6 <= value.length; from++) expect(both).not.toContain(value.slice(from, from + 6));
    }
  });
});

describe("what holds none", () => {
  test("is not copied", () => {
    const value = { a: ["x", { b: 1 }], c: null };
    expect(knowing(canary).inValue(value)).toBe(value);
    expect(createRedactor().inTelling("text")).toBe("text");
  });

  test("keeps its characters at the edges of a result", () => {
    expect(knowing("canary-0123456789").inValue({ text: "about canary-" })).toEqual({ text: "about canary-" });
  });
});

test("values and failures are redacted in all their texts, names of members included", () => {
  const redactor = knowing("canary-0123456789");
  expect(redactor.inValue({ "canary-0123456789": ["x canary-0123456789"], n: 1 })).toEqual({ [redacted]: [`x ${redacted}`], n: 1 });
  expect(
    redactor.inFailure({
      code: "canary-0123456789",
      message: "canary-0123456789!",
      class: "handler",
      retryable: true,
      details: { stderr: ["canary-0123456789"] },
    }),
  ).toEqual({ code: redacted, message: `${redacted}!`, class: "handler", retryable: true, details: { stderr: [redacted] } });
});
