/** What really lies below `payloads/`: plain files, each inside the folder, however it is linked. */
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Problem } from "../problem.ts";

const entriesMax = 50_000;

/** Whether a path leads, by a link, out of a folder. */
export async function leavesFolder(path: string, root: string): Promise<boolean> {
  const real = await realpath(path);
  return real !== root && !real.startsWith(`${root}${sep}`);
}

/** The files below `payloads/`: by their path there, where they really are. */
export async function payloadsIn(root: string, problems: Problem[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const realRoot = await realpath(root);
  const open = ["payloads"];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (found.size > entriesMax) {
      problems.push({ path: "payloads", message: `holds more than ${entriesMax} files` });
      break;
    }
    for (const name of await namesIn(join(root, folder), folder, problems)) {
      const path = `${folder}/${name}`;
      const real = join(root, path);
      const entry = await lstat(real);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isSymbolicLink()) {
        if (await leavesFolder(real, realRoot).catch(() => true))
          problems.push({ path, message: "is a symbolic link that leaves the folder", help: "Put the file itself there" });
        else if ((await stat(real)).isFile()) found.set(path.slice("payloads/".length), real);
        else problems.push({ path, message: "is a symbolic link to something that is not a file" });
      } else if (entry.isFile()) found.set(path.slice("payloads/".length), real);
      else problems.push({ path, message: "is not a file" });
    }
  }
  return found;
}

async function namesIn(folder: string, shown: string, problems: Problem[]): Promise<readonly string[]> {
  try {
    if (shown === "payloads" && (await lstat(folder)).isSymbolicLink()) {
      problems.push({ path: shown, message: "is a symbolic link", help: "Put the folder itself there" });
      return [];
    }
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (shown !== "payloads" || code !== "ENOENT") problems.push({ path: shown, message: `cannot be read (${String(code)})` });
    return [];
  }
}
