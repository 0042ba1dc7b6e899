import { describe, expect, test } from "vitest";
import { bodyOf } from "./response-text.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a body", () => {
  test.each([
    ["that is not there", new Uint8Array(), "application/json", { kind: "empty" }],
    ["of JSON", utf8('{"a":[1]}'), "application/json; charset=utf-8", { kind: "json", json: { a: [1] } }],
    ["of a kind of JSON", utf8("null"), "application/problem+json", { kind: "json", json: null }],
    ["that says to be JSON and is not", utf8("{a"), "application/json", { kind: "text", text: "{a" }],
    ["of text", utf8("é"), "text/plain", { kind: "text", text: "é" }],
    ["in another character set", new Uint8Array([0xe9]), 'text/plain; charset="iso-8859-1"', { kind: "text", text: "é" }],
    ["in a character set that nobody knows", utf8("a"), "text/plain; charset=x-loom", { kind: "bytes", base64: "YQ==" }],
    ["of text that is no UTF-8", new Uint8Array([0xff]), "text/plain", { kind: "bytes", base64: "/w==" }],
    ["of bytes", utf8("abc"), "application/octet-stream", { kind: "bytes", base64: "YWJj" }],
    ["without a type, of text", utf8("abc"), "", { kind: "text", text: "abc" }],
    ["without a type, of bytes", new Uint8Array([1, 0, 2]), "", { kind: "bytes", base64: "AQAC" }],
    [
      "nested too deep",
      utf8(`${"[".repeat(200)}${"]".repeat(200)}`),
      "application/json",
      { kind: "text", text: `${"[".repeat(200)}${"]".repeat(200)}` },
    ],
  ])("%s", (_, bytes, type, expected) => {
    expect(bodyOf(bytes, type)).toEqual(expected);
  });
});
