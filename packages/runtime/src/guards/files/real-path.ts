/**
 * Where a path really leads: each link on the way is followed by reading it, and what does not exist is
 * kept as it is written. What is found holds for that moment alone; {@link Folder} opens it again without
 * following anything.
 */
import type { Stats } from "node:fs";
import { lstat, readlink, realpath } from "node:fs/promises";
import { isAbsolute, join, parse, sep } from "node:path";
import { type Refusal, refuse, shown } from "../refusal.ts";
import { refusalOfError, systemCodeOf } from "./file-errors.ts";
import { pathBytesMax } from "./path-text.ts";

/** As many as Linux itself follows. */
const linksMax = 40;

export interface RealPath {
  /** Absolute, without links as far as it exists. */
  readonly real: string;
  /** Of what is there; undefined where nothing is. */
  readonly stats: Stats | undefined;
}

export interface RealPathOptions {
  /** Ask the system for the spelling on disk: where letters of either case are one name, a rule must see one name. */
  readonly canonicalCase: boolean;
}

/** Codes: `path-link-loop`, `path-too-long`, `file-not-found`, `file-not-folder`, `file-access-denied`, `file-failed`. */
export async function realPathOf(absolute: string, options: RealPathOptions): Promise<RealPath | Refusal> {
  try {
    return await follow(absolute, options);
  } catch (error) {
    return refusalOfError(error, absolute);
  }
}

async function follow(absolute: string, options: RealPathOptions): Promise<RealPath | Refusal> {
  let real = parse(absolute).root;
  let stats: Stats | undefined;
  const pending = namesOf(absolute).reverse();
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const next = join(real, name);
    stats = await statsOf(next);
    if (stats === undefined) return missing(await spelled(real, options), [name, ...pending.reverse()], absolute);
    if (!stats.isSymbolicLink()) {
      real = next;
      continue;
    }
    if (++links > linksMax) {
      return refuse("path-link-loop", `${shown(absolute)} leads through more than ${linksMax} links: take out the loop`);
    }
    const target = await readlink(next);
    if (isAbsolute(target)) real = parse(target).root;
    pending.push(...namesOf(target).reverse());
  }
  real = await spelled(real, options);
  // The last name may have been a link that leads to where we are already.
  return { real, stats: stats?.isSymbolicLink() === false ? stats : await lstat(real) };
}

/** From the first name on nothing exists, so nothing there can lead back up. */
function missing(real: string, names: readonly string[], absolute: string): RealPath | Refusal {
  if (names.includes("..")) return refuse("file-not-found", `${shown(absolute)} leads through a folder that does not exist: make it first`);
  const path = join(real, ...names);
  if (Buffer.byteLength(path) > pathBytesMax) {
    return refuse("path-too-long", `${shown(absolute)} leads to more than ${pathBytesMax} bytes: use a shorter one`);
  }
  return { real: path, stats: undefined };
}

async function spelled(real: string, options: RealPathOptions): Promise<string> {
  return options.canonicalCase ? await realpath(real) : real;
}

function namesOf(path: string): string[] {
  const { root } = parse(path);
  return path
    .slice(root.length)
    .split(sep)
    .filter((name) => name !== "" && name !== ".");
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
