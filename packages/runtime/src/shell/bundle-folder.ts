/**
 * Bundles laid out on disk for the processes that run their code: `<folder>/<hash>/payloads/…`.
 *
 * A folder is complete or absent: it is written beside its place and renamed, and what is found there
 * is verified against the manifest before anything in it runs.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BundleManifest, ContentHash, PayloadFile } from "@heddle/core";

/**
 * Makes sure that a bundle's payloads stand below `root`, and returns their folder.
 *
 * Rejects with what `payload` rejects with when the store cannot give a file.
 */
export async function layOutBundle(
  root: string,
  hash: ContentHash,
  manifest: BundleManifest,
  payload: (file: PayloadFile) => Promise<Uint8Array>,
): Promise<string> {
  const place = join(root, hash.slice("sha256:".length));
  const payloads = join(place, "payloads");
  if (await isWhole(payloads, manifest)) return payloads;
  const fresh = `${place}.${randomUUID()}`;
  for (const file of manifest.files) {
    const bytes = await payload(file);
    const path = join(fresh, "payloads", ...file.path.split("/"));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes, { mode: 0o444 });
  }
  await mkdir(join(fresh, "payloads"), { recursive: true });
  await rm(place, { recursive: true, force: true });
  try {
    await rename(fresh, place);
  } catch (error) {
    // Another process may have laid the same bundle out at the same time: then its work will do.
    await rm(fresh, { recursive: true, force: true });
    if (!(await isWhole(payloads, manifest))) throw error;
  }
  return payloads;
}

async function isWhole(payloads: string, manifest: BundleManifest): Promise<boolean> {
  try {
    for (const file of manifest.files) {
      const bytes = await readFile(join(payloads, ...file.path.split("/")));
      if (`sha256:${createHash("sha256").update(bytes).digest("hex")}` !== file.hash) return false;
    }
    return manifest.files.length > 0;
  } catch {
    // Absent or unreadable: it is laid out anew.
    return false;
  }
}

/** The folder that bundles are laid out in: of the data folder, or a temporary one that goes away. */
export function bundleFolder(dataDir: string | undefined): { path(): Promise<string>; remove(): Promise<void> } {
  let temporary: Promise<string> | undefined;
  return {
    path() {
      if (dataDir !== undefined) return Promise.resolve(join(dataDir, "bundles"));
      temporary ??= mkdtemp(join(tmpdir(), "heddle-bundles-"));
      return temporary;
    },
    async remove() {
      if (temporary !== undefined) await rm(await temporary, { recursive: true, force: true });
    },
  };
}
