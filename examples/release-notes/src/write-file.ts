/** Writes a file so that nobody sees half of it, and so that doing it twice is doing it once. */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ReleaseNotesError } from "./commit.ts";

/** What was written. `changed`: whether the file was different before. */
export interface Written {
  readonly path: string;
  readonly bytes: number;
  readonly changed: boolean;
}

/** Replaces a file in one step. `key` names the attempt's own file beside it: repeated attempts use the same. */
export async function writeFileOnce(output: string, text: string, key: string): Promise<Written> {
  const path = resolve(output);
  const bytes = Buffer.byteLength(text);
  if ((await contentOf(path)) === text) return { path, bytes, changed: false };
  await mkdir(dirname(path), { recursive: true });
  const beside = join(dirname(path), `.${basename(path)}.${key.replace(/[^A-Za-z0-9]+/g, "-")}.tmp`);
  try {
    const file = await open(beside, "w");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  return { path, bytes, changed: true };
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "EISDIR") throw new ReleaseNotesError("output-invalid", `${path} is a folder; name a file`);
    throw error;
  }
}
