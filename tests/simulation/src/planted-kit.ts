/** What a planted bug is made of: a workflow as its author wrote it, the world around it, and the same without the bug. */
import { compile, renderDiagnostics } from "@heddle/compiler";
import { anonymousBundle, type BundleManifest } from "@heddle/core";
import { defineSimulation, type SimulationSpec } from "@heddle/testkit/simulator";

/** A workflow and its world. */
export interface Sample {
  readonly manifest: BundleManifest;
  readonly simulation: SimulationSpec<unknown>;
}

export interface Planted {
  readonly name: string;
  /** What its author got wrong. */
  readonly bug: string;
  readonly planted: Sample;
  readonly mended: Sample;
}

/** A sample of the body of a workflow over handlers that are declared with these options. */
export function sampleOf<World>(
  handlers: Readonly<Record<string, string>>,
  body: string,
  simulation: SimulationSpec<World>,
  options = "",
): Sample {
  const declared = Object.entries(handlers).map(
    ([name, given]) =>
      `export const ${name} = handler({ name: "${name}"${given === "" ? "" : `, ${given}`} }, async (input: any): Promise<any> => input);`,
  );
  const source = [
    'import { approval, handler, signal, sleep, workflow } from "@heddle/compiler/authoring";',
    ...declared,
    `export default workflow({ name: "flow"${options === "" ? "" : `, ${options}`} }, async () => {${body}});`,
  ].join("\n");
  const sources = new Map([["flow.ts", source]]);
  const { workflows, diagnostics } = compile(sources);
  const [only] = workflows;
  if (only === undefined) throw new TypeError(renderDiagnostics(diagnostics, sources));
  // Each world is told of by its own stubs alone.
  return { manifest: anonymousBundle([only.ir]), simulation: defineSimulation(simulation) as SimulationSpec<unknown> };
}
