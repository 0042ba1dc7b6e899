/**
 * From a template to a project. Templates are folders of this package, with files as they will be; a few have other
 * names here, because npm would take them for its own, or so that they are named as all files here.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

/** The template that is used where none is named. */
export const templateUsual = "approval";

const home = new URL("../../templates/", import.meta.url);

const namesThere: Readonly<Record<string, string>> = {
  gitignore: ".gitignore",
  "package.template.json": "package.json",
  "flow-simulation.ts": "flow.simulation.ts",
};

/** What a folder may hold and still be new. */
const allowed = new Set([".git", ".DS_Store"]);

export type CreatedProject =
  | { readonly kind: "created"; readonly files: readonly string[] }
  /** Something is there, under these names. */
  | { readonly kind: "occupied"; readonly names: readonly string[] }
  | { readonly kind: "unwritable"; readonly why: string };

/** The templates that this package brings. */
export function templateNames(): readonly string[] {
  return readdirSync(home).sort();
}

/** Writes a template to a folder that is empty or not there yet. Where it cannot be written whole, nothing of it stays. */
export async function createProject(folder: string, template: string): Promise<CreatedProject> {
  const files = projectFiles(folder, template);
  let written: string[] = [];
  try {
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) written = [made];
    const names = (await readdir(folder)).filter((name) => !allowed.has(name)).sort();
    if (names.length > 0) return { kind: "occupied", names };
    for (const [name, text] of files) {
      const path = join(folder, name);
      await writeFile(path, text, { flag: "wx" });
      written.push(path);
    }
    return { kind: "created", files: [...files.keys()] };
  } catch (error) {
    for (const path of written) await rm(path, { recursive: true, force: true });
    return { kind: "unwritable", why: String((error as { code?: unknown }).code ?? error) };
  }
}

/** The files of a project by name, in the order of their names. */
function projectFiles(folder: string, template: string): ReadonlyMap<string, string> {
  const from = new URL(`${template}/`, home);
  const files = readdirSync(from).map((name): [string, string] => {
    const text = readFileSync(new URL(name, from), "utf8");
    return [namesThere[name] ?? name, name === "package.template.json" ? manifestOf(text, folder) : text];
  });
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The manifest of a project: named for its folder, and held to the version that made it. */
function manifestOf(text: string, folder: string): string {
  const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as Manifest;
  const versions: Readonly<Record<string, string | undefined>> = { ...own.dependencies, [own.name]: own.version };
  const manifest = JSON.parse(text) as Manifest;
  const pinned = Object.keys(manifest.devDependencies).map((name) => [name, versions[name] ?? own.version]);
  return `${JSON.stringify({ ...manifest, name: packageName(folder), devDependencies: Object.fromEntries(pinned) }, undefined, 2)}\n`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** A name that npm takes. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|-+$/g, "");
  return name === "" || name === "node_modules" ? "flow" : name.slice(0, 200);
}
