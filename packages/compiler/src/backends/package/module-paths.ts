/** Where modules lie below `payloads/`: the author's where they lay, packages below `node_modules/` by their name. Pure. */

/** A module that goes into a bundle. */
export type PlacedModule =
  | { readonly kind: "own"; readonly id: string; readonly path: string }
  /** `path` is relative to the folder of the package, `folder` relative to the author's. */
  | {
      readonly kind: "package";
      readonly id: string;
      readonly name: string;
      readonly version: string;
      readonly folder: string;
      readonly path: string;
    }
  /** One of ours: what the bundler's output shares, what stands in for authoring. */
  | { readonly kind: "shared"; readonly id: string; readonly name: string };

/**
 * The path of each module by its id. `taken`: paths that other files have. The same modules get the same paths, in
 * whatever order they were found.
 */
export function pathsOf(modules: readonly PlacedModule[], taken: ReadonlySet<string>): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  const used = new Set([...taken].map((path) => path.toLowerCase()));
  const homes = homesOf(modules);
  const sorted = [...modules].sort((a, b) => inOrder(sortKey(a), sortKey(b)));
  for (const module of sorted) {
    const plain = wantedPath(module, homes);
    const path = [asModule(plain), `${plain}.mjs`, ...suffixes.map((n) => `${plain}.${n}.mjs`)].find((one) => !used.has(one.toLowerCase()));
    if (path === undefined) continue;
    used.add(path.toLowerCase());
    paths.set(module.id, path);
  }
  return paths;
}

const suffixes = Array.from({ length: 100 }, (_, i) => i + 2);

/** `src/flow.ts` as `src/flow.mjs`: a name by which Node reads it as a module whatever lies around it. */
function asModule(path: string): string {
  return /\.[cm]?[jt]sx?$/.test(path) ? path.replace(/\.[cm]?[jt]sx?$/, ".mjs") : `${path}.mjs`;
}

function wantedPath(module: PlacedModule, homes: ReadonlyMap<string, string>): string {
  if (module.kind === "own") return module.path;
  if (module.kind === "shared") return `node_modules/@heddle/bundle/${module.name}`;
  return `${homes.get(module.folder) ?? "node_modules"}/${module.path}`;
}

/** The folder of each package: its name, and its version where several folders have that name. */
function homesOf(modules: readonly PlacedModule[]): ReadonlyMap<string, string> {
  const folders = new Map<string, { readonly name: string; readonly version: string }>();
  for (const module of modules) if (module.kind === "package") folders.set(module.folder, module);
  const homes = new Map<string, string>();
  const used = new Set<string>();
  for (const [folder, { name, version }] of [...folders].sort(([a], [b]) => inOrder(a, b))) {
    const candidates = [name, `${name}@${version}`, ...suffixes.map((n) => `${name}@${version}-${n}`)];
    const home = candidates.find((one) => !used.has(one)) ?? name;
    used.add(home);
    homes.set(folder, `node_modules/${home}`);
  }
  return homes;
}

function sortKey(module: PlacedModule): string {
  if (module.kind === "shared") return `2 ${module.name}`;
  return module.kind === "own" ? `0 ${module.path}` : `1 ${module.folder} ${module.path}`;
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
