/** Taking away a file, an empty folder or, where it is asked for, all that is in one. */
import { join } from "node:path";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import { type Folder, notRegular, swapped } from "./folder.ts";

export interface RemoveOptions {
  /** All that is in a folder, and then the folder. Links in it are removed, not followed. */
  readonly recursive?: boolean;
  /** More than that is refused before anything is removed; default 10,000. */
  readonly entriesMax?: number;
  readonly depthMax?: number;
}

interface Bounds {
  readonly depthMax: number;
  left: number;
}

/** Codes: `file-not-found`, `path-link-swapped`, `file-kind-refused`, `folder-not-empty`, `tree-too-large`, `file-access-denied`. */
export async function removeIn(folder: Folder, name: string, options: RemoveOptions): Promise<{ readonly removed: number } | Refusal> {
  const path = join(folder.path, name);
  const stats = await folder.stats(name);
  if (stats === undefined) return refuse("file-not-found", `${shown(path)} does not exist: there is nothing to remove`);
  if (isRefusal(stats)) return stats;
  if (stats.isSymbolicLink()) return swapped(path);
  if (stats.isFile()) return (await folder.removeFile(name)) ?? { removed: 1 };
  if (!stats.isDirectory()) return notRegular(path);
  if (options.recursive !== true) return (await folder.removeFolder(name)) ?? { removed: 1 };
  const entriesMax = options.entriesMax ?? 10_000;
  const bounds = { depthMax: options.depthMax ?? 64, left: entriesMax };
  // Twice through: half a tree is worse than none or all of it.
  const counted = await through(folder, name, bounds, 1, false);
  if (isRefusal(counted)) return counted;
  const removed = await through(folder, name, { ...bounds, left: entriesMax }, 1, true);
  return isRefusal(removed) ? removed : { removed };
}

/** Counts a folder and what is in it, and removes both where it is told to. */
async function through(parent: Folder, name: string, bounds: Bounds, depth: number, remove: boolean): Promise<number | Refusal> {
  const path = join(parent.path, name);
  if (depth > bounds.depthMax) return refuse("tree-too-large", `${shown(path)} is too deep: remove its folders one by one`);
  const folder = await parent.enter(name);
  if (isRefusal(folder)) return folder;
  let count = 1;
  try {
    const listing = await folder.list(bounds.left);
    if (isRefusal(listing)) return listing;
    if (listing.truncated)
      return refuse("tree-too-large", `${shown(path)} holds more than may be removed at once: remove its folders one by one`);
    if (listing.unnameable > 0) return refuse("path-character", `${shown(path)} holds names that no path may have: remove them by hand`);
    bounds.left -= listing.entries.length;
    for (const entry of listing.entries) {
      const inner = entry.kind === "folder" ? await through(folder, entry.name, bounds, depth + 1, remove) : undefined;
      if (isRefusal(inner)) return inner;
      if (remove && inner === undefined) {
        const refused = await folder.removeFile(entry.name);
        if (refused !== undefined) return refused;
      }
      count += inner ?? 1;
    }
  } finally {
    await folder.close();
  }
  return (remove ? await parent.removeFolder(name) : undefined) ?? count;
}
