/** What `heddle validate` asks: whether a path, of whatever kind, is or makes a sound bundle. */
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Bundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { type BuildOptions, buildBundle } from "./build-bundle.ts";
import { type ReadOptions, readBundle } from "./read-bundle.ts";

export type TargetOptions = BuildOptions & ReadOptions;

/** Reads a folder with a manifest (or the manifest itself), or builds a .ts or .js authoring file. Nothing is written. */
export async function validateTarget(target: string, options: TargetOptions = {}): Promise<Bundle> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(target)).isDirectory();
  } catch {
    return noBundle([{ path: target, message: "does not exist" }]);
  }
  if (isFolder) return readBundle(target, options);
  if (basename(target) === "manifest.json") return readBundle(dirname(target), options);
  if (/\.[cm]?[jt]s$/.test(target)) return buildBundle(target, options);
  return noBundle([
    {
      path: target,
      message: `expected a job folder, got file ${target}, which is neither a bundle nor an authoring file`,
      help: "Name a folder with manifest.json, or a .ts or .js file that exports a workflow",
    },
  ]);
}
