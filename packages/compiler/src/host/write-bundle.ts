/** Writes a bundle to a folder: beside it first, then moved into place, so that nobody ever sees half of one. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type BundleManifest, HeddleError } from "@heddle/core";
import { manifestText } from "../backends/bundle/create-bundle.ts";

/**
 * Writes `manifest.json` and `payloads/`. A bundle that is there already is replaced.
 *
 * @throws HeddleError `request-invalid` when the folder holds something else than a bundle.
 */
export async function writeBundle(
  bundle: { readonly manifest: BundleManifest; readonly files: ReadonlyMap<string, Uint8Array> },
  folder: string,
): Promise<void> {
  const target = resolve(folder);
  const there = await namesIn(target);
  if (there !== undefined && there.length > 0 && !there.includes("manifest.json")) {
    throw new HeddleError("request-invalid", `${folder} is not empty and holds no bundle, so it is not replaced`);
  }
  await mkdir(dirname(target), { recursive: true });
  const made = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    const next = join(made, "next");
    for (const [path, bytes] of bundle.files) {
      const file = join(next, "payloads", ...path.split("/"));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
    await mkdir(join(next, "payloads"), { recursive: true });
    await writeFile(join(next, "manifest.json"), manifestText(bundle.manifest));
    if (there !== undefined) await rename(target, join(made, "before"));
    await rename(next, target);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT") return undefined;
    throw new HeddleError("request-invalid", `${folder} cannot be read (${String(code)})`, { cause: error });
  }
}
