/**
 * A folder that is held open, and what is directly in it: no link is followed to reach either.
 *
 * On Linux a folder is a handle, and what is in it is named through that handle: whoever renames or links
 * in between changes the path, but not what was opened. Elsewhere (`compare`) a folder is a path with the
 * identity that each folder on it had, which is looked at again after each step: a change is then seen
 * after the step instead of being without effect. That is weaker: a link put in and taken out within one
 * step goes unseen, and what was created by that step is where the link led.
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, opendir, rename, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Refusal, refuse, shown } from "../refusal.ts";
import { systemCodeOf } from "./file-errors.ts";
import { isNameable } from "./path-text.ts";

export type Opening = "handles" | "compare";

/** Linux: names a folder without asking for the right to list it. The library has no constant for it. */
const pathOnly = 0o10000000;

// Systems without these flags have undefined here.
const noFollow = constants.O_NOFOLLOW ?? 0;
const noBlock = constants.O_NONBLOCK ?? 0;
const folderOnly = constants.O_DIRECTORY ?? 0;

export type EntryKind = "file" | "folder" | "link" | "other";

export interface FolderEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** What is in a folder, sorted by name. */
export interface FolderListing {
  readonly entries: readonly FolderEntry[];
  /** There are more than were asked for. */
  readonly truncated: boolean;
  /** Left out, because no path may have their names. */
  readonly unnameable: number;
}

/** A folder on the way to this one, as it was when it was entered. */
interface Passed {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
}

export class Folder {
  /** The real path, for people. */
  readonly path: string;
  readonly #base: string;
  readonly #handle: FileHandle | undefined;
  readonly #passed: readonly Passed[];

  private constructor(path: string, handle: FileHandle | undefined, passed: readonly Passed[]) {
    this.path = path;
    this.#handle = handle;
    this.#passed = passed;
    this.#base = handle === undefined ? path : `/proc/self/fd/${handle.fd}`;
  }

  /** Opens a root by its real path. To be closed by whoever opens it. */
  static async open(real: string, opening: Opening): Promise<Folder | Refusal> {
    return Folder.#openAt(real, real, opening, []);
  }

  /** A folder in this one. To be closed by whoever enters it; this one may be closed before. */
  async enter(name: string): Promise<Folder | Refusal> {
    const path = join(this.path, name);
    return Folder.#openAt(this.#at(name), path, this.#handle === undefined ? "compare" : "handles", this.#passed);
  }

  static async #openAt(at: string, path: string, opening: Opening, passed: readonly Passed[]): Promise<Folder | Refusal> {
    if (opening === "handles") {
      try {
        return new Folder(path, await open(at, pathOnly | folderOnly | noFollow), []);
      } catch (error) {
        const code = systemCodeOf(error);
        if ((code === "ENOTDIR" || code === "ELOOP") && (await lstat(at)).isSymbolicLink()) return swapped(path);
        throw error;
      }
    }
    const stats = await lstat(at);
    if (stats.isSymbolicLink()) return swapped(path);
    return new Folder(path, undefined, [...passed, { path, dev: stats.dev, ino: stats.ino }]);
  }

  /** What is there under this name, link or not; undefined where nothing is. */
  async stats(name: string): Promise<Stats | Refusal | undefined> {
    const stats = await lstat(this.#at(name)).catch((error: unknown) => {
      if (systemCodeOf(error) === "ENOENT") return undefined;
      throw error;
    });
    return (await this.#confirm()) ?? stats;
  }

  /** Opens a regular file, or makes one. The handle is the caller's to close. Never waits for what is at the other end. */
  async openFile(name: string, flags: number, mode = 0o600): Promise<{ handle: FileHandle; stats: Stats } | Refusal> {
    const handle = await open(this.#at(name), flags | noFollow | noBlock, mode);
    let kept = false;
    try {
      const stats = await handle.stat();
      const refused = (await this.#confirm()) ?? (await this.#confirmOpened(name, stats));
      if (refused !== undefined) return refused;
      if (!stats.isFile()) return notRegular(join(this.path, name));
      kept = true;
      return { handle, stats };
    } finally {
      if (!kept) await handle.close();
    }
  }

  /** True: made; false: it is there already, whatever it is. */
  async makeFolder(name: string): Promise<boolean | Refusal> {
    try {
      await mkdir(this.#at(name));
    } catch (error) {
      if (systemCodeOf(error) === "EEXIST") return false;
      throw error;
    }
    return (await this.#confirm()) ?? true;
  }

  /** Gives a file of this folder a new name in it, in the place of what has that name. */
  async rename(from: string, to: string): Promise<Refusal | undefined> {
    const refused = await this.#confirm();
    if (refused !== undefined) return refused;
    await rename(this.#at(from), this.#at(to));
    return this.#confirm();
  }

  /** As {@link rename}, where nothing has that name: EEXIST is thrown otherwise. */
  async renameNew(from: string, to: string): Promise<Refusal | undefined> {
    const refused = await this.#confirm();
    if (refused !== undefined) return refused;
    try {
      await link(this.#at(from), this.#at(to));
    } catch (error) {
      if (systemCodeOf(error) === "EEXIST") throw error;
      // A file system without hard links: the moment between looking and renaming cannot be closed.
      if ((await this.stats(to)) !== undefined)
        return refuse("path-changed", `${shown(join(this.path, to))} has come into being: ask again`);
      return this.rename(from, to);
    }
    await unlink(this.#at(from));
    return this.#confirm();
  }

  async removeFile(name: string): Promise<Refusal | undefined> {
    const refused = await this.#confirm();
    if (refused === undefined) await unlink(this.#at(name));
    return refused;
  }

  /** An empty one. */
  async removeFolder(name: string): Promise<Refusal | undefined> {
    const refused = await this.#confirm();
    if (refused === undefined) await rmdir(this.#at(name));
    return refused;
  }

  /** At most `entriesMax`; which ones of more is the system's choice. */
  async list(entriesMax: number): Promise<FolderListing | Refusal> {
    const entries: FolderEntry[] = [];
    let unnameable = 0;
    let truncated = false;
    // A folder of unnameable files must not be read for ever either.
    for await (const found of await opendir(this.#base)) {
      if (entries.length + unnameable >= entriesMax) {
        truncated = true;
        break;
      }
      if (!isNameable(found.name)) unnameable += 1;
      else {
        const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSymbolicLink() ? "link" : "other";
        entries.push({ name: found.name, kind });
      }
    }
    const refused = await this.#confirm();
    if (refused !== undefined) return refused;
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { entries, truncated, unnameable };
  }

  /** Of the folder itself. */
  async ownStats(): Promise<Stats | Refusal> {
    const stats = this.#handle === undefined ? await lstat(this.path) : await this.#handle.stat();
    return (await this.#confirm()) ?? stats;
  }

  /** What this folder is to a program that is to start in it. Holds as long as the folder is open. */
  get startPath(): string {
    return this.#base;
  }

  /** Makes names durable. Systems that cannot do that for a folder do it by themselves. */
  async sync(): Promise<void> {
    if (process.platform === "win32") return;
    const handle = await open(this.#base, constants.O_RDONLY | folderOnly);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  #at(name: string): string {
    return `${this.#base}/${name}`;
  }

  /** Without handles: whether each folder on the way is still the one that was passed. */
  async #confirm(): Promise<Refusal | undefined> {
    for (const { path, dev, ino } of this.#passed) {
      const stats = await lstat(path);
      if (stats.dev !== dev || stats.ino !== ino) return swapped(path);
    }
    return undefined;
  }

  async #confirmOpened(name: string, opened: Stats): Promise<Refusal | undefined> {
    if (this.#handle !== undefined) return undefined;
    const stats = await lstat(this.#at(name));
    return stats.dev === opened.dev && stats.ino === opened.ino ? undefined : swapped(join(this.path, name));
  }
}

export function swapped(path: string): Refusal {
  return refuse("path-link-swapped", `${shown(path)} has become a link or another folder since it was judged: ask again`);
}

export function notRegular(path: string): Refusal {
  return refuse("file-kind-refused", `${shown(path)} is neither a regular file nor a folder: use one that is`);
}
