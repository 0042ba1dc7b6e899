/** From a path to a bundle that the daemon holds: read or compiled here, uploaded when it is not there yet. */
import { resolve } from "node:path";
import type { Client } from "@heddle/client";
import type { Problem } from "@heddle/compiler";
import { type BundleManifest, type BundleView, type ContentHash, HeddleError, type WorkflowIr } from "@heddle/core";
import { didYouMean, UsageError } from "./command.ts";
import type { CliContext } from "./context.ts";
import { InvalidBundleError } from "./report-error.ts";

export interface SoundBundle {
  readonly manifest: BundleManifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly hash: ContentHash;
}

/** A bundle with what is worth knowing about it: warnings alone. */
export interface LoadedBundle extends SoundBundle {
  readonly problems: readonly Problem[];
}

/** Reads a bundle folder or a job folder, or compiles the file of a workflow. Errors: `bundle-invalid` with all problems. */
export async function loadBundle(context: CliContext, path: string, signal?: AbortSignal): Promise<LoadedBundle> {
  const { validateTarget } = await import("@heddle/compiler");
  const bundle = await validateTarget(resolve(context.cwd, path), { purpose: "run", ...(signal === undefined ? {} : { signal }) });
  if (bundle.valid) return bundle;
  throw new InvalidBundleError(path, bundle.problems);
}

/** Uploads a bundle, unless the daemon has it. */
export async function ensureBundle(client: Client, bundle: SoundBundle, signal?: AbortSignal): Promise<BundleView> {
  try {
    return (await client.bundles.get({ hash: bundle.hash }, { signal })).view;
  } catch (error) {
    if (!HeddleError.is(error, "bundle-not-found")) throw error;
  }
  return uploadBundle(client, bundle, signal);
}

/** Uploads a bundle, also one that the daemon knows: what it had lost of it is whole again. */
export function uploadBundle(client: Client, bundle: SoundBundle, signal?: AbortSignal): Promise<BundleView> {
  const files = [...bundle.files].map(([path, bytes]) => ({ path, bytes }));
  return client.bundles.put({ manifest: bundle.manifest, files }, { signal });
}

/** The workflow that is meant: by id, or the main one. Errors: `UsageError`. */
export function workflowOf(manifest: BundleManifest, id: string | undefined): WorkflowIr {
  const wanted = id ?? manifest.main;
  const found = manifest.workflows.find((workflow) => workflow.id === wanted);
  if (found !== undefined) return found;
  const ids = manifest.workflows.map((workflow) => workflow.id);
  throw new UsageError(`the bundle has no workflow ${wanted}${didYouMean(wanted, ids)}`, `it has ${ids.join(", ")}`);
}
