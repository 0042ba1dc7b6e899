/**
 * A process of its own that compiles TypeScript which nests or chains without end, each in turn at a size that the
 * pre-scan refuses and at the largest that it lets through. A parser that recurses in native code ends this process.
 */
import { compile } from "../src/compile.ts";
import { excessOf } from "../src/frontends/typescript/pre-scan.ts";

const bodies: Readonly<Record<string, (n: number) => string>> = {
  while: (n) => `${"while(a)".repeat(n)};`,
  "else if": (n) => `if(a){}${"else if(a){}".repeat(n)}`,
  "else if on lines": (n) => `if(a)b\n${"else if(a)b\n".repeat(n)}`,
  do: (n) => `${"do ".repeat(n)};${"while(a)".repeat(n)}`,
  for: (n) => `${"for(;;)".repeat(n)};`,
  label: (n) => `${Array.from({ length: n }, (_, i) => `a${i}:`).join("")};`,
  new: (n) => `x=${"new ".repeat(n)}a`,
  await: (n) => `x=${"await ".repeat(n)}a`,
  typeof: (n) => `x=${"typeof ".repeat(n)}a`,
  not: (n) => `x=${"!".repeat(n)}a`,
  arrow: (n) => `x=${"a=>".repeat(n)}a`,
  function: (n) => `x=${"()=>".repeat(n)}a`,
  ternary: (n) => `x=${"a?b:".repeat(n)}c`,
  "ternary inside": (n) => `x=${"a?".repeat(n)}b${":c".repeat(n)}`,
  plus: (n) => `x=${"a+".repeat(n)}a`,
  power: (n) => `x=${"a**".repeat(n)}a`,
  assignment: (n) => `${"a=".repeat(n)}a`,
  member: (n) => `x=a${".b".repeat(n)}`,
  call: (n) => `x=a${"()".repeat(n)}`,
  index: (n) => `x=a${"[0]".repeat(n)}`,
  template: (n) => `x=a${"``".repeat(n)}`,
  "type arguments": (n) => `x=${"<A>".repeat(n)}a`,
  "non-null": (n) => `x=a${"!".repeat(n)}`,
  as: (n) => `x=a${" as A".repeat(n)}`,
  satisfies: (n) => `x=a${" satisfies A".repeat(n)}`,
  class: (n) => `x=${"class extends ".repeat(n)}a{}`,
};
const types: Readonly<Record<string, (n: number) => string>> = {
  keyof: (n) => `${"keyof ".repeat(n)}A`,
  conditional: (n) => `${"A extends B?C:".repeat(n)}D`,
  generic: (n) => `${"A<".repeat(n)}B${">".repeat(n)}`,
  list: (n) => `A${"[]".repeat(n)}`,
  union: (n) => `${"typeof a|".repeat(n)}A`,
};
const sourceOf = (body: string, type: string): string =>
  `import { workflow } from "@heddle/compiler/authoring";\ntype X = ${type};\nexport default workflow({ name: "deep" }, async (input: { a: X }) => {\n  let a = input.a; let x = a;\n  ${body};\n  return a;\n});\n`;

let compiled = 0;
function check(name: string, make: (n: number) => string): void {
  let largest = 120_000;
  for (; largest > 1 && excessOf(make(largest)) !== undefined; ) largest = Math.floor(largest * 0.9);
  for (const n of new Set([120_000, largest])) {
    const { workflows, diagnostics } = compile(new Map([["deep.ts", make(n)]]));
    if (workflows.length === 0 && diagnostics.length === 0) throw new RangeError(`${name}: neither a workflow nor a diagnostic`);
    compiled++;
  }
}
for (const [name, make] of Object.entries(bodies)) check(name, (n) => sourceOf(make(n), "string"));
for (const [name, make] of Object.entries(types)) check(name, (n) => sourceOf("", make(n)));

process.stdout.write(`${compiled} compiled\n`);
