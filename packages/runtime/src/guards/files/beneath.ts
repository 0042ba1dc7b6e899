/**
 * From a path that was judged to what is there now: its root is opened, and then folder by folder what
 * lies between, none of it through a link.
 */
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import { refusalOfError, systemCodeOf } from "./file-errors.ts";
import { Folder, type Opening, swapped } from "./folder.ts";

/** Where a path leads, beneath which root; holds for the moment of asking, and is checked again at each use. */
export interface ResolvedPath {
  /** The name of the root. */
  readonly root: string;
  /** Absolute, without links as far as it exists. */
  readonly real: string;
  /** Beneath the root, with `/`; empty: the root itself. */
  readonly relative: string;
  readonly exists: boolean;
  /** `other`: a device, a socket, a pipe; `missing`: there is nothing. */
  readonly kind: "file" | "folder" | "other" | "missing";
}

/** As much of it as an operation needs: what was judged, and may have been written down since. */
export type JudgedPath = Omit<ResolvedPath, "kind">;

/** What has just been done, for tests that put something else in place before what comes next. */
export interface FileStep {
  readonly step: "opened-root" | "entered" | "looked" | "written";
  readonly path: string;
}

export interface Ground {
  /** Folders by the names of the roots, as they are configured. */
  readonly roots: ReadonlyMap<string, string>;
  readonly opening: Opening;
  readonly afterStep: ((step: FileStep) => void | Promise<void>) | undefined;
}

/** Errors of the system become refusals; the folder is open for `use` and closed afterwards. */
export async function inFolder<T>(ground: Ground, path: JudgedPath, use: (folder: Folder) => Promise<T | Refusal>): Promise<T | Refusal> {
  return descend(ground, path, namesBeneath(path), false, use);
}

/** As {@link inFolder}, for the folder that `path` is in. `make`: folders that are missing are made. Of a root itself: `root-refused`. */
export async function inParent<T>(
  ground: Ground,
  path: JudgedPath,
  make: boolean,
  use: (folder: Folder, name: string) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const names = namesBeneath(path);
  const name = names.pop();
  if (name === undefined) return refuse("root-refused", `${shown(path.real)} is the root ${path.root} itself: name something in it`);
  return descend(ground, path, names, make, (folder) => use(folder, name));
}

async function descend<T>(
  ground: Ground,
  path: JudgedPath,
  names: readonly string[],
  make: boolean,
  use: (folder: Folder) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  let folder: Folder | undefined;
  try {
    const root = await openRoot(ground, path);
    if (isRefusal(root)) return root;
    folder = root;
    await ground.afterStep?.({ step: "opened-root", path: folder.path });
    for (const name of names) {
      const entered: Folder | Refusal = await enter(folder, name, make);
      if (isRefusal(entered)) return entered;
      const left = folder;
      folder = entered;
      await left.close();
      await ground.afterStep?.({ step: "entered", path: folder.path });
    }
    return await use(folder);
  } catch (error) {
    return refusalOfError(error, path.real);
  } finally {
    await folder?.close();
  }
}

async function openRoot(ground: Ground, path: JudgedPath): Promise<Folder | Refusal> {
  const configured = ground.roots.get(path.root);
  if (configured === undefined) return refuse("root-missing", `there is no root ${shown(path.root)}: name one of the configured roots`);
  const names = namesBeneath(path);
  if (names.some((name) => name === "" || name === "." || name === "..")) {
    return refuse("path-escapes-root", `${shown(path.relative)} is no path as it is judged: resolve it first`);
  }
  const real = await realpath(configured);
  // A root that is a link may have been led elsewhere since.
  if (join(real, ...names) !== path.real) return swapped(path.real);
  return Folder.open(real, ground.opening);
}

async function enter(folder: Folder, name: string, make: boolean): Promise<Folder | Refusal> {
  try {
    return await folder.enter(name);
  } catch (error) {
    if (!make || systemCodeOf(error) !== "ENOENT") throw error;
  }
  const made = await folder.makeFolder(name);
  if (isRefusal(made)) return made;
  if (made) await folder.sync();
  return folder.enter(name);
}

function namesBeneath(path: JudgedPath): string[] {
  return path.relative === "" ? [] : path.relative.split("/");
}
