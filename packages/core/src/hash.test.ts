import * as fc from "fast-check";
import { expect, test } from "vitest";
import { anyValue, holds } from "../test/values.ts";
import { ContentHash, hashBytes, hashJson, hashText } from "./hash.ts";
import { jsonEquals } from "./json.ts";

test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
])("SHA-256 of a known text, %#", (text, hex) => {
  expect(hashText(text)).toBe(`sha256:${hex}`);
  expect(hashBytes(new TextEncoder().encode(text))).toBe(`sha256:${hex}`);
  expect(ContentHash.parse(hashText(text))).toBe(hashText(text));
});

test("values have one hash exactly when they are equal", () => {
  holds(
    fc.property(anyValue, anyValue, (a, b) => {
      expect(hashJson(a) === hashJson(b)).toBe(jsonEquals(a, b));
    }),
  );
  expect(hashJson({ a: 1, b: 2 })).toBe(hashJson({ b: 2, a: 1 }));
  expect(hashJson({ b: 2, a: 1 })).toBe(hashText('{"a":1,"b":2}'));
});

test.each([
  "abc",
  "sha256:",
  `sha256:${"a".repeat(63)}`,
  `sha256:${"A".repeat(64)}`,
  `sha256:${"a".repeat(64)}\n`,
  `sha512:${"a".repeat(64)}`,
])("%j is no content hash", (text) => {
  expect(ContentHash.safeParse(text).success).toBe(false);
});
