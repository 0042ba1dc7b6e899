/** What `heddle validate` asks: whether a path, of whatever kind, is or makes a sound bundle. */
import { stat } from "node:fs/promises";
import { basename, dirname, posix } from "node:path";
import type { WorkflowIr } from "@heddle/core";
import { type Bundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { checkWorkflow } from "../checks/index.ts";
import { type Diagnostic, isError } from "../diagnostics/index.ts";
import { buildBundle } from "./build-bundle.ts";
import type { BuildOptions } from "./build-options.ts";
import { buildText, isTextSource } from "./build-text.ts";
import { problemOfDiagnostic } from "./diagnostic-problem.ts";
import { type ReadOptions, readBundle } from "./read-bundle.ts";

export type TargetOptions = BuildOptions & ReadOptions;

/**
 * Reads a folder with a manifest (or the manifest itself), or builds a .ts or .js authoring file, a text or a drawing. Nothing is written.
 * What is authored here is held to the compiler's checks; what somebody has built is taken as it is.
 */
export async function validateTarget(target: string, options: TargetOptions = {}): Promise<Bundle> {
  if (!isAuthoringFile(target)) return readTarget(target, options);
  const { bundle, diagnostics } = await checkTarget(target, options);
  if (!bundle.valid) return bundle;
  const problems = [...bundle.problems, ...diagnostics.filter(({ severity }) => severity !== "hint").map(problemOfDiagnostic)];
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
  const sources = sourcesOf(files);
  // Texts and plain TypeScript were checked when it was read, where their author's words and places are known.
  const isChecked = (ir: WorkflowIr): boolean => isTextSource(target) || (isAuthoringFile(target) && ir.source?.frontend === "typescript");
  const unchecked = manifest.workflows.filter((ir) => !isChecked(ir));
  return { bundle, diagnostics: unchecked.flatMap((ir) => checkWorkflow(ir, { sources })), sources };
}

/** The author's texts by their names: as they lie, and those that modules were made from, which their source maps hold. */
function sourcesOf(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, string> {
  const texts = new TextDecoder();
  const sources = new Map<string, string>();
  for (const [path, bytes] of files) {
    if (path.startsWith("node_modules/")) continue;
    if (isAuthoringFile(path)) sources.set(path, texts.decode(bytes));
    else if (path.endsWith(".mjs.map")) for (const [name, text] of mappedSources(path, texts.decode(bytes))) sources.set(name, text);
  }
  return sources;
}

function mappedSources(path: string, text: string): readonly (readonly [string, string])[] {
  try {
    const { sources, sourcesContent }: { sources?: unknown; sourcesContent?: unknown } = JSON.parse(text);
    if (!Array.isArray(sources) || !Array.isArray(sourcesContent)) return [];
    return sources.flatMap((source: unknown, i) => {
      const content: unknown = sourcesContent[i];
      return typeof source === "string" && typeof content === "string"
        ? [[posix.join(posix.dirname(path), decodeURI(source)), content] as const]
        : [];
    });
  } catch {
    // A file of that name may be anything: a bundle is valid without it.
    return [];
  }
}

function isAuthoringFile(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path);
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
  if (isTextSource(target)) return buildText(target);
  return noBundle([
    {
      path: target,
      message: `expected a job folder, got file ${target}, which is neither a bundle nor an authoring file`,
      help: "Name a folder with manifest.json, a .ts or .js file that exports a workflow, or a .heddle, .nemo or .visual.json file",
    },
  ]);
}
