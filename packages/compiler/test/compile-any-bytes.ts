/**
 * A process of its own that compiles whatever bytes it can think of, and says how many. It dies with the first
 * throw, and a stack that overflows takes it down: that is the point of the process.
 */
import { compile } from "../src/compile.ts";
import { renderDiagnostics } from "../src/diagnostics/index.ts";
import { mutate, nemoTokens, writeTokens } from "./nemo-programs.ts";
import { createChoices } from "./random-source.ts";

const seed = Number(process.argv[2] ?? "1");
const rounds = Number(process.argv[3] ?? "300");
const choose = createChoices(seed);
const extensions = [".nemo", ".heddle", ".visual.json"];
let compiled = 0;

function check(text: string): void {
  for (const extension of extensions) {
    const sources = new Map([[`any${extension}`, text]]);
    const { workflows, diagnostics } = compile(sources);
    const failed = diagnostics.some((diagnostic) => diagnostic.severity === "error");
    if (failed === workflows.length > 0) throw new RangeError(`a workflow and an error, or neither: ${JSON.stringify(text.slice(0, 200))}`);
    const again = compile(sources);
    if (JSON.stringify(again.diagnostics) !== JSON.stringify(diagnostics)) throw new RangeError("not deterministic");
    if (diagnostics.length <= 20) renderDiagnostics(diagnostics, sources);
    compiled++;
  }
}

const alphabet = Array.from(" \n\t{}()[]:,.?@\"'\\/=<>+-*!aZ09_é世\u{1f600}\u0000\u2028\ufeff\ud800");
const words = [
  "workflow",
  "stage",
  "prompt",
  "input",
  "output",
  "policy",
  "deny",
  "before",
  "transition",
  "if",
  "else",
  "not",
  "and",
  "in",
  '"""',
  "=>",
  "//",
];

for (let i = 0; i < rounds; i++) {
  const bytes = Uint8Array.from({ length: choose.below(200) }, () => choose.below(256));
  check(new TextDecoder().decode(bytes));
  check(String.fromCharCode(...Array.from({ length: choose.below(100) }, () => choose.below(65_536))));
  check(Array.from({ length: choose.below(200) }, () => (choose.chance(0.3) ? choose.pick(words) : choose.pick(alphabet))).join(""));
  const program = writeTokens(choose.chance(0.5) ? mutate(nemoTokens(i), i) : nemoTokens(i), i);
  const at = choose.below(program.length + 1);
  check(program.slice(0, at) + choose.pick(alphabet) + program.slice(at + choose.below(20)));
  const visual = JSON.stringify({
    schemaVersion: "0.1",
    workflow: { id: "W", inputs: [] },
    states: [],
    controlEdges: [],
    dataEdges: [],
    policies: [],
  });
  const cut = choose.below(visual.length);
  check(visual.slice(0, cut) + choose.pick(alphabet) + visual.slice(cut + choose.below(3)));
}

const size = 200_000;
const stage = (condition: string): string =>
  `workflow W { input { t: bool } stage A { prompt: "x" transition if ${condition} => B } stage B { prompt: "y" } }`;
for (const unit of [
  "(",
  ")",
  "{",
  "}",
  "[",
  '"',
  '"""',
  "not ",
  "- ",
  "a.",
  "a,",
  "//",
  "\n",
  "stage ",
  "stage A {",
  "\\",
  "workflow W { ",
  '{"a":',
  "t and ",
  "@",
]) {
  const many = unit.repeat(size);
  check(many);
  check(`workflow W { ${many}`);
  check(`workflow W { stage A { prompt: "x" ${many}`);
  check(stage(many));
  check(stage(`${many}t`));
  check(`workflow W { stage A { exec: fs.read(path: ${many}`);
}
check(stage(`${"(".repeat(size)}t${")".repeat(size)}`));
check(stage(`t${" and t".repeat(size)}`));
check(stage(`1${" + 1".repeat(size)} > 0`));
check(stage(`${"-(".repeat(size)}1${")".repeat(size)} > 0`));
check(`{"schemaVersion":${"[".repeat(size)}${"]".repeat(size)}}`);
check("x".repeat(5_000_000));

process.stdout.write(`${compiled} compiled\n`);
