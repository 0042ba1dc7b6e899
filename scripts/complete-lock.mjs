// Completes package-lock.json after npm changed it: `node scripts/complete-lock.mjs [--check]`.
//
// npm leaves an optional package out of the lock file when the registry in use cannot serve it, and `npm ci` then
// refuses that same lock file. Every such package is one build of a tool for one platform, so its entry can be written
// from its name: version, operating system, processor. Such an entry carries no integrity; docs/adr/0005 says why that
// is accepted. With --check nothing is written and an incomplete lock file is an error. Running it twice changes nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const systems = new Map(
  Object.entries({
    aix: "aix",
    android: "android",
    darwin: "darwin",
    freebsd: "freebsd",
    linux: "linux",
    linuxmusl: "linux",
    macos: "darwin",
    netbsd: "netbsd",
    openbsd: "openbsd",
    openharmony: "openharmony",
    sunos: "sunos",
    win: "win32",
    win32: "win32",
    windows: "win32",
  }),
);

const processors = new Map(
  Object.entries({
    64: "x64",
    amd64: "x64",
    arm: "arm",
    arm64: "arm64",
    armv7: "arm",
    ia32: "ia32",
    loong64: "loong64",
    mips64el: "mips64el",
    ppc64: "ppc64",
    ppc64le: "ppc64",
    riscv64: "riscv64",
    s390x: "s390x",
    wasm32: "wasm32",
    x64: "x64",
  }),
);

/** What a platform package's name says about where it runs, or undefined when it says nothing. */
export function platformOf(name) {
  const words = name.slice(name.lastIndexOf("/") + 1).split(/[-_.]/);
  const os = words.map((word) => systems.get(word)).find((found) => found !== undefined);
  const cpu = words.map((word) => processors.get(word)).find((found) => found !== undefined);
  if (os === undefined && cpu !== "wasm32") return undefined;
  return { ...(os ? { os: [os] } : {}), ...(cpu ? { cpu: [cpu] } : {}) };
}

/** Walks up the tree as Node resolves: from the package's own node_modules to the root's. */
function isLocked(packages, from, name) {
  let at = from;
  for (;;) {
    if (packages[at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`] !== undefined) return true;
    if (at === "") return false;
    const cut = at.lastIndexOf("/node_modules/");
    at = cut === -1 ? "" : at.slice(0, cut);
  }
}

/**
 * The lock file with every missing optional platform package added, and the lists of what was added and what could not
 * be understood. Pure: the argument is left alone.
 */
export function completeLock(lock) {
  const packages = { ...lock.packages };
  const added = [];
  const unclear = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isLocked(packages, path, name)) continue;
      const version = /^\d+\.\d+\.\d+\S*$/.test(range) ? range : entry.version;
      const platform = platformOf(name);
      if (platform === undefined || version === undefined) {
        unclear.push(`${name} (wanted by ${path === "" ? "the root" : path})`);
        continue;
      }
      packages[`node_modules/${name}`] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platform };
      added.push(`${name}@${version}`);
    }
  }
  const sorted = Object.keys(packages).sort((a, b) => a.localeCompare(b, "en"));
  return { lock: { ...lock, packages: Object.fromEntries(sorted.map((key) => [key, packages[key]])) }, added, unclear };
}

/** Entries that name the place they were downloaded from: the lock file must hold on any registry. */
export function foreignAddresses(lock) {
  return Object.entries(lock.packages)
    .filter(([, entry]) => /^\w+:\/\//.test(entry.resolved ?? ""))
    .map(([path]) => path);
}

function main() {
  const path = join(fileURLToPath(new URL(".", import.meta.url)), "..", "package-lock.json");
  const check = process.argv.includes("--check");
  const before = readFileSync(path, "utf8");
  const { lock, added, unclear } = completeLock(JSON.parse(before));
  const foreign = foreignAddresses(lock);
  for (const name of unclear) process.stderr.write(`lock: cannot tell the platform of ${name}\n`);
  for (const name of foreign) process.stderr.write(`lock: ${name} names a registry; is .npmrc in effect?\n`);
  if (added.length > 0) process.stdout.write(`lock: ${check ? "missing" : "added"} ${added.join(", ")}\n`);
  else process.stdout.write("lock: complete\n");
  if (!check && added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  if (unclear.length > 0 || foreign.length > 0 || (check && added.length > 0)) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
