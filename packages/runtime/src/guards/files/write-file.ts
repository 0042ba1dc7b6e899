/**
 * Writing a file as a whole: into a temporary file of the same folder, then by one rename through the same
 * handle. Whoever reads sees the old content or the new; after a power cut too. A second name that the old
 * file has keeps the old content.
 */
import { constants, type Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "@heddle/ports";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import type { Ground } from "./beneath.ts";
import { type Folder, notRegular, swapped } from "./folder.ts";

export interface WriteOptions {
  /** Make the folders that are missing. */
  readonly parents?: boolean;
  readonly signal?: AbortSignal;
}

export interface WrittenFile {
  readonly bytes: number;
  /** There was none before. */
  readonly created: boolean;
}

export interface WritePlace {
  readonly ground: Pick<Ground, "afterStep">;
  readonly folder: Folder;
  readonly name: string;
  /** Whether the file existed when the path was judged. */
  readonly existed: boolean;
  readonly random: Random;
}

const chunkBytes = 1024 * 1024;

/**
 * A file keeps its permissions and, where the system lets us, its owner; a new one has those that the process gives.
 * Codes: `path-changed` (it came or went since it was judged), `path-link-swapped`, `file-is-folder`,
 * `file-kind-refused`, `file-access-denied`, `storage-full`, `aborted`.
 */
export async function writeFileIn(place: WritePlace, content: string | Uint8Array, options: WriteOptions): Promise<WrittenFile | Refusal> {
  const { folder, name } = place;
  const old = await targetOf(place);
  if (isRefusal(old)) return old;
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const temporary = `.heddle-${Buffer.from(place.random.bytes(9)).toString("hex")}.tmp`;
  // Of a new file the system takes off what its mask forbids; one that replaces another shows itself to nobody before it has the old permissions.
  const opened = await folder.openFile(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
    old === undefined ? 0o666 : 0o600,
  );
  if (isRefusal(opened)) return opened;
  let renamed = false;
  try {
    const refused = await fill(opened.handle, bytes, old, join(folder.path, name), options.signal);
    if (refused !== undefined) return refused;
    await place.ground.afterStep?.({ step: "written", path: join(folder.path, temporary) });
    const swappedIn = await refuseChange(place, old);
    if (swappedIn !== undefined) return swappedIn;
    const unnamed = await (old === undefined ? folder.renameNew(temporary, name) : folder.rename(temporary, name));
    if (unnamed !== undefined) return unnamed;
    renamed = true;
    await folder.sync();
    return { bytes: bytes.length, created: old === undefined };
  } finally {
    // What fails now failed before, for a reason that is told already.
    if (!renamed) await folder.removeFile(temporary).catch(() => undefined);
  }
}

/** What is to be replaced; undefined where nothing is. */
async function targetOf({ folder, name, existed }: WritePlace): Promise<Stats | Refusal | undefined> {
  const path = join(folder.path, name);
  const stats = await folder.stats(name);
  if (isRefusal(stats)) return stats;
  if (stats?.isSymbolicLink() === true) return swapped(path);
  if (stats?.isDirectory() === true) return refuse("file-is-folder", `${shown(path)} is a folder: name a file in it`);
  if (stats?.isFile() === false) return notRegular(path);
  if ((stats !== undefined) === existed) return stats;
  return refuse("path-changed", `${shown(path)} has ${existed ? "gone" : "come into being"} since it was judged: ask again`);
}

/** Whatever has the name now, a rename takes its place; so it is looked at once more, as late as can be. */
async function refuseChange(place: WritePlace, old: Stats | undefined): Promise<Refusal | undefined> {
  const now = await targetOf(place);
  if (isRefusal(now)) return now;
  if (now?.ino === old?.ino && now?.dev === old?.dev) return undefined;
  return refuse("path-changed", `${shown(join(place.folder.path, place.name))} has been replaced while it was written: ask again`);
}

async function fill(
  handle: FileHandle,
  bytes: Uint8Array,
  old: Stats | undefined,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Refusal | undefined> {
  try {
    for (let at = 0; at < bytes.length; ) {
      if (signal?.aborted === true) return refuse("aborted", `writing ${shown(path)} was stopped: it is as it was`);
      at += (await handle.write(bytes, at, Math.min(chunkBytes, bytes.length - at))).bytesWritten;
    }
    if (old !== undefined) {
      // Only a privileged process may give a file away; another one writes files of its own.
      await handle.chown(old.uid, old.gid).catch(() => undefined);
      await handle.chmod(old.mode & 0o777);
    }
    await handle.sync();
    return undefined;
  } finally {
    await handle.close();
  }
}
