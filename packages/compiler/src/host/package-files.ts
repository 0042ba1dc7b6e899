/** The files around an author's code, as packaging asks for them: lists of a folder, and which package a file is of. */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const entriesMax = 50_000;

/** Folders whose files are not the author's, unless a pattern names them. */
const foreign: ReadonlySet<string> = new Set(["node_modules", ".git", ".hg", ".svn", ".heddle"]);

/** Paths relative to `base`, with `/` between parts, of every file at or below `folder`. `undefined`: there are too many. */
export function filesBelow(base: string, folder: string): readonly string[] | undefined {
  const found: string[] = [];
  const open = [folder];
  let seen = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const whole = join(base, at);
    if (isFile(whole)) {
      found.push(slashed(at));
      continue;
    }
    for (const entry of entriesOf(whole)) {
      if (++seen > entriesMax) return undefined;
      const path = at === "" ? entry.name : join(at, entry.name);
      if (entry.isDirectory()) {
        if (!foreign.has(entry.name)) open.push(path);
      } else if (entry.isFile() || (entry.isSymbolicLink() && isFile(join(base, path)))) found.push(slashed(path));
    }
  }
  return found.sort();
}

function entriesOf(folder: string): readonly { name: string; isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}

/** Whether a file really lies at or below a folder, links followed. */
export function isWithin(file: string, folder: string): boolean {
  try {
    return liesBelow(realpathSync(file), folder);
  } catch {
    return false;
  }
}

/** Whether a real path is that of a folder, or below it. */
export function liesBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

export interface PackageHome {
  readonly name: string;
  readonly version: string;
  /** Real path of the folder of its package.json. */
  readonly folder: string;
}

/** The package that a file belongs to: that of the nearest package.json with a name. Remembers what it read. */
export function createPackageFinder(): (file: string) => PackageHome | undefined {
  const known = new Map<string, PackageHome | undefined>();
  const find = (folder: string): PackageHome | undefined => {
    if (known.has(folder)) return known.get(folder);
    const up = dirname(folder);
    const home = homeAt(folder) ?? (up === folder ? undefined : find(up));
    known.set(folder, home);
    return home;
  };
  return (file) => find(dirname(file));
}

function homeAt(folder: string): PackageHome | undefined {
  try {
    const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (typeof name !== "string" || !/^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name) || name.split("/").some((part) => /^\.+$/.test(part)))
      return undefined;
    return { name, version: typeof version === "string" && /^[\w.+-]+$/.test(version) ? version : "0", folder };
  } catch {
    return undefined;
  }
}

/** A path relative to a folder, with `/` between parts. */
export function pathFrom(folder: string, file: string): string {
  return slashed(relative(folder, file));
}
