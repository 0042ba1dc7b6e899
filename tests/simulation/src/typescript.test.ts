// Parity: MN3.
import { compile, type Diagnostic, renderDiagnostics } from "@heddle/compiler";
import { checkIr, isJsonObject, type WorkflowIr } from "@heddle/core";
import { expect, test } from "vitest";
import { Histogram } from "./seeds.ts";
import { contradictionsOf, seenIn, typeTextOf } from "./typescript-claims.ts";
import { type TypeScriptProgram, typeScriptProgramOf } from "./typescript-program.ts";
import { runAsJavaScript, runOnMachine, type Told } from "./typescript-worlds.ts";

const { HEDDLE_SEED: one, HEDDLE_SEEDS: count } = process.env;
const whole = 2_000;
const seeds = one === undefined ? Array.from({ length: count === undefined ? whole : Number(count) }, (_, i) => i + 1) : [Number(one)];

/** What was seen under way: a test that sees nothing would pass as well. */
const seen = { steps: 0, atTheSameTime: 0, failures: 0, claims: 0, declared: 0 };

/** What may be said of these bodies, in which nothing is missing and every value has its type: conditions may come out one way. */
const claims: ReadonlySet<string> = new Set(["HD2104", "HD2301", "HD2401", "HD2402"]);

async function differenceOf(program: TypeScriptProgram): Promise<string | undefined> {
  const sources = new Map([["flow.ts", program.source]]);
  const { workflows, diagnostics } = compile(sources);
  const told = diagnostics.filter(({ severity, id }) => severity === "error" || !claims.has(id));
  if (told.length > 0) return renderDiagnostics(told, sources);
  const main = workflows.find(({ ir }) => ir.id === "main");
  if (main === undefined) return "there is no main workflow";
  const problems = checkIr(main.ir, new Set(["main", "child"]));
  if (problems.length > 0) return problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
  const theirs = await runAsJavaScript(program);
  const ours = runOnMachine(program, main.ir);
  const wrong = wrongClaimsOf(program, diagnostics, main.ir, ours);
  if (wrong.length > 0) return `a run contradicts a check\n${wrong.join("\n")}`;
  seen.steps += ours.steps.length;
  seen.atTheSameTime += ours.steps.filter((step) => step.includes(" | ")).length;
  if (ours.end.startsWith("failed")) seen.failures++;
  const at = theirs.steps.findIndex((step, i) => step !== ours.steps[i]);
  if (at >= 0) return `step ${at + 1}\nJavaScript: ${theirs.steps[at]}\nworkflow:   ${ours.steps[at] ?? ours.end}`;
  if (ours.steps.length > theirs.steps.length) return `JavaScript: ${theirs.end}\nworkflow:   ${ours.steps[theirs.steps.length]}`;
  return theirs.end === ours.end ? undefined : `JavaScript: ${theirs.end}\nworkflow:   ${ours.end}`;
}

/** What checks say and the run contradicts; also of the same workflow with the type of what it gave declared. */
function wrongClaimsOf(program: TypeScriptProgram, diagnostics: readonly Diagnostic[], ir: WorkflowIr, ours: Told): readonly string[] {
  const events = ours.events ?? [];
  const happened = seenIn(events);
  seen.claims += diagnostics.length;
  const wrong = contradictionsOf(diagnostics, ir, happened);
  const last = events.at(-1);
  if (last?.kind !== "run-succeeded" || !isJsonObject(last.output)) return wrong;
  seen.declared++;
  const source = program.source.replace("async (input: Input) =>", `async (input: Input): Promise<${typeTextOf(last.output)}> =>`);
  const declared = compile(new Map([["flow.ts", source]]));
  seen.claims += declared.diagnostics.filter(({ id }) => id === "HD2106").length;
  return [...wrong, ...contradictionsOf(declared.diagnostics, ir, happened)];
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
  expect(seen.claims).toBeGreaterThan(200);
  expect(seen.declared).toBeGreaterThan(1_000);
});
