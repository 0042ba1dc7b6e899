/**
 * Reads a folder that holds a job manifest of version 1.0: the manifest is compiled, the files below
 * `payloads/` are taken along as they lie, and the whole becomes a bundle of ours.
 */
import { lstat, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { payloadBytesMax, payloadFileBytesMax } from "@heddle/core";
import { type Bundle, createBundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { secretWarnings } from "../backends/package/secret-warnings.ts";
import { payloadsOf } from "../frontends/manifest/check-payloads.ts";
import { compileManifest } from "../frontends/manifest/compile-manifest.ts";
import type { Problem } from "../problem.ts";
import { problemOfDiagnostic } from "./diagnostic-problem.ts";
import { payloadsIn } from "./payload-files.ts";

export interface JobFolder {
  readonly root: string;
  /** Of its `manifest.json`. */
  readonly text: string;
  readonly purpose: "validate" | "run";
}

export async function readJob({ root, text, purpose }: JobFolder): Promise<Bundle> {
  const problems: Problem[] = [];
  const hasPayloads = await isThere(join(root, "payloads"));
  if (!hasPayloads) {
    const help = "Make the folder, even if nothing is in it";
    problems.push({ path: "payloads", message: `job folder is missing payloads/: ${root}`, help });
  }
  const found = hasPayloads ? await payloadsIn(root, problems) : new Map<string, string>();
  const compiled = compileManifest(text, {
    absent: purpose === "run" ? "error" : "warning",
    ...(hasPayloads ? { payloads: payloadsOf(found.keys()) } : {}),
  });
  for (const { path, ...problem } of compiled.problems) problems.push({ path: `manifest.json: ${path}`, ...problem });
  const files = await readFiles(found, problems);
  const { ir, manifest } = compiled;
  if (ir === undefined || manifest === undefined || problems.some(({ severity }) => severity === undefined)) return noBundle(problems);
  const bundle = createBundle({ main: ir.id, workflows: [ir], handlers: [], files });
  if (!bundle.valid) return noBundle([...problems, ...bundle.problems]);
  const { graphId, jobName, nodes, serviceChecks, inputRules } = manifest;
  problems.push(...secretWarnings([ir], files).map(problemOfDiagnostic));
  return { ...bundle, problems, imported: { graphId, jobName, nodes, serviceChecks, inputRules } };
}

async function isThere(path: string): Promise<boolean> {
  try {
    const entry = await lstat(path);
    return entry.isDirectory() || entry.isSymbolicLink();
  } catch {
    return false;
  }
}

/** The bytes of all files; sizes are asked first, so that nothing huge is ever read. */
async function readFiles(found: ReadonlyMap<string, string>, problems: Problem[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const [path, real] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { size } = await stat(real);
    total += size;
    if (size > payloadFileBytesMax)
      problems.push({ path: `payloads/${path}`, message: `has ${size} bytes, and at most ${payloadFileBytesMax} are accepted` });
    else if (total <= payloadBytesMax) files.set(path, await readFile(real));
  }
  if (total > payloadBytesMax)
    problems.push({ path: "payloads", message: `payloads have ${total} bytes, and at most ${payloadBytesMax} are accepted` });
  return files;
}
