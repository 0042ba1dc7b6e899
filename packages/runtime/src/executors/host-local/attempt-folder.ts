/**
 * The folder of one attempt: what the node uploads from its bundle, and the files of the contract.
 * It is made for the attempt alone and removed after it.
 *
 * Architecture invariant: what is copied is a file of the bundle's manifest, reached from the payload
 * folder without a symbolic link. Links that somebody planted there are refused, not followed.
 */
import { constants, type Stats } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { HeddleError, processFiles, relativePath, type UploadedFile, withoutSandbox } from "@heddle/core";
import type { MessageFiles } from "./message-files.ts";

export interface AttemptFolder {
  readonly path: string;
  readonly paths: Readonly<Record<keyof typeof processFiles, string>>;
  remove(): Promise<void>;
}

/** Makes the folder. Errors: `path-escape`, `bundle-invalid`; what the file system says when it has no room. */
export async function makeAttemptFolder(
  prefix: string,
  payloads: string | undefined,
  uploads: readonly UploadedFile[],
  files: MessageFiles["files"],
): Promise<AttemptFolder> {
  const path = await mkdtemp(join(await realpath(tmpdir()), `${prefix}-`));
  const at = (part: keyof typeof processFiles): string => join(path, processFiles[part]);
  const folder: AttemptFolder = {
    path,
    paths: { input: at("input"), message: at("message"), body: at("body"), context: at("context") },
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }),
  };
  try {
    if (uploads.length > 0) await upload(payloads, uploads, path);
    await Promise.all((["input", "message", "body", "context"] as const).map((part) => writeFile(at(part), files[part])));
    return folder;
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function upload(payloads: string | undefined, uploads: readonly UploadedFile[], path: string): Promise<void> {
  if (payloads === undefined) throw new HeddleError("executor-unavailable", "the files of the bundle are not laid out here");
  const root = await realpath(payloads);
  for (const { file, target } of uploads) {
    const source = join(root, ...file.path.split("/"));
    if ((await realOf(source, file.path)) !== source)
      throw new HeddleError("path-escape", `the upload ${JSON.stringify(file.path)} is a symbolic link`, { details: { path: file.path } });
    const place = join(path, ...target.split("/"));
    await mkdir(dirname(place), { recursive: true });
    await copyFile(source, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // A payload does not say whether it is a program, so that each may be one.
    await chmod(place, 0o755);
  }
}

async function realOf(source: string, path: string): Promise<string> {
  try {
    return await realpath(source);
  } catch (error) {
    throw new HeddleError("bundle-invalid", `upload source does not exist: ${path}`, { cause: error });
  }
}

/** Where the program runs. Errors: `path-escape` for a relative path that climbs, `input-invalid` for one that is no folder. */
export async function workdirOf(wanted: string | undefined, folder: string): Promise<string> {
  if (wanted === undefined || wanted === "") return folder;
  const mapped = withoutSandbox(wanted);
  if (isAbsolute(mapped)) {
    if ((await statOf(wanted))?.isDirectory() !== true) throw new HeddleError("input-invalid", `the workdir ${wanted} is not a folder`);
    return wanted;
  }
  const below = relativePath(mapped);
  if (below === undefined) throw new HeddleError("path-escape", `the workdir ${JSON.stringify(wanted)} leads outside`);
  const place = join(folder, ...below.split("/"));
  const found = await statOf(place);
  if (found !== undefined && !found.isDirectory()) throw new HeddleError("input-invalid", `the workdir ${wanted} is a file`);
  await mkdir(place, { recursive: true });
  return place;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}
