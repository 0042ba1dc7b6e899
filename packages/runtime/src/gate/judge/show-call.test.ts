import { expect, test } from "vitest";
import { callOf } from "../../../test/gate-calls.ts";
import { showArguments, showCall, shownArgumentMax, shownCallMax, showText, showValue } from "./show-call.ts";

test("a call is its tool and its arguments, in the order of their names, whatever the order of members", () => {
  expect(showCall(callOf("a.b", { z: 1, a: { y: [true], x: null } }))).toBe('a_b(a = {"x":null,"y":[true]}, z = 1)');
  expect(showCall(callOf("a.b", {}))).toBe("a_b()");
});

test("what fits is shown whole, and what does not is cut visibly", () => {
  const fits = "x".repeat(shownArgumentMax);
  expect(showValue(fits)).toBe(`"${fits}"`);
  expect(showValue(`${fits}x`)).toBe(`"${fits}"… (401 characters)`);
  expect(showText("abc", 3)).toBe("abc");
  expect(showText("abcd", 3)).toBe("abc… (4 characters)");
  const list = [1, "x".repeat(shownArgumentMax - 6)];
  expect(showValue(list)).toBe(JSON.stringify(list));
  expect(showValue([...list, 2])).toMatch(/… \(402 characters\)$/);
});

test("arguments are shown until there are too many, and the rest is counted", () => {
  const args = (last: number) => ({
    ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`a${i}`, "x".repeat(380)])),
    b: "y".repeat(last),
  });
  const room = shownCallMax - showArguments(args(0)).length;
  expect(showArguments(args(room))).toHaveLength(shownCallMax);
  expect(showArguments(args(room + 1))).toMatch(/… \(1 more\)$/);
});

test("what cannot be seen is spelled out", () => {
  expect(showText("a\u0000b\u001bc\nd\te", 100)).toBe("a\\u0000b\\u001bc\nd\\u0009e");
  expect(showText("a\u202eb\u200bc\u{e0041}d\u00ade", 100)).toBe("a\\u202eb\\u200bc\\ue0041d\\u00ade");
  expect(showValue("\u202eabc\u2066", 400)).toBe('"\\u202eabc\\u2066"');
  expect(showArguments({ "a\u202e": 1 })).toBe("a\\u202e = 1");
});
