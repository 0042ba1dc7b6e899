// A package registry on the loopback interface, for as long as the checks run.
//
// It answers for the tarballs that were just packed and, in their installed versions, for all third-party packages under
// node_modules, which it packs when they are asked for. It knows nothing else: whatever is not there is "not found".
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { create } from "tar";

/** Every installed third-party package, nested ones too: name -> version -> folder. */
export function installedPackages(nodeModules, found = new Map()) {
  for (const folder of foldersIn(nodeModules)) {
    const manifest = readManifest(folder);
    if (manifest?.name !== undefined && manifest.version !== undefined) {
      if (!found.has(manifest.name)) found.set(manifest.name, new Map());
      if (!found.get(manifest.name).has(manifest.version)) found.get(manifest.name).set(manifest.version, folder);
    }
    installedPackages(join(folder, "node_modules"), found);
  }
  return found;
}

/** The package folders directly under a node_modules; links, which lead to the workspace, are left out. */
function foldersIn(nodeModules) {
  const entries = listed(nodeModules).filter((entry) => entry.isDirectory() && !entry.name.startsWith("."));
  return entries.flatMap((entry) => {
    const path = join(nodeModules, entry.name);
    if (!entry.name.startsWith("@")) return [path];
    return listed(path)
      .filter((scoped) => scoped.isDirectory())
      .map((scoped) => join(path, scoped.name));
  });
}

function listed(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readManifest(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return undefined;
  }
}

async function tarballOf(folder) {
  const files = readdirSync(folder).filter((name) => name !== "node_modules");
  const chunks = [];
  for await (const chunk of create({ gzip: { level: 1 }, cwd: folder, prefix: "package", portable: true }, files)) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Starts the registry.
 * @param {{ packed: { manifest: any, tarball: string }[], installed: Map<string, Map<string, string>> }} stock
 * @returns {Promise<{ url: string, unknown: Set<string>, close(): Promise<void> }>} `unknown` collects what was asked
 *   for and is not there
 */
export async function openRegistry({ packed, installed }) {
  const unknown = new Set();
  const built = new Map();
  let url = "";

  const describe = (name) => {
    const ours = packed.find(({ manifest }) => manifest.name === name);
    const versions = ours
      ? [[ours.manifest, `${url}-/ours/${basename(ours.tarball)}`]]
      : [...(installed.get(name) ?? [])].map(([version, folder]) => [
          readManifest(folder),
          `${url}-/theirs/${encodeURIComponent(name)}/${version}.tgz`,
        ]);
    if (versions.length === 0) return undefined;
    const latest = versions
      .map(([manifest]) => manifest.version)
      .sort(byVersion)
      .at(-1);
    const described = versions.map(([manifest, tarball]) => [manifest.version, { ...manifest, dist: { tarball } }]);
    return { name, "dist-tags": { latest }, versions: Object.fromEntries(described) };
  };

  const tarball = (path) => {
    const ours = /^\/-\/ours\/([^/]+)$/.exec(path);
    if (ours) {
      const found = packed.find((candidate) => basename(candidate.tarball) === ours[1]);
      return found && readFileSync(found.tarball);
    }
    const theirs = /^\/-\/theirs\/([^/]+)\/([^/]+)\.tgz$/.exec(path);
    const folder = theirs && installed.get(decodeURIComponent(theirs[1]))?.get(theirs[2]);
    if (!folder) return undefined;
    if (!built.has(folder)) built.set(folder, tarballOf(folder));
    return built.get(folder);
  };

  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", url).pathname;
    const bytes = path.startsWith("/-/") ? await tarball(path) : undefined;
    const name = decodeURIComponent(path.slice(1));
    const description = bytes === undefined && !path.startsWith("/-/") ? describe(name) : undefined;
    if (bytes !== undefined) {
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(bytes);
    } else if (description !== undefined) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(description));
    } else {
      unknown.add(name);
      response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}');
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${server.address().port}/`;
  return {
    url,
    unknown,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Orders plain versions by number; a prerelease comes before its release. */
function byVersion(a, b) {
  const parts = (version) => version.split("-", 1)[0].split(".").map(Number);
  const [left, right] = [parts(a), parts(b)];
  const at = left.findIndex((part, index) => part !== right[index]);
  if (at !== -1) return left[at] - right[at];
  return Number(b.includes("-")) - Number(a.includes("-"));
}
