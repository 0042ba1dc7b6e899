/** Reading a regular file, up to a bound and not a byte further. */
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import type { Ground } from "./beneath.ts";
import { type Folder, notRegular, swapped } from "./folder.ts";

export interface ReadOptions {
  readonly bytesMax: number;
  /** The first byte that is read; default 0. */
  readonly offset?: number;
  /** Of a file with more bytes than may be read: `refuse` (default) or `cut`. */
  readonly whenLarger?: "refuse" | "cut";
  readonly signal?: AbortSignal;
}

export interface ReadFile {
  readonly bytes: Uint8Array;
  /** There is more after it. */
  readonly truncated: boolean;
}

const chunkBytes = 256 * 1024;

/** Codes: `file-not-found`, `path-link-swapped`, `file-is-folder`, `file-kind-refused`, `file-hard-linked`, `file-too-large`, `aborted`. */
export async function readFileIn(
  ground: Pick<Ground, "afterStep">,
  folder: Folder,
  name: string,
  options: ReadOptions,
  hardLinks: "allow" | "refuse",
): Promise<ReadFile | Refusal> {
  const path = join(folder.path, name);
  const refused = await refuseKind(folder, name);
  if (refused !== undefined) return refused;
  await ground.afterStep?.({ step: "looked", path });
  const opened = await folder.openFile(name, constants.O_RDONLY);
  if (isRefusal(opened)) return opened;
  try {
    if (hardLinks === "refuse" && opened.stats.nlink > 1) {
      return refuse("file-hard-linked", `${shown(path)} has ${opened.stats.nlink} names, and the others may be outside: copy the file`);
    }
    return await readUpTo(opened.handle, path, options);
  } finally {
    await opened.handle.close();
  }
}

/** Looked at before it is opened: to open a device is to use it. */
async function refuseKind(folder: Folder, name: string): Promise<Refusal | undefined> {
  const path = join(folder.path, name);
  const stats = await folder.stats(name);
  if (stats === undefined)
    return refuse("file-not-found", `${shown(path)} does not exist: look at what is there with a list of its folder`);
  if (isRefusal(stats)) return stats;
  if (stats.isSymbolicLink()) return swapped(path);
  if (stats.isDirectory()) return refuse("file-is-folder", `${shown(path)} is a folder: list it, or name a file in it`);
  return stats.isFile() ? undefined : notRegular(path);
}

async function readUpTo(handle: FileHandle, path: string, options: ReadOptions): Promise<ReadFile | Refusal> {
  const { bytesMax, offset = 0, signal } = options;
  const chunks: Buffer[] = [];
  let total = 0;
  // One byte more than may be kept tells whether there is more; the size that the system states is not always true.
  while (total <= bytesMax) {
    if (signal?.aborted === true) return refuse("aborted", `reading ${shown(path)} was stopped: nothing was changed`);
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, bytesMax + 1 - total));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset + total);
    if (bytesRead === 0) return { bytes: Buffer.concat(chunks), truncated: false };
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
  }
  if (options.whenLarger === "cut") return { bytes: Buffer.concat(chunks).subarray(0, bytesMax), truncated: true };
  return refuse("file-too-large", `${shown(path)} has more than ${bytesMax} bytes: read a part of it, or raise the limit`);
}

/** As UTF-8, a byte order mark included. */
export function textOf(read: ReadFile, path: string): (Omit<ReadFile, "bytes"> & { readonly text: string }) | Refusal {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    // Of a part, the last character may be cut through: what there is of it is left out.
    return { text: decoder.decode(read.bytes, { stream: read.truncated }), truncated: read.truncated };
  } catch {
    return refuse("file-not-text", `${shown(path)} is not text in UTF-8: read it as bytes, or convert it`);
  }
}
