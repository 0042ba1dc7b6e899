/**
 * `heddle test`: tries a workflow without a daemon and without a data folder. Once, as it is; or, with `--simulate`, many times
 * in a simulated world, where everything goes wrong that may.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type BundleManifest,
  bodiesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonEquals,
  type Node,
  type WorkflowIr,
} from "@heddle/core";
import type { QuickTestReport, SimulationSpec } from "@heddle/testkit/simulator";
import { type LoadedBundle, loadBundle, workflowOf } from "../bundle-source.ts";
import { type CommandSpec, didYouMean, type Invocation, UsageError } from "../command.ts";
import { shellWord } from "../connect.ts";
import { answerOf } from "../follow/answers.ts";
import { interruptible } from "../follow/stay-with-run.ts";
import { namedValues } from "../named-values.ts";
import { problemLines } from "../report-error.ts";
import { readRunInput } from "../run-input.ts";
import { findSimulation, loadCode } from "../simulation-source.ts";
import { pathLines, simulationLines } from "../test-lines.ts";
import { jsonOf } from "../typed-text.ts";

/** Seeds between two signs of life, on a terminal. */
const notedEvery = 5_000;

export const test: CommandSpec = {
  name: "test",
  args: "<target>",
  summary: "Try a workflow (a bundle folder, or a .ts, .js, .heddle or .nemo file) without a daemon: once, or in a simulated world",
  example: "heddle test flow.ts --simulate 1000",
  options: [
    { flags: "--input <name=value>", summary: "an input: JSON, or a text where a text is wanted", repeat: true },
    { flags: "--input-file <file>", summary: "inputs as a JSON object; - reads standard input" },
    { flags: "--workflow <id>", summary: "another workflow of the bundle than its main one" },
    { flags: "--yes", summary: "say yes to every approval" },
    { flags: "--answer <node=value>", summary: "answer the question of a node", repeat: true },
    { flags: "--signal <name=value>", summary: "send this value when the run waits for the signal", repeat: true },
    { flags: "--expect <file>", summary: "fail unless the output is what this JSON file holds" },
    { flags: "--simulate <n>", summary: "play so many seeds: virtual time, faults, and a process that dies" },
    { flags: "--seed <s>", summary: "the first seed; 1 by default" },
    { flags: "--simulation <file>", summary: "the module that exports simulation; by default flow.simulation.ts beside flow.ts" },
  ],
  run: (invocation) =>
    interruptible(invocation.context, async (signal, stopped) => {
      const [target = ""] = invocation.args;
      assertUsage(invocation);
      const seeds = invocation.options.count("simulate", 1, 100_000_000);
      const bundle = await loadBundle(invocation.context, target, signal);
      for (const line of problemLines(bundle.problems)) invocation.printer.note(line);
      const code =
        seeds === undefined ? await testOnce(invocation, bundle, signal) : await testSeeds(invocation, bundle, target, seeds, signal);
      return signal.aborted ? stopped() : code;
    }),
};

/** Options of one kind of test, given for the other. */
function assertUsage({ options }: Invocation): void {
  const simulates = options.text("simulate") !== undefined;
  const unfit = simulates
    ? [...["answer", "signal"].filter((name) => options.texts(name).length > 0), ...(options.flag("yes") ? ["yes"] : [])]
    : ["seed", "simulation"].filter((name) => options.text(name) !== undefined);
  if (simulates && options.text("expect") !== undefined) unfit.push("expect");
  if (unfit.length === 0) return;
  throw simulates
    ? new UsageError(`--${unfit[0]} is for one run, and --simulate plays many`, "say it in the simulation: people, signals, check")
    : new UsageError(`--${unfit[0]} goes with --simulate`, "write: heddle test flow.ts --simulate 1000");
}

async function testOnce({ context, options, printer }: Invocation, bundle: LoadedBundle, signal: AbortSignal): Promise<number> {
  const { quickTest } = await import("@heddle/testkit/simulator");
  const workflow = workflowOf(bundle.manifest, options.text("workflow"));
  const fixed = quickTestOf(workflow);
  if (fixed?.["enabled"] === false)
    throw new UsageError("the manifest says that there is no quick test: metadata.quick_test.enabled is false");
  const input = await readRunInput(context, { pairs: options.texts("input"), file: options.text("input-file") }, workflow.inputs);
  const answers = { ...objectOf(fixed?.["answers"]), ...answersOf(bundle.manifest, options.texts("answer")) };
  const expected = await expectedOutput(context.cwd, options.text("expect"), fixed);
  const report = await quickTest({
    manifest: withFixedInputs(bundle.manifest, workflow, fixed),
    files: bundle.files,
    workflow: workflow.id,
    input,
    yes: options.flag("yes") || fixed?.["yes"] === true,
    answers,
    signals: namedValues({ option: "signal", pairs: options.texts("signal") }),
    signal,
  });
  const asExpected = expected === undefined || jsonEquals(expected.value, report.output ?? null);
  if (printer.json) printer.jsonLine({ ...report, ...(expected === undefined ? {} : { asExpected }) });
  else {
    for (const line of pathLines(report, printer.notePaint)) printer.note(line);
    tellEnd(printer, report);
    if (!asExpected) printer.note(`${printer.notePaint("red", "unexpected output")}: expected ${JSON.stringify(expected?.value)}`);
  }
  return report.status === "succeeded" && asExpected ? 0 : 1;
}

function tellEnd(printer: Invocation["printer"], { workflow, status, output, failure, waitsFor }: QuickTestReport): void {
  const colour = status === "succeeded" ? "green" : "red";
  if (status !== "open")
    printer.note(
      `${workflow} ${printer.notePaint(colour, status)}${failure === undefined ? "" : `: ${failure.message} (${failure.code})`}`,
    );
  else {
    printer.note(`${workflow} ${printer.notePaint("red", "did not end")}:`);
    for (const reason of waitsFor) printer.note(`- ${reason}`);
    printer.note("  answer with --yes or --answer <node=value>, send with --signal <name=value>");
  }
  if (status === "succeeded") printer.value(output ?? null);
}

/** What a job manifest says of its own quick test. */
function quickTestOf({ raw }: WorkflowIr): JsonObject | undefined {
  const metadata = objectOf(objectOf(raw?.["manifest"])["metadata"]);
  const fixed = metadata["quick_test"];
  return isJsonObject(fixed) ? fixed : undefined;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The messages that a quick test begins with, where the manifest fixes them: lists of bodies, by the node that they go to. */
function withFixedInputs(manifest: BundleManifest, workflow: WorkflowIr, fixed: JsonObject | undefined): BundleManifest {
  const inputs = fixed?.["inputs"];
  if (!isJsonObject(inputs)) return manifest;
  const known = workflow.nodes.map(({ id }) => id);
  const seeds = Object.entries(inputs).map(([node, given]) => {
    if (!known.includes(node))
      throw new UsageError(`metadata.quick_test.inputs names the node ${node}, which does not exist${didYouMean(node, known)}`);
    return { node, bodies: Array.isArray(given) ? [...(given as readonly JsonValue[])] : [given] };
  });
  return { ...manifest, workflows: manifest.workflows.map((ir) => (ir === workflow ? { ...ir, seeds } : ir)) };
}

async function expectedOutput(
  cwd: string,
  file: string | undefined,
  fixed: JsonObject | undefined,
): Promise<{ value: JsonValue } | undefined> {
  if (file === undefined) return fixed?.["expect"] === undefined ? undefined : { value: fixed["expect"] };
  const text = await readFile(resolve(cwd, file), "utf8").catch(() => {
    throw new UsageError(`${file} cannot be read`);
  });
  const value = jsonOf(text);
  if (value === undefined) throw new UsageError(`${file} holds no JSON`, "write the output that is expected, as JSON");
  return { value };
}

function answersOf(manifest: BundleManifest, pairs: readonly string[]): JsonObject {
  const asking = manifest.workflows.flatMap((ir) => asksIn(ir.nodes));
  const ids = asking.map(({ id }) => id);
  const given = namedValues({ option: "answer", pairs, texts: new Set(ids) });
  return Object.fromEntries(
    Object.entries(given).map(([node, text]) => {
      const asks = asking.find(({ id }) => id === node);
      if (asks === undefined) throw new UsageError(`--answer names the node ${node}, which asks nobody${didYouMean(node, ids)}`);
      return [node, answerOf(String(text), asks.kind === "human" ? asks.mode : "approve", asks.kind === "human" ? asks.answer : undefined)];
    }),
  );
}

function asksIn(nodes: readonly Node[]): readonly Node[] {
  return nodes.flatMap((node) => [
    ...(node.kind === "human" || node.kind === "tool" ? [node] : []),
    ...bodiesOf(node).flatMap(({ body }) => asksIn(body.nodes)),
  ]);
}

async function testSeeds(
  invocation: Invocation,
  bundle: LoadedBundle,
  target: string,
  seeds: number,
  signal: AbortSignal,
): Promise<number> {
  const { context, options, printer } = invocation;
  const { simulate } = await import("@heddle/testkit/simulator");
  const found = await findSimulation(context, target, options.text("simulation"));
  if (found === undefined) {
    printer.note(
      "no simulation is beside it: handlers run as they are in this process, people say yes, and signals come as they are waited for",
    );
  }
  const spec = found?.simulation;
  const wanted = handlersWithoutStub(bundle.manifest, spec);
  const code = await loadCode(bundle, wanted);
  try {
    const startedMs = performance.now();
    const report = await simulate({
      manifest: bundle.manifest,
      code: code.functions,
      ...(spec === undefined ? {} : { simulation: spec }),
      ...(options.text("workflow") === undefined ? {} : { workflow: workflowOf(bundle.manifest, options.text("workflow")).id }),
      input: await simulatedInput(invocation, bundle.manifest, spec),
      seeds,
      from: options.count("seed", 1, 4_294_967_295) ?? 1,
      signal,
      onProgress: (played) => {
        if (context.isTerminal.stderr && played % notedEvery === 0) printer.note(`${played} seeds`);
      },
    });
    const seconds = (performance.now() - startedMs) / 1_000;
    if (printer.json) printer.jsonLine({ ...report, seconds: Number(seconds.toFixed(3)) });
    else
      for (const line of simulationLines(report, { seconds, reproduce: (seed) => commandFor(context.argv, seed), paint: printer.paint }))
        printer.line(line);
    return report.failing === undefined ? 0 : 1;
  } finally {
    await code.close();
  }
}

async function simulatedInput(
  { context, options }: Invocation,
  manifest: BundleManifest,
  spec: SimulationSpec<unknown> | undefined,
): Promise<JsonObject> {
  const given = { pairs: options.texts("input"), file: options.text("input-file") };
  if (spec?.input !== undefined && given.pairs.length === 0 && given.file === undefined) return spec.input;
  return readRunInput(context, given, workflowOf(manifest, options.text("workflow") ?? spec?.workflow).inputs);
}

/** Whose code is needed: loading it runs it, so that what has a stub is left alone. */
function handlersWithoutStub(manifest: BundleManifest, spec: SimulationSpec<unknown> | undefined): ReadonlySet<string> {
  const stubs = spec?.handlers ?? {};
  return new Set(manifest.handlers.map(({ name }) => name).filter((name) => !Object.hasOwn(stubs, name)));
}

/** The same command line, for one seed. */
function commandFor(argv: readonly string[], seed: number): string {
  const kept: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "--simulate" || word === "--seed") i++;
    else if (!/^--(?:simulate|seed)=/.test(word)) kept.push(word);
  }
  return ["heddle", ...kept.map(shellWord), "--simulate", "1", "--seed", String(seed)].join(" ");
}
