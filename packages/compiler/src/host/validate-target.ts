/** What `heddle validate` asks: whether a path, of whatever kind, is or makes a sound bundle. */
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Bundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { checkWorkflow } from "../checks/index.ts";
import { type Diagnostic, isError } from "../diagnostics/index.ts";
import type { Problem } from "../problem.ts";
import { type BuildOptions, buildBundle } from "./build-bundle.ts";
import { type ReadOptions, readBundle } from "./read-bundle.ts";

export type TargetOptions = BuildOptions & ReadOptions;

/**
 * Reads a folder with a manifest (or the manifest itself), or builds a .ts or .js authoring file. Nothing is written.
 * What is authored here is held to the compiler's checks; what somebody has built is taken as it is.
 */
export async function validateTarget(target: string, options: TargetOptions = {}): Promise<Bundle> {
  if (!isAuthoringFile(target)) return readTarget(target, options);
  const { bundle, diagnostics } = await checkTarget(target, options);
  if (!bundle.valid) return bundle;
  const problems = [...bundle.problems, ...diagnostics.filter(({ severity }) => severity !== "hint").map(problemOf)];
  return diagnostics.some(isError) ? noBundle(problems) : { ...bundle, problems };
}

/** A path, what it is or makes, and everything that the checks have to say about the workflows in it. */
export interface CheckedTarget {
  readonly bundle: Bundle;
  /** Of a bundle that is valid. */
  readonly diagnostics: readonly Diagnostic[];
  /** Texts by the file names of the diagnostics. */
  readonly sources: ReadonlyMap<string, string>;
}

/** As {@link validateTarget} reads it, of whatever kind; errors of the checks are told and leave the bundle. */
export async function checkTarget(target: string, options: TargetOptions = {}): Promise<CheckedTarget> {
  const bundle = await readTarget(target, options);
  if (!bundle.valid) return { bundle, diagnostics: [], sources: new Map() };
  const { manifest, files } = bundle;
  const texts = new TextDecoder();
  const sources = new Map(
    [...files]
      .filter(([path]) => isAuthoringFile(path) && !path.startsWith("node_modules/"))
      .map(([path, bytes]) => [path, texts.decode(bytes)]),
  );
  return { bundle, diagnostics: manifest.workflows.flatMap((ir) => checkWorkflow(ir, { sources })), sources };
}

function isAuthoringFile(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path);
}

function problemOf({ id, severity, span, path, message, help }: Diagnostic): Problem {
  return {
    path: span === undefined ? (path ?? "") : `${span.file}:${span.start.line}`,
    message: `${message} (${id})`,
    ...(help === undefined ? {} : { help }),
    ...(severity === "error" ? {} : { severity: "warning" }),
  };
}

async function readTarget(target: string, options: TargetOptions): Promise<Bundle> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(target)).isDirectory();
  } catch {
    return noBundle([{ path: target, message: "does not exist" }]);
  }
  if (isFolder) return readBundle(target, options);
  if (basename(target) === "manifest.json") return readBundle(dirname(target), options);
  if (isAuthoringFile(target)) return buildBundle(target, options);
  return noBundle([
    {
      path: target,
      message: `expected a job folder, got file ${target}, which is neither a bundle nor an authoring file`,
      help: "Name a folder with manifest.json, or a .ts or .js file that exports a workflow",
    },
  ]);
}
