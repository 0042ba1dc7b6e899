/** Our compiler against the other one of `.nemo`, on random programs and on near misses of them. */
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { differences, differencesOf } from "../../../test/nemo-differences.ts";
import { askText, type Verdict } from "../../../test/nemo-oracle.ts";
import { mutate, nemoTokens, writeTokens } from "../../../test/nemo-programs.ts";
import { printNemoIr } from "../../backends/nemo/print-nemo-ir.ts";
import { compile } from "../../compile.ts";

/** Programs of one run; any number by hand. */
const programs = Number(process.env["HEDDLE_ORACLE_PROGRAMS"] ?? "2000");
const firstSeed = Number(process.env["HEDDLE_ORACLE_SEED"] ?? "1");
const timeoutMs = 20_000 + programs * 20;

function ours(text: string): Verdict {
  const { workflows, diagnostics } = compile(new Map([["program.nemo", text]]));
  const [workflow] = workflows;
  if (workflow === undefined) return { ok: false, message: diagnostics.map(({ id, message }) => `${id} ${message}`).join("; ") };
  const printed = printNemoIr(workflow.ir);
  return printed.ok ? { ok: true, ir: printed.ir } : { ok: false, message: printed.problems.map(({ message }) => message).join("; ") };
}

/** What the two make of a text differently, unless the written list allows it. */
function disagreement(text: string, mine: Verdict, theirs: Verdict): string | undefined {
  if (mine.ok && theirs.ok) return isDeepStrictEqual(mine.ir, theirs.ir) ? undefined : "the two IRs differ";
  if (mine.ok === theirs.ok) return undefined;
  const accepts = mine.ok ? "ours" : "theirs";
  if (differencesOf(text).some((difference) => difference.accepts === accepts)) return undefined;
  return `${accepts} alone accepts it: ${mine.ok ? "" : mine.message}${theirs.ok ? "" : theirs.message}`;
}

test(
  `${programs} sound programs mean the same to both, value for value`,
  () => {
    const found: string[] = [];
    let sound = 0;
    let seed = firstSeed;
    for (; sound < programs && seed < firstSeed + 2 * programs; seed++) {
      const text = writeTokens(nemoTokens(seed), seed);
      const theirs = askText(text, "program.nemo");
      const difference = disagreement(text, ours(text), theirs);
      if (difference !== undefined) found.push(`seed ${seed}: ${difference}\n${text}`);
      if (theirs.ok) sound++;
    }
    expect(found.slice(0, 3)).toEqual([]);
    expect(sound).toBe(programs);
  },
  timeoutMs,
);

test(
  "programs with a few tokens changed are refused by both or mean the same to both",
  () => {
    const found: string[] = [];
    let refused = 0;
    for (let seed = firstSeed; seed < firstSeed + programs; seed++) {
      const text = writeTokens(mutate(nemoTokens(seed), seed), seed);
      const mine = ours(text);
      const difference = disagreement(text, mine, askText(text, "program.nemo"));
      if (difference !== undefined) found.push(`seed ${seed}: ${difference}\n${text}`);
      if (!mine.ok) refused++;
    }
    expect(found.slice(0, 3)).toEqual([]);
    expect(refused).toBeGreaterThan(programs / 2);
  },
  timeoutMs,
);

const stage = (body: string): string => `workflow W { input { trueish: json n: number } ${body} }`;
const name = `N${"a".repeat(128)}`;
const examples: Readonly<Record<string, readonly string[]>> = {
  "JSON literals as arguments": ["true", "null", "-1.5e3", '{"a":[1,2]}', "[]"].map((value) =>
    stage(`stage A { exec: browser.js.run(code: "x", input: ${value}) }`),
  ),
  "inputs that begin like a JSON word": [stage('stage A { exec: browser.js.run(code: "x", input: trueish) }')],
  "numbers beyond 53 bits": [
    stage('stage A { prompt: "x" transition if n > 9007199254740993 => B transition else => B } stage B { prompt: "y" }'),
  ],
  "expressions that nest very deep": [
    stage(`stage A { prompt: "x" transition if ${"not ".repeat(97)}n > 1 => B transition else => B } stage B { prompt: "y" }`),
  ],
  "names of more than 128 characters": [`workflow W { stage ${name} { prompt: "x" } }`],
};

for (const difference of differences) {
  test(`a listed difference still holds: ${difference.name}`, () => {
    const texts = examples[difference.name] ?? [];
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) {
      expect(differencesOf(text).map((each) => each.name)).toContain(difference.name);
      expect({ text, ours: ours(text).ok, theirs: askText(text, "program.nemo").ok }).toEqual({
        text,
        ours: difference.accepts === "ours",
        theirs: difference.accepts === "theirs",
      });
    }
  });
}
