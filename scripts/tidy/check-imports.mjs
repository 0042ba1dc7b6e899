// Directions of dependency: the import table, the path rules, declared dependencies, and cycles.
import { matches } from "./glob.mjs";
import { browserEntries, importedOnlyBy, notInBrowsers, packageRules, pathRules } from "./rules.mjs";
import { isTest } from "./tree.mjs";

/** `@scope/name/sub/path` -> the package and the subpath, or undefined for what is not a package. */
function splitSpecifier(specifier) {
  const match = /^(@[^/]+\/[^/]+|[^@/][^/]*)(?:\/(.+))?$/.exec(specifier);
  return match ? { name: match[1], subpath: match[2] } : undefined;
}

function ruleOf(folder) {
  const key = Object.keys(packageRules).find((pattern) => matches(folder, [pattern]));
  return key === undefined ? undefined : packageRules[key];
}

const inSource = (file) => /^(?:packages|apps|plugins)\/[^/]+\/(?:src|bin)\//.test(file.path);

/** Packages of the table, and what each of their files may name. */
function* tableFaults(tree) {
  const names = new Set([...tree.manifests.values()].map((manifest) => manifest.name));
  for (const folder of tree.manifests.keys()) {
    if (/^(?:packages|apps|plugins)\/[^/]+$/.test(folder) && ruleOf(folder) === undefined) {
      yield { rule: "import-table", path: `${folder}/package.json`, message: "has no row in the import table" };
    }
  }
  for (const file of tree.sources) {
    const table = file.package === undefined ? undefined : ruleOf(file.package);
    const manifest = tree.manifests.get(file.package ?? ".") ?? {};
    for (const imported of file.imports) {
      const fault = (rule, message) => ({ rule, path: file.path, at: imported.at, message });
      if (imported.relative) {
        if (file.package !== undefined && !imported.target.startsWith(`${file.package}/`) && inSource(file)) {
          yield fault("import-table", `${imported.specifier} leaves the package; import it by name`);
        }
        continue;
      }
      if (imported.target.startsWith("node:")) {
        if (table?.node === false && inSource(file) && !isTest(file.path)) {
          yield fault("import-table", `${imported.specifier}: this package must load in a browser`);
        }
        continue;
      }
      const split = splitSpecifier(imported.specifier);
      if (split === undefined) continue;
      if (split.name.startsWith("@heddle/")) {
        yield* ourImportFaults(tree, file, table, manifest, imported, split, names, fault);
      } else if (inSource(file)) {
        yield* foreignImportFaults(file, table, manifest, imported, split, fault);
      }
    }
  }
}

function* ourImportFaults(tree, file, table, manifest, imported, { name, subpath }, names, fault) {
  const short = name.slice("@heddle/".length);
  const wanted = subpath === undefined ? short : `${short}/${subpath}`;
  const target = [...tree.manifests.values()].find((candidate) => candidate.name === name);
  if (!names.has(name)) yield fault("import-table", `there is no package ${name}`);
  else if (subpath !== undefined && !exported(target, subpath)) {
    yield fault("import-table", `${imported.specifier} is not in the exports of ${name}`);
  }
  const closed = importedOnlyBy[short];
  if (closed !== undefined && !matches(file.package ?? "", closed) && name !== manifest.name) {
    yield fault("import-table", `${name} may be imported only by ${closed.join(", ")}`);
  }
  if (table === undefined || !inSource(file)) return;
  const lists = (allowed) => allowed.includes("*") || allowed.includes(short) || allowed.includes(wanted);
  const test = isTest(file.path);
  const viaType = imported.typeOnly && lists(table.types ?? []);
  // `tools` is re-exported by one subpath of the runtime; the path rules hold it to that file.
  const viaSubpath = file.path === "packages/runtime/src/tools.ts" && short === "tools";
  if (!lists(table.ours) && !viaType && !viaSubpath && !(test && lists(table.testsMay ?? [])) && name !== manifest.name) {
    const forTypes = lists(table.types ?? []) ? " (its types alone, with `import type`)" : "";
    yield fault("import-table", `${file.package} may not import ${imported.specifier}${forTypes}`);
  }
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
  if (!test && name !== manifest.name && declared[name] === undefined) {
    yield fault("undeclared-dependency", `${name} is not a dependency of ${manifest.name ?? file.package}`);
  }
}

function exported(manifest, subpath) {
  const map = manifest?.exports ?? {};
  return Object.keys(map).some((key) => matches(`./${subpath}`, [key]));
}

function* foreignImportFaults(file, table, manifest, imported, { name }, fault) {
  if (isTest(file.path)) return;
  if (table?.external !== undefined && !table.external.includes(name)) {
    yield fault("import-table", `${file.package} may not import ${imported.specifier}`);
  }
  // The console is bundled, so what it imports need not reach those who install it.
  const bundled = file.package === "apps/console" ? manifest.devDependencies : {};
  const declared = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...bundled,
  };
  if (declared[name] === undefined && !(imported.typeOnly && manifest.devDependencies?.[name])) {
    yield fault("undeclared-dependency", `${name} is not a dependency of ${manifest.name ?? file.package}`);
  }
}

function* pathFaults(tree) {
  for (const file of tree.sources) {
    if (isTest(file.path)) continue;
    for (const rule of pathRules) {
      if (!matches(file.path, rule.in) || matches(file.path, rule.except ?? [])) continue;
      for (const { target, specifier, at } of file.imports) {
        const broken = rule.only ? !matches(target, rule.only) : matches(target, rule.never);
        if (broken) yield { rule: "import-path", path: file.path, at, message: `${specifier}: ${rule.name}` };
      }
    }
  }
}

/** Follows the imports of each browser entry inside its package and refuses what a browser does not have. */
function* browserFaults(tree) {
  const byPath = new Map(tree.sources.map((file) => [file.path, file]));
  for (const entry of browserEntries) {
    const open = byPath.has(entry) ? [entry] : [];
    const seen = new Set(open);
    for (const path of open) {
      for (const { target, relative, typeOnly, specifier, at } of byPath.get(path).imports) {
        if (typeOnly) continue;
        if (!relative && notInBrowsers.some((prefix) => target.startsWith(prefix))) {
          yield {
            rule: "browser",
            path,
            at,
            message: `${specifier} is reached from ${entry}, which loads in browsers`,
          };
        }
        if (relative && byPath.has(target) && !seen.has(target)) {
          seen.add(target);
          open.push(target);
        }
      }
    }
  }
}

/** Strongly connected components with more than one member (or a self-import), each named once. */
export function cyclesOf(graph) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const onStack = new Set();
  const cycles = [];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    onStack.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node), low.get(next)));
      } else if (onStack.has(next)) low.set(node, Math.min(low.get(node), index.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    for (const member of component) onStack.delete(member);
    if (component.length > 1 || graph.get(node)?.includes(node)) cycles.push(component.sort());
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return cycles;
}

function* cycleFaults(tree) {
  const paths = new Set(tree.sources.map((file) => file.path));
  const files = new Map(
    tree.sources.map((file) => [
      file.path,
      file.imports.filter(({ relative, target }) => relative && paths.has(target)).map(({ target }) => target),
    ]),
  );
  for (const cycle of cyclesOf(files)) {
    yield {
      rule: "import-cycle",
      path: cycle[0],
      message: `imports itself through ${cycle.slice(1).join(", ") || "itself"}`,
    };
  }
  const folders = new Map([...tree.manifests].map(([folder, manifest]) => [manifest.name, folder]));
  const packages = new Map(
    [...tree.manifests].map(([folder, manifest]) => [
      folder,
      Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies })
        .map((name) => folders.get(name))
        .filter((target) => target !== undefined),
    ]),
  );
  for (const cycle of cyclesOf(packages)) {
    yield {
      rule: "import-cycle",
      path: `${cycle[0]}/package.json`,
      message: `packages depend in a circle: ${cycle.join(", ")}`,
    };
  }
}

/** @returns {Iterable<{ rule: string, path: string, at?: number, message: string }>} */
export function* importFaults(tree) {
  yield* tableFaults(tree);
  yield* pathFaults(tree);
  yield* browserFaults(tree);
  yield* cycleFaults(tree);
}
