/**
 * Files beneath named roots, and nothing else.
 *
 * A path is resolved once, judged as what it really is, and then opened again beneath its root without
 * following any link: what was judged is what is touched, or nothing is. Only regular files and folders
 * are touched. Every answer is a value; what the system refuses is a refusal too.
 */

import { existsSync, type Stats } from "node:fs";
import { realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { HeddleError } from "@heddle/core";
import type { Random } from "@heddle/ports";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import { type FileStep, type Ground, inFolder, inParent, type JudgedPath, type ResolvedPath } from "./beneath.ts";
import { refusalOfError } from "./file-errors.ts";
import { type FolderListing, notRegular, type Opening, swapped } from "./folder.ts";
import { normalisePath } from "./path-text.ts";
import { type ReadFile, type ReadOptions, readFileIn, textOf } from "./read-file.ts";
import { realPathOf } from "./real-path.ts";
import { type RemoveOptions, removeIn } from "./remove.ts";
import { type Walked, type WalkOptions, walkFolder } from "./walk.ts";
import { type WriteOptions, type WrittenFile, writeFileIn } from "./write-file.ts";

export interface FileGuardOptions {
  /** Absolute folders by name; where one lies in another, a path is beneath the inner one. */
  readonly roots: Readonly<Record<string, string>>;
  /** For the names of temporary files. */
  readonly random: Random;
  /** Default: `handles` on Linux, `compare` elsewhere, which is weaker: see {@link Folder}. */
  readonly opening?: Opening;
  /** A file with a second name may have it outside every root. Default `allow`: writing replaces the one name, and package managers link. */
  readonly hardLinks?: "allow" | "refuse";
  /** For tests: waited for after each step. */
  readonly afterStep?: (step: FileStep) => void | Promise<void>;
}

export interface FileStatus {
  readonly kind: "file" | "folder";
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Permissions, as `0o644`. */
  readonly mode: number;
  /** Names that the file has. */
  readonly links: number;
}

export interface FileGuard {
  /**
   * Where a path leads; a relative one is joined to `base`, an absolute folder. Its last parts need not exist.
   * Codes: those of {@link normalisePath} and {@link realPathOf}, `path-escapes-root`.
   */
  resolve(given: string, base: string): Promise<ResolvedPath | Refusal>;
  read(path: JudgedPath, options: ReadOptions): Promise<ReadFile | Refusal>;
  /** UTF-8 alone; else `file-not-text`. A cut never goes through a character. */
  readText(path: JudgedPath, options: ReadOptions): Promise<(Omit<ReadFile, "bytes"> & { readonly text: string }) | Refusal>;
  /** Replaces the whole file at once, or does nothing. */
  write(path: JudgedPath, content: string | Uint8Array, options?: WriteOptions): Promise<WrittenFile | Refusal>;
  stat(path: JudgedPath): Promise<FileStatus | Refusal>;
  list(path: JudgedPath, options: { readonly entriesMax: number }): Promise<FolderListing | Refusal>;
  /** What is beneath a folder, in order of names, without following links. */
  walk(path: JudgedPath, options: WalkOptions): Promise<Walked | Refusal>;
  /** What the path really leads to, which is never a link. */
  remove(path: JudgedPath, options?: RemoveOptions): Promise<{ readonly removed: number } | Refusal>;
  /** Holds a folder open while `use` runs, which may start programs in `startPath`. */
  inFolder<T>(path: JudgedPath, use: (startPath: string) => Promise<T>): Promise<T | Refusal>;
}

/** Throws `config-invalid` for a root that is not absolute. Whether it exists is seen when it is used. */
export function createFileGuard(options: FileGuardOptions): FileGuard {
  for (const [name, folder] of Object.entries(options.roots)) {
    if (!isAbsolute(folder)) {
      throw new HeddleError("config-invalid", `the root ${shown(name)} is ${shown(folder)}: give an absolute folder`);
    }
  }
  const ground: Ground = {
    roots: new Map(Object.entries(options.roots)),
    opening: options.opening ?? openingHere(),
    afterStep: options.afterStep,
  };
  const hardLinks = options.hardLinks ?? "allow";
  const read: FileGuard["read"] = (path, reading) =>
    inParent(ground, path, false, (folder, name) => readFileIn(ground, folder, name, reading, hardLinks));
  return {
    resolve: (given, base) => resolvePath(ground, given, base),
    read,
    async readText(path, reading) {
      const found = await read(path, reading);
      return isRefusal(found) ? found : textOf(found, path.real);
    },
    write: (path, content, writing = {}) =>
      inParent(ground, path, writing.parents === true, (folder, name) =>
        writeFileIn({ ground, folder, name, existed: path.exists, random: options.random }, content, writing),
      ),
    stat: (path) => statAt(ground, path),
    list: (path, { entriesMax }) => inFolder(ground, path, (folder) => folder.list(entriesMax)),
    walk: (path, walking) => inFolder(ground, path, (folder) => walkFolder(ground, folder, walking, hardLinks)),
    remove: (path, removing = {}) => inParent(ground, path, false, (folder, name) => removeIn(folder, name, removing)),
    inFolder: (path, use) => inFolder(ground, path, (folder) => use(folder.startPath)),
  };
}

/** How files are opened beneath a root on this machine: `compare` is the weaker way, see {@link Folder}. */
export function openingHere(): Opening {
  return process.platform === "linux" && existsSync("/proc/self/fd") ? "handles" : "compare";
}

async function resolvePath(ground: Ground, given: string, base: string): Promise<ResolvedPath | Refusal> {
  const absolute = normalisePath(given, base);
  if (isRefusal(absolute)) return absolute;
  // Asking costs a step more, and only Linux never folds case by default; there, what folds it is a choice of one folder.
  const found = await realPathOf(absolute, { canonicalCase: ground.opening === "compare" });
  if (isRefusal(found)) return found;
  const root = await rootOf(ground, found.real);
  if (isRefusal(root)) return root;
  return {
    root: root.name,
    real: found.real,
    relative: relative(root.real, found.real).split(sep).join("/"),
    exists: found.stats !== undefined,
    kind: found.stats === undefined ? "missing" : kindOf(found.stats),
  };
}

/** The innermost root that a real path is beneath, by its own real path. */
async function rootOf(ground: Ground, real: string): Promise<{ name: string; real: string } | Refusal> {
  let best: { name: string; real: string } | undefined;
  for (const [name, configured] of ground.roots) {
    const root = await realpath(configured).catch((error: unknown) => refusalOfError(error, configured));
    // A root that is not there has nothing beneath it.
    if (isRefusal(root) || !isBeneath(root, real)) continue;
    if (best === undefined || root.length > best.real.length) best = { name, real: root };
  }
  if (best !== undefined) return best;
  const names = [...ground.roots.keys()].sort();
  const where = names.length === 0 ? "there is none" : `they are ${names.map(shown).join(", ")}`;
  return refuse("path-escapes-root", `${shown(real)} is beneath no root: use a path beneath one, ${where}`);
}

function isBeneath(root: string, real: string): boolean {
  return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function statAt(ground: Ground, path: JudgedPath): Promise<FileStatus | Refusal> {
  if (path.relative === "") {
    return inFolder(ground, path, async (folder) => {
      const stats = await folder.ownStats();
      return isRefusal(stats) ? stats : statusOf(stats);
    });
  }
  return inParent(ground, path, false, async (folder, name) => {
    const stats = await folder.stats(name);
    if (stats === undefined)
      return refuse("file-not-found", `${shown(path.real)} does not exist: look at what is there with a list of its folder`);
    if (isRefusal(stats)) return stats;
    if (stats.isSymbolicLink()) return swapped(path.real);
    return stats.isFile() || stats.isDirectory() ? statusOf(stats) : notRegular(path.real);
  });
}

function statusOf(stats: Stats): FileStatus {
  return {
    kind: stats.isDirectory() ? "folder" : "file",
    bytes: stats.size,
    modifiedMs: stats.mtimeMs,
    mode: stats.mode & 0o777,
    links: stats.nlink,
  };
}

function kindOf(stats: Stats): ResolvedPath["kind"] {
  if (stats.isFile()) return "file";
  return stats.isDirectory() ? "folder" : "other";
}
