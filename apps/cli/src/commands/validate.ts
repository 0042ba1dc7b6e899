/** `heddle validate`: whether a path is, or makes, a sound bundle. Speaks to nobody. */
import { resolve } from "node:path";
import type { ImportedJob } from "@heddle/compiler";
import { type BundleManifest, bodiesOf, type Node } from "@heddle/core";
import { type CommandSpec, UsageError } from "../command.ts";
import { countOf, problemLines } from "../report-error.ts";
import { plainText } from "../style.ts";

export const validate: CommandSpec = {
  name: "validate",
  args: "[target]",
  summary: "Check a bundle or job folder, or a .ts, .js, .heddle or .nemo file",
  example: "heddle validate flow.ts",
  async run({ context, args: [path], printer }) {
    if (path === undefined) throw new UsageError("name a bundle folder or an authoring file", "write: heddle validate flow.ts");
    const { validateTarget } = await import("@heddle/compiler");
    const bundle = await validateTarget(resolve(context.cwd, path));
    const { problems } = bundle;
    if (printer.json) printer.jsonLine({ valid: bundle.valid, problems, ...(bundle.valid ? { hash: bundle.hash } : {}) });
    else if (bundle.valid) {
      for (const line of problemLines(problems)) printer.note(line);
      printer.line(`Job bundle at '${path}' is valid.`);
      for (const line of bundle.imported === undefined ? countsOf(bundle.manifest) : jobCountsOf(bundle.imported)) printer.line(line);
    } else {
      for (const line of problemLines(problems)) printer.note(line);
      printer.note(`${printer.notePaint("red", "error:")} ${path} has ${countOf(problems)} (bundle-invalid)`);
    }
    return bundle.valid ? 0 : 1;
  },
};

function jobCountsOf({ jobName, graphId, nodes, serviceChecks, inputRules }: ImportedJob): string[] {
  return [
    `  - Job Name: ${plainText(jobName)}`,
    `  - Graph ID: ${plainText(graphId)}`,
    `  - Nodes count: ${nodes}`,
    `  - Service checks: ${serviceChecks}`,
    `  - Input validation rules: ${inputRules}`,
  ];
}

function countsOf({ main, workflows, handlers, files }: BundleManifest): string[] {
  const nodes = workflows.reduce((sum, { nodes: own }) => sum + countNodes(own), 0);
  const ids = workflows.map(({ id }) => id).filter((id) => id !== main);
  return [
    `  - Main workflow: ${main}`,
    `  - Workflows count: ${workflows.length}${ids.length === 0 ? "" : ` (also ${ids.join(", ")})`}`,
    `  - Nodes count: ${nodes}`,
    `  - Handlers count: ${handlers.length}`,
    `  - Payload files: ${files.length}`,
  ];
}

function countNodes(nodes: readonly Node[]): number {
  return nodes.reduce((sum, node) => sum + 1 + bodiesOf(node).reduce((inner, { body }) => inner + countNodes(body.nodes), 0), 0);
}
