import { describe, expect, test } from "vitest";
import { compile } from "../../compile.ts";
import { declaresWorkflows } from "./compile-typescript.ts";
import { excessOf, openBracketsMax, operatorsMax, sourceLengthMax } from "./pre-scan.ts";

const head = 'import { handler, workflow } from "@heddle/compiler/authoring";\n';
const work = 'export const work = handler({ name: "work" }, async (n: number): Promise<number> => n);\n';

function idsOf(text: string): readonly string[] {
  return compile(new Map([["flow.ts", text]])).diagnostics.map(({ id }) => id);
}

describe("what is plain", () => {
  test.each([
    ['import { workflow } from "@heddle/compiler/authoring";', true],
    ['import { handler,\n  workflow as flow,\n} from "@heddle/compiler/authoring";', true],
    ['import { buildWorkflow, type Workflow } from "@heddle/compiler/authoring";', false],
    ['import { workflow } from "./mine.ts";', false],
  ])("%j: %s", (text, plain) => {
    expect(declaresWorkflows(text)).toBe(plain);
  });
});

describe("the bounds of what a parser is given", () => {
  test.each<[string, string, string]>([
    ["characters", " ".repeat(sourceLengthMax), " ".repeat(sourceLengthMax + 1)],
    ["brackets", "(".repeat(openBracketsMax), "(".repeat(openBracketsMax + 1)],
    ["operators", "+1".repeat(operatorsMax), "+1".repeat(operatorsMax + 1)],
  ])("%s", (_, most, more) => {
    expect(excessOf(most)).toBeUndefined();
    expect(excessOf(more)).toBeDefined();
    expect(idsOf(`${head}${more}`)).toEqual(["HD3002"]);
  });

  test("what is within them ends in an answer, however deep it is", () => {
    const deep = [
      `return ${"!".repeat(5_000)}true;`,
      `return ${"1 + ".repeat(5_000)}1;`,
      `return ${"true ? 1 : ".repeat(3_000)}2;`,
      `return ${"[".repeat(450)}${"]".repeat(450)};`,
      "if (true) ".repeat(1_900).concat("return 1;"),
      `${"{".repeat(400)}${"}".repeat(400)}`,
      `${"for (;;) {".repeat(40)}${"}".repeat(40)}`,
    ];
    for (const body of deep) {
      const ids = idsOf(`${head}export default workflow({ name: "main" }, async () => { ${body} });`);
      if (!body.startsWith("{{")) expect(ids, body.slice(0, 30)).toContain("HD3004");
    }
  });

  test("a chain of many else-ifs is no nesting", () => {
    const chain = Array.from({ length: 60 }, (_, i) => `if (input.n === ${i}) return ${i};`).join(" else ");
    expect(idsOf(`${head}export default workflow({ name: "main" }, async (input: { n: number }) => { ${chain} });`)).toEqual([]);
  });
});

test("the same sources give the same bytes", () => {
  const text = `${head}${work}export default workflow({ name: "main" }, async (input: { n: number }) => (await work(input.n)) + (await work(1)));`;
  const once = (): string => JSON.stringify(compile(new Map([["flow.ts", text]])).workflows.map(({ ir }) => ir));
  expect(once()).toBe(once());
});

test("an error in a source that is imported leaves no workflow, and is told once", () => {
  const shared =
    'import { handler } from "@heddle/compiler/authoring";\nexport const one = handler({ name: "one", nonsense: 1 }, async (): Promise<number> => 1);';
  const flow = (name: string): string =>
    `import { workflow } from "@heddle/compiler/authoring";\nimport { one } from "./shared.ts";\nexport default workflow({ name: "${name}" }, async () => one());`;
  const { workflows, diagnostics } = compile(
    new Map([
      ["a/one.ts", flow("one")],
      ["a/two.ts", flow("two")],
      ["a/shared.ts", shared],
    ]),
  );
  expect(workflows).toEqual([]);
  expect(diagnostics.map(({ id, span }) => [id, span?.file])).toEqual([["HD3102", "a/shared.ts"]]);
});

test("pieces of a source, cut anywhere, end in an answer", () => {
  const text = `${head}${work}export default workflow({ name: "main" }, async ({ n, list }: { n: number; list: number[] }) => {
  let sum = 0;
  try { for (const x of list) { if (x > 3) break; sum += await work(x); } } catch (e) { return (e as Error).message; } finally { await work(n ?? 1); }
  switch (n) { case 1: return \`a\${sum}\`; default: throw new Error("no"); }
});`;
  for (let at = head.length; at < text.length; at += 3) {
    expect(() => compile(new Map([["flow.ts", text.slice(0, at)]]))).not.toThrow();
    expect(() => compile(new Map([["flow.ts", text.slice(0, at) + text.slice(at + 5)]]))).not.toThrow();
  }
});
