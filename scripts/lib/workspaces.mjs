// The workspace packages of the repository, read from the folders that the root package.json lists.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

function foldersOf(root, pattern) {
  if (!pattern.endsWith("/*")) return [pattern];
  const parent = pattern.slice(0, -2);
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);
}

/** @returns {{ name: string, folder: string, manifest: Record<string, any> }[]} in the order of the root package.json */
export function workspaces(root) {
  const { workspaces: patterns = [] } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return patterns
    .flatMap((pattern) => foldersOf(root, pattern))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
      return { name: manifest.name, folder, manifest };
    });
}

/** Those that a release would publish. */
export function publishable(found) {
  return found.filter(({ manifest }) => manifest.private !== true);
}
