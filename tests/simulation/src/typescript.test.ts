// Parity: MN3.
import { compile, renderDiagnostics } from "@heddle/compiler";
import { checkIr } from "@heddle/core";
import { expect, test } from "vitest";
import { Histogram } from "./seeds.ts";
import { type TypeScriptProgram, typeScriptProgramOf } from "./typescript-program.ts";
import { runAsJavaScript, runOnMachine } from "./typescript-worlds.ts";

const { HEDDLE_SEED: one, HEDDLE_SEEDS: count } = process.env;
const whole = 2_000;
const seeds = one === undefined ? Array.from({ length: count === undefined ? whole : Number(count) }, (_, i) => i + 1) : [Number(one)];

/** What was seen under way: a test that sees nothing would pass as well. */
const seen = { steps: 0, atTheSameTime: 0, failures: 0 };

async function differenceOf(program: TypeScriptProgram): Promise<string | undefined> {
  const sources = new Map([["flow.ts", program.source]]);
  const { workflows, diagnostics } = compile(sources);
  const told = diagnostics.filter(({ severity, id }) => severity === "error" || id.startsWith("HD3"));
  if (told.length > 0) return renderDiagnostics(told, sources);
  const main = workflows.find(({ ir }) => ir.id === "main");
  if (main === undefined) return "there is no main workflow";
  const problems = checkIr(main.ir, new Set(["main", "child"]));
  if (problems.length > 0) return problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
  const theirs = await runAsJavaScript(program);
  const ours = runOnMachine(program, main.ir);
  seen.steps += ours.steps.length;
  seen.atTheSameTime += ours.steps.filter((step) => step.includes(" | ")).length;
  if (ours.end.startsWith("failed")) seen.failures++;
  const at = theirs.steps.findIndex((step, i) => step !== ours.steps[i]);
  if (at >= 0) return `step ${at + 1}\nJavaScript: ${theirs.steps[at]}\nworkflow:   ${ours.steps[at] ?? ours.end}`;
  if (ours.steps.length > theirs.steps.length) return `JavaScript: ${theirs.end}\nworkflow:   ${ours.steps[theirs.steps.length]}`;
  return theirs.end === ours.end ? undefined : `JavaScript: ${theirs.end}\nworkflow:   ${ours.end}`;
}

test("a body does the same as JavaScript and as a workflow", { timeout: 300_000 }, async () => {
  const features = new Histogram();
  for (const seed of seeds) {
    const program = typeScriptProgramOf(seed);
    features.add(program.features);
    let difference: string | undefined;
    try {
      difference = await differenceOf(program);
    } catch (error) {
      difference = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    if (difference !== undefined) expect.fail(`${difference}\nHEDDLE_SEED=${seed} plays it again:\n${program.source}`);
  }
  if (seeds.length < whole) return;
  expect(features.under(100)).toEqual([]);
  expect(seen.steps).toBeGreaterThan(seeds.length * 5);
  expect(seen.atTheSameTime).toBeGreaterThan(seeds.length);
  expect(seen.failures).toBeGreaterThan(100);
});
