/**
 * Reads a bundle from a folder and trusts none of it: the manifest must parse and be sound, and
 * `payloads/` must hold exactly the files that it names, with their bytes, inside the folder. All that
 * is wrong is told at once.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  BundleManifest,
  bundleHash,
  checkBundle,
  HeddleError,
  hashBytes,
  type JsonValue,
  parseJson,
  payloadFileBytesMax,
} from "@heddle/core";
import { type Bundle, noBundle } from "../backends/bundle/create-bundle.ts";
import { isJobManifest } from "../frontends/manifest/compile-manifest.ts";
import type { Problem } from "../problem.ts";
import { leavesFolder, payloadsIn } from "./payload-files.ts";
import { readJob } from "./read-job.ts";

const manifestBytesMax = 64 * 1024 * 1024;

export interface ReadOptions {
  /** What the bundle is wanted for. To `run`, every file that a job manifest names has to be there. Default `validate`. */
  readonly purpose?: "validate" | "run";
}

/** Reads and verifies a bundle. A folder with a job manifest of version 1.0 becomes one. */
export async function readBundle(folder: string, options: ReadOptions = {}): Promise<Bundle> {
  const problems: Problem[] = [];
  const root = resolve(folder);
  const text = await readManifestText(root, problems);
  if (text === undefined) return noBundle(problems);
  const value = readJson(text, problems);
  if (value !== undefined && isJobManifest(value)) return readJob({ root, text, purpose: options.purpose ?? "validate" });
  const manifest = value === undefined ? undefined : parseOwn(value, problems);
  if (manifest === undefined) return noBundle(problems);
  problems.push(...checkBundle(manifest));
  const found = await payloadsIn(root, problems);
  const files = await readFiles(manifest, found, problems);
  if (problems.length > 0) return noBundle(problems);
  return { valid: true, manifest, files, hash: bundleHash(manifest), problems: [] };
}

async function readManifestText(root: string, problems: Problem[]): Promise<string | undefined> {
  const path = join(root, "manifest.json");
  const fail = (message: string, help?: string): undefined => {
    problems.push({ path: "manifest.json", message, ...(help === undefined ? {} : { help }) });
  };
  try {
    if (await leavesFolder(path, await realpath(root))) return fail("is a symbolic link that leaves the folder");
    if ((await stat(path)).size > manifestBytesMax) return fail(`has more than ${manifestBytesMax} bytes`);
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as { code?: unknown };
    return fail(
      code === "ENOENT" ? `job folder is missing manifest.json: ${root}` : `cannot be read (${String(code)})`,
      "A bundle is a folder with manifest.json and payloads/; name that folder, or the .ts or .js file that the workflow is written in",
    );
  }
}

function readJson(text: string, problems: Problem[]): JsonValue | undefined {
  try {
    return parseJson(text.replace(/^\uFEFF/, ""), manifestBytesMax);
  } catch (error) {
    problems.push({ path: "manifest.json", message: HeddleError.is(error) ? error.message : "is not JSON" });
    return undefined;
  }
}

function parseOwn(value: JsonValue, problems: Problem[]): BundleManifest | undefined {
  const parsed = BundleManifest.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    problems.push({ path: `manifest.json: ${issue.path.join(".") || "manifest"}`, message: issue.message });
  return undefined;
}

async function readFiles(
  manifest: BundleManifest,
  found: ReadonlyMap<string, string>,
  problems: Problem[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const named = new Set(manifest.files.map(({ path }) => path));
  for (const path of found.keys()) if (!named.has(path)) problems.push({ path: `payloads/${path}`, message: "is not in the manifest" });
  for (const { path, hash, bytes } of manifest.files) {
    const real = found.get(path);
    const problem = (message: string): void => void problems.push({ path: `payloads/${path}`, message });
    if (real === undefined) {
      problem("is in the manifest and not in the folder");
      continue;
    }
    const { size } = await stat(real);
    if (size > payloadFileBytesMax || size !== bytes) {
      problem(`has ${size} bytes, and the manifest says ${bytes}`);
      continue;
    }
    const content = await readFile(real);
    if (hashBytes(content) === hash) files.set(path, content);
    else problem("is not the file that the manifest names: its hash differs");
  }
  return files;
}
