/**
 * Reads a bundle from a folder and trusts none of it: the manifest must parse and be sound, and
 * `payloads/` must hold exactly the files that it names, with their bytes, inside the folder. All that
 * is wrong is told at once.
 */
import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
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
import type { Problem } from "../problem.ts";

const manifestBytesMax = 64 * 1024 * 1024;
const entriesMax = 50_000;

/** Reads and verifies a bundle. */
export async function readBundle(folder: string): Promise<Bundle> {
  const problems: Problem[] = [];
  const root = resolve(folder);
  const manifest = await readManifest(root, problems);
  if (manifest === undefined) return noBundle(problems);
  problems.push(...checkBundle(manifest));
  const found = await payloadsIn(root, problems);
  const files = await readFiles(manifest, found, problems);
  if (problems.length > 0) return noBundle(problems);
  return { valid: true, manifest, files, hash: bundleHash(manifest), problems: [] };
}

async function readManifest(root: string, problems: Problem[]): Promise<BundleManifest | undefined> {
  const path = join(root, "manifest.json");
  const fail = (message: string, help?: string): undefined => {
    problems.push({ path: "manifest.json", message, ...(help === undefined ? {} : { help }) });
  };
  let text: string;
  try {
    if (await leaves(path, await realpath(root))) return fail("is a symbolic link that leaves the folder");
    if ((await stat(path)).size > manifestBytesMax) return fail(`has more than ${manifestBytesMax} bytes`);
    text = await readFile(path, "utf8");
  } catch (error) {
    return fail(
      `cannot be read (${String((error as { code?: unknown }).code)})`,
      "A bundle is a folder with manifest.json and payloads/; name that folder, or the .ts or .js file that the workflow is written in",
    );
  }
  let value: JsonValue;
  try {
    value = parseJson(text, manifestBytesMax);
  } catch (error) {
    return fail(HeddleError.is(error) ? error.message : "is not JSON");
  }
  const parsed = BundleManifest.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    problems.push({ path: `manifest.json: ${issue.path.join(".") || "manifest"}`, message: issue.message });
  return undefined;
}

async function leaves(path: string, root: string): Promise<boolean> {
  const real = await realpath(path);
  return real !== root && !real.startsWith(`${root}${sep}`);
}

/** The files below `payloads/`: by their path there, where they really are. */
async function payloadsIn(root: string, problems: Problem[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const realRoot = await realpath(root);
  const open = ["payloads"];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (found.size > entriesMax) {
      problems.push({ path: "payloads", message: `holds more than ${entriesMax} files` });
      break;
    }
    for (const name of await namesIn(join(root, folder), folder, problems)) {
      const path = `${folder}/${name}`;
      const real = join(root, path);
      const entry = await lstat(real);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isSymbolicLink()) {
        if (await leaves(real, realRoot).catch(() => true))
          problems.push({ path, message: "is a symbolic link that leaves the folder", help: "Put the file itself there" });
        else if ((await stat(real)).isFile()) found.set(path.slice("payloads/".length), real);
        else problems.push({ path, message: "is a symbolic link to something that is not a file" });
      } else if (entry.isFile()) found.set(path.slice("payloads/".length), real);
      else problems.push({ path, message: "is not a file" });
    }
  }
  return found;
}

async function namesIn(folder: string, shown: string, problems: Problem[]): Promise<readonly string[]> {
  try {
    if (shown === "payloads" && (await lstat(folder)).isSymbolicLink()) {
      problems.push({ path: shown, message: "is a symbolic link", help: "Put the folder itself there" });
      return [];
    }
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (shown !== "payloads" || code !== "ENOENT") problems.push({ path: shown, message: `cannot be read (${String(code)})` });
    return [];
  }
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
