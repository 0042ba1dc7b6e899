/** `heddle compile`: from sources to what other tools read. Nothing is written where anything is wrong. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HeddleError, type WorkflowIr } from "@heddle/core";
import { type CommandSpec, type Invocation, UsageError } from "../command.ts";
import { bundleOf, type CompiledInput, compileInputs, type SoundBundle, tellFindings } from "../compiled-inputs.ts";
import { InvalidBundleError } from "../report-error.ts";

const emits = ["ir", "bundle", "nemo-ir", "mermaid", "html", "xstate"] as const;
type Emit = (typeof emits)[number];
type TextEmit = Exclude<Emit, "bundle">;

/** What comes after the name of a source. */
const extensions: Readonly<Record<TextEmit, string>> = {
  ir: ".ir.json",
  "nemo-ir": ".json",
  mermaid: ".mmd",
  html: ".html",
  xstate: ".xstate.json",
};

/** One file or, of a bundle, one folder. */
type Output =
  | { readonly source: string; readonly workflow: string; readonly name: string; readonly text: string }
  | { readonly source: string; readonly workflow: string; readonly name: string; readonly bundle: SoundBundle };

export const compile: CommandSpec = {
  name: "compile",
  args: "<files...>",
  summary: "Compile workflows to IR, bundles, diagrams and machines",
  example: "heddle compile flow.nemo --emit mermaid",
  options: [
    { flags: "-o, --out <folder>", summary: "write files there; without it, one output goes to standard output" },
    { flags: "--emit <kind>", summary: `one of ${emits.join(", ")}; ir by default` },
    { flags: "--strict", summary: "warnings are errors" },
  ],
  async run(invocation) {
    const { printer, options, context } = invocation;
    const emit = options.choice("emit", emits) ?? "ir";
    const folder = options.text("out");
    if (emit === "bundle" && folder === undefined) throw new UsageError("a bundle is a folder", "say where it goes: -o <folder>");
    const compiled = await compileInputs(invocation);
    const { inputs, diagnostics, problems, failed } = compiled;
    if (failed) {
      if (printer.json) printer.jsonLine({ valid: false, diagnostics, problems, outputs: [] });
      else await tellFindings(invocation, compiled);
      return 1;
    }
    if (!printer.json) await tellFindings(invocation, compiled);
    const outputs = await outputsOf(inputs, emit);
    if (folder === undefined) return toStandardOutput(invocation, outputs, { diagnostics, problems });
    const target = resolve(context.cwd, folder);
    assertApart(outputs);
    await write(outputs, target, folder);
    if (emit === "bundle" && !printer.json) printer.note("bundle generated");
    const written = outputs.map(({ source, workflow, name }) => ({ source, workflow, path: join(folder, name) }));
    if (printer.json) printer.jsonLine({ valid: true, diagnostics, problems, outputs: written });
    else for (const { path } of written) printer.line(path);
    return 0;
  },
};

function toStandardOutput({ printer, context }: Invocation, outputs: readonly Output[], found: object): number {
  const texts = outputs.flatMap((output) => ("text" in output ? [output] : []));
  if (printer.json) {
    const told = texts.map(({ source, workflow, text }) => ({ source, workflow, text }));
    printer.jsonLine({ valid: true, ...found, outputs: told });
    return 0;
  }
  const [only, another] = texts;
  if (another !== undefined) throw new UsageError(`there are ${texts.length} outputs`, "say where they go: -o <folder>");
  if (only !== undefined) context.stdout.write(only.text);
  return 0;
}

async function outputsOf(inputs: readonly CompiledInput[], emit: Emit): Promise<readonly Output[]> {
  const outputs: Output[] = [];
  for (const input of inputs) {
    const { file: source, name, workflows } = input;
    const [main] = workflows;
    if (main === undefined) continue;
    if (emit === "bundle") {
      outputs.push({ source, workflow: main.id, name, bundle: await bundleOf(input) });
      continue;
    }
    for (const ir of workflows) {
      const own = ir === main ? name : `${name}.${ir.id}`;
      outputs.push({ source, workflow: ir.id, name: `${own}${extensions[emit]}`, text: await textOf(ir, emit, source) });
    }
  }
  return outputs;
}

async function textOf(ir: WorkflowIr, emit: TextEmit, source: string): Promise<string> {
  if (emit === "html") return (await import("@heddle/compiler/html")).htmlOf(ir);
  const { mermaidOf, printNemoIr, xstateOf } = await import("@heddle/compiler");
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  if (emit === "ir") return json(ir);
  if (emit === "mermaid") return mermaidOf(ir);
  if (emit === "xstate") return json(xstateOf(ir));
  const printed = printNemoIr(ir);
  if (printed.ok) return json(printed.ir);
  throw new InvalidBundleError(source, printed.problems);
}

/** Two sources of one name would write one file. */
function assertApart(outputs: readonly Output[]): void {
  const taken = new Map<string, string>();
  for (const { name, source } of outputs) {
    const other = taken.get(name.toLowerCase());
    if (other !== undefined)
      throw new UsageError(`${other} and ${source} would both become ${name}`, "compile them into different folders");
    taken.set(name.toLowerCase(), source);
  }
}

async function write(outputs: readonly Output[], target: string, folder: string): Promise<void> {
  const { writeBundle } = await import("@heddle/compiler");
  try {
    await mkdir(target, { recursive: true });
    for (const output of outputs) {
      const path = join(target, output.name);
      if ("bundle" in output) await writeBundle(output.bundle, path);
      else await writeFile(path, output.text);
    }
  } catch (error) {
    if (HeddleError.is(error)) throw error;
    const { code } = error as { code?: unknown };
    throw new HeddleError("request-invalid", `${folder} cannot be written to (${String(code)})`, { cause: error });
  }
}
