/** Warnings about what should not leave a machine, or reach what runs: variables of the host, and files of a bundle. Pure. */
import { bodiesOf, type Node, type WorkflowIr } from "@heddle/core";
import { createDiagnostic, type Diagnostic } from "../../diagnostics/index.ts";
import { isPattern, isSecretName, secretFileReason } from "./secrets.ts";

/** One warning for each name and node, and for each file; what comes with packages is theirs. */
export function secretWarnings(workflows: readonly WorkflowIr[], files: ReadonlyMap<string, Uint8Array>): readonly Diagnostic[] {
  return [
    ...[...files].flatMap(([path, bytes]) =>
      path.startsWith("node_modules/") || path.endsWith(".mjs.map") ? [] : fileWarnings(path, bytes),
    ),
    ...workflows.flatMap((ir) => nodesOf(ir.nodes).flatMap((node) => namesOf(node).flatMap((name) => warningOf(ir, node, name)))),
  ];
}

function fileWarnings(path: string, bytes: Uint8Array): readonly Diagnostic[] {
  // What was made a module keeps the name of its source before the extension.
  const reason = secretFileReason(path.replace(/\.mjs$/, ""), bytes);
  if (reason === undefined) return [];
  return [
    createDiagnostic("HD3823", {
      path,
      message: `\`${path}\` looks like a secret: ${reason}`,
      reason: "Whoever can read a bundle reads all that is in it, and bundles are kept.",
      help: "leave it out with `excludes`, and let the machine that runs the step hold it",
    }),
  ];
}

function warningOf(ir: WorkflowIr, node: Node, name: string): readonly Diagnostic[] {
  const place = placeOf(ir, node);
  if (isPattern(name)) {
    return [
      createDiagnostic("HD3821", {
        ...place,
        message: `\`passEnv\` of \`${node.id}\` has the pattern \`${name}\``,
        reason: "A pattern would pass on what nobody who reads the workflow can know, so that none is followed.",
        help: "name each variable that it needs",
      }),
    ];
  }
  if (!isSecretName(name)) return [];
  return [
    createDiagnostic("HD3822", {
      ...place,
      message: `\`passEnv\` of \`${node.id}\` passes on \`${name}\`, which looks like a secret`,
      reason: "Handlers of a bundle share their processes, so that all of them see it, and whatever they start inherits it.",
      help: "pass it only where nothing else will do, and give it no more rights than the step needs",
    }),
  ];
}

/** By the text where the node has a place in one, else by ids. */
function placeOf(ir: WorkflowIr, { id, source }: Node): Pick<Diagnostic, "span"> | Pick<Diagnostic, "path"> {
  if (source === undefined) return { path: `${ir.id}/${id}` };
  const at = { offset: 0, line: source.line, column: source.column ?? 1 };
  const file = source.file ?? ir.source?.file;
  return file === undefined ? { path: `${ir.id}/${id}` } : { span: { file, start: at, end: at } };
}

function namesOf(node: Node): readonly string[] {
  const own = "passEnv" in node ? (node.passEnv ?? []) : [];
  const configured = node.kind === "process" ? (node.config.pass_env ?? []) : [];
  return [...new Set([...own, ...configured])];
}

function nodesOf(nodes: readonly Node[]): readonly Node[] {
  return nodes.flatMap((node) => [node, ...bodiesOf(node).flatMap(({ body }) => nodesOf(body.nodes))]);
}
