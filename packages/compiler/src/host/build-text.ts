/** A bundle of a text or a drawing (`.heddle`, `.nemo`, `.visual.json`): its workflow, and the names of what it calls. */
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { handlerNamesOf } from "@heddle/core";
import { type Bundle, createBundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { compile } from "../compile.ts";
import { isError } from "../diagnostics/index.ts";
import { problemOfDiagnostic } from "./diagnostic-problem.ts";

/** The compiler has words for what is too large; what no text could be is not read for them. */
const sourceBytesMax = 256 * 1_024 * 1_024;

export function isTextSource(path: string): boolean {
  return /\.(?:heddle|nemo|visual\.json)$/.test(path);
}

/**
 * Compiles a source that {@link isTextSource}, with the compiler's checks. A bundle of one carries no code: what it calls
 * are tools of the daemon and handlers of workers.
 */
export async function buildText(path: string): Promise<Bundle> {
  const file = basename(path);
  const { size } = await stat(path);
  if (size > sourceBytesMax) return noBundle([{ path: file, message: `has ${size} bytes, and at most ${sourceBytesMax} are read` }]);
  const { workflows, diagnostics } = compile(new Map([[file, await readFile(path, "utf8")]]));
  const problems = diagnostics.filter(({ severity }) => severity !== "hint").map(problemOfDiagnostic);
  const irs = workflows.map(({ ir }) => ir);
  const [main] = irs;
  if (main === undefined || diagnostics.some(isError)) return noBundle(problems);
  const handlers = [...new Set(irs.flatMap((ir) => handlerNamesOf(ir.nodes)))].map((name) => ({ name }));
  const bundle = createBundle({ main: main.id, workflows: irs, handlers, files: new Map() });
  return bundle.valid ? { ...bundle, problems } : bundle;
}
