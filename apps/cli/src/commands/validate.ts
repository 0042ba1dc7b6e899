/** `heddle validate`: whether a path is, or makes, a sound bundle. Speaks to nobody. */
import { resolve } from "node:path";
import { type BundleManifest, bodiesOf, type Node } from "@heddle/core";
import { type CommandSpec, UsageError } from "../command.ts";
import { problemLines } from "../report-error.ts";

export const validate: CommandSpec = {
  name: "validate",
  args: "[target]",
  summary: "Check a bundle folder, or a .ts or .js file",
  example: "heddle validate flow.ts",
  async run({ context, args: [path], printer }) {
    if (path === undefined) throw new UsageError("name a bundle folder or an authoring file", "write: heddle validate flow.ts");
    const { validateTarget } = await import("@heddle/compiler");
    const bundle = await validateTarget(resolve(context.cwd, path));
    const problems = bundle.valid ? [] : bundle.problems;
    if (printer.json) printer.jsonLine({ valid: bundle.valid, problems, ...(bundle.valid ? { hash: bundle.hash } : {}) });
    else if (bundle.valid) {
      printer.line(`Job bundle at '${path}' is valid.`);
      for (const line of countsOf(bundle.manifest)) printer.line(line);
    } else {
      for (const line of problemLines(problems)) printer.note(line);
      const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
      printer.note(`${printer.notePaint("red", "error:")} ${path} has ${count} (bundle-invalid)`);
    }
    return bundle.valid ? 0 : 1;
  },
};

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
