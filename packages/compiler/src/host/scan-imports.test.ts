import { describe, expect, test } from "vitest";
import { importsOf } from "./scan-imports.ts";

const specifiers = (source: string): string[] =>
  importsOf(source).map((one) => `${one.line} ${one.kind} ${one.kind === "computed" ? "" : one.specifier}`.trim());

describe("scanning for imports", () => {
  test.each<[string, string, string[]]>([
    [
      "every static form",
      `import 'a';\nimport b from "b";\nimport * as c from 'c'; import { d, e as f } from 'd'\nimport g, { h } from 'g';`,
      ["1 static a", "2 static b", "3 static c", "3 static d", "4 static g"],
    ],
    [
      "re-exports",
      `export { a } from 'a'; export * from 'b'; export * as c from 'c'; export { d }; export const from = 'e';`,
      ["1 static a", "1 static b", "1 static c"],
    ],
    [
      "types alone",
      `import type { A } from 'a'; import type B from 'b'; export type { C } from 'c'; import type, { d } from 'd'; import type from 'e';`,
      ["1 static d", "1 static e"],
    ],
    ["an inline type is still an import", `import { type A } from 'a';`, ["1 static a"]],
    [
      "dynamic",
      'await import("a"); import(`b`); import(x); import(`c${x}`); import("d" + x);',
      ["1 dynamic a", "1 dynamic b", "1 computed", "1 computed", "1 computed"],
    ],
    ["attributes", `import a from 'a' with { type: 'json' }; import('b', { with: { type: 'json' } });`, ["1 static a", "1 dynamic b"]],
    ["assets", `new URL('./a.txt', import.meta.url); new URL('https://b.c', import.meta.url); new URL('./d', base);`, ["1 asset ./a.txt"]],
    ["require", `require('a'); x.require('b'); require(c);`, ["1 dynamic a"]],
    ["comments", `// import 'a'\n/* import 'b'\n */ import 'c' // from 'd'`, ["3 static c"]],
    ["strings", `const a = "import 'b'"; const c = 'it\\'s import("d")'; x("from", 'e')`, []],
    [
      "templates",
      '`import("a") ${import("b")} import("c") ${`${import("d")}`}`; import("e")',
      ["1 dynamic b", "1 dynamic d", "1 dynamic e"],
    ],
    [
      "regular expressions",
      `const a = /'/; const b = x / 2; import 'c'; s.replace(/["'\`]/g, ''); import 'd'; y = (1) / 2 / 3; import 'e'`,
      ["1 static c", "1 static d", "1 static e"],
    ],
    ["members and properties", `x.import('a'); const b = { import: 1 }; import.meta.url;`, []],
    ["a default before a type", `import a from 'a'\nconst from = 1\nimport b from 'b'`, ["1 static a", "3 static b"]],
  ])("%s", (_name, source, expected) => {
    expect(specifiers(source)).toEqual(expected);
  });
});
