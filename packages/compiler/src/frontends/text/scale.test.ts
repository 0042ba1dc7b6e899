/** Compiling takes time in proportion to the source; the bounds are far above what it takes, and far below what squares take. */
import { expect, test } from "vitest";
import { printNemoIr } from "../../backends/nemo/print-nemo-ir.ts";
import { compile } from "../../compile.ts";

function linear(stages: number): string {
  const body = Array.from(
    { length: stages },
    (_, i) => `stage S${i} { prompt: "Step ${i}." ${i === 0 ? "" : `input: S${i - 1}.out, S${i >> 1}.out`} output: { out: string } }`,
  );
  return `workflow Long { ${body.join("\n")} }`;
}

function compiled(text: string): number {
  const { workflows } = compile(new Map([["long.nemo", text]]));
  const [workflow] = workflows;
  if (workflow === undefined) return 0;
  return printNemoIr(workflow.ir).ok ? workflow.ir.nodes.length : 0;
}

const condition = (text: string): string =>
  `workflow W { input { t: bool } stage A { prompt: "x" transition if ${text} => B transition else => A } stage B { prompt: "y" } }`;

test("16,000 stages, each reading a neighbour and one far away", () => {
  expect(compiled(linear(16_000))).toBe(16_000);
}, 5_000);

test("100,000 nested parentheses", () => {
  expect(compiled(condition(`${"(".repeat(100_000)}t${")".repeat(100_000)}`))).toBe(2);
}, 5_000);

test("100,000 operands of one and", () => {
  expect(compiled(condition(`t${" and t".repeat(100_000)}`))).toBe(2);
}, 5_000);

test("100,000 errors", () => {
  const { diagnostics } = compile(new Map([["wrong.nemo", `workflow W { ${'stage A { prompt "x" } '.repeat(50_000)} }`]]));
  expect(diagnostics).toHaveLength(1_001);
}, 5_000);
