import { describe, expect, test } from "vitest";
import * as authoring from "../../authoring/index.ts";
import { authoringStandIn, inertNames, keptNames, waitNames } from "./authoring-stand-in.ts";
import { readModule } from "./module-source.ts";

const head = 'import { handler, model, workflow } from "@heddle/compiler/authoring";\n';

describe("a source as packaging sees it", () => {
  test("names what it refers to, and where", () => {
    const source = `import a from "a"; import type { B } from "b"; import "c"; export { d } from "d"; export * from "e"; export type { F } from "f";
const g = await import("g"); const h = import(\`h\`); const i = (x: string) => import(x); const j = require("j"); other.require("k");
new URL("./l.txt", import.meta.url); new URL("https://m.example", import.meta.url); new URL("./n", base);`;
    const told = readModule("x.ts", source)?.references.map(({ kind, specifier, start, end }) => [
      kind,
      specifier,
      source.slice(start, end),
    ]);
    expect(told).toEqual([
      ["static", "a", '"a"'],
      ["type", "b", '"b"'],
      ["static", "c", '"c"'],
      ["static", "d", '"d"'],
      ["static", "e", '"e"'],
      ["type", "f", '"f"'],
      ["dynamic", "g", '"g"'],
      ["dynamic", "h", "`h`"],
      ["computed", "", "import(x)"],
      ["require", "j", '"j"'],
      ["asset", "./l.txt", '"./l.txt"'],
    ]);
  });

  test("is blanked where only the compiler reads it, and every line and column stays", () => {
    const source = `${head}export const a = handler({ name: "a",\n  retry: { attemptsMax: 2 } }, async (n: number) => n);
export const m = model({ name: "m", prompt: "secret words" });
export default workflow({ name: "w" }, async () => {\n  return await a(1);\n});\nexport const after = handler(shared, () => 1);\n`;
    const text = readModule("x.ts", source)?.text ?? "";
    expect(text).toHaveLength(source.length);
    for (const gone of ['"a"', "attemptsMax", "secret words", '"w"', "await a(1)"]) expect(text).not.toContain(gone);
    for (const kept of ["async (n: number) => n)", "handler(shared, () => 1)"]) expect(text.indexOf(kept)).toBe(source.indexOf(kept));
    expect([...text.matchAll(/\n/g)].map(({ index }) => index)).toEqual([...source.matchAll(/\n/g)].map(({ index }) => index));
  });

  test("is left alone where the names are somebody else's", () => {
    const source = 'import { handler } from "./mine.ts";\nexport const a = handler({ name: "a" }, 1);\n';
    expect(readModule("x.ts", source)?.text).toBe(source);
  });

  test("does not parse, or is too much: nothing is said of it", () => {
    expect(readModule("x.ts", "export const = 1")).toBeUndefined();
    expect(readModule("x.ts", "[".repeat(10_000))).toBeUndefined();
  });
});

test("every value of the authoring module is stood in for", () => {
  const known = new Set([...inertNames, ...waitNames, ...keptNames]);
  expect(Object.keys(authoring).filter((name) => !known.has(name))).toEqual([]);
  const text = authoringStandIn();
  for (const name of Object.keys(authoring)) expect(text).toMatch(new RegExp(`export (?:const|class) ${name}\\b`));
});
