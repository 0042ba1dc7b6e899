/** Where the runtime's own program for handlers finds its modules: what a sandbox has to let it read. */
import { readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SandboxPath } from "./sandbox.ts";

/**
 * The folder of the file's package, the folders `node_modules` above it, and the packages of one scope that are linked
 * from there, as in a workspace. Nothing beside them.
 */
export function codeRootsOf(file: string, scope: string): readonly SandboxPath[] {
  const roots = new Map<string, SandboxPath>([[packageOf(file), { source: packageOf(file) }]]);
  for (let folder = dirname(packageOf(file)); folder !== dirname(folder); folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (!isFolder(modules)) continue;
    roots.set(modules, { source: modules });
    for (const name of isFolder(join(modules, scope)) ? readdirSync(join(modules, scope)) : []) {
      // A link leads to a place that has to be there too.
      const source = realpathSync(join(modules, scope, name));
      roots.set(source, { source });
    }
  }
  return [...roots.values()];
}

function packageOf(file: string): string {
  let folder = dirname(file);
  while (folder !== dirname(folder) && statSync(join(folder, "package.json"), { throwIfNoEntry: false }) === undefined)
    folder = dirname(folder);
  return folder;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
