// Tells whether node_modules matches package-lock.json, without npm and without touching anything.
//
// A stamp in node_modules holds the hash of the lock file that was installed. Where there is no stamp (someone ran
// `npm ci` or `npm install` by hand), npm's own record of what it put there is compared with the lock file instead, so
// that a good installation is never thrown away.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const stampPath = (root) => join(root, "node_modules", ".heddle-lock-hash");

function lockHash(root) {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

/** Writes the stamp. Call it only after an installation that succeeded. */
export function recordInstall(root) {
  writeFileSync(stampPath(root), `${lockHash(root)}\n`);
}

/** The first way in which npm's record differs from the lock file, or undefined when they agree. */
function firstDifference(root) {
  const recordPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(recordPath)) return "node_modules has no record of its installation";
  const installed = JSON.parse(readFileSync(recordPath, "utf8")).packages ?? {};
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages ?? {};
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes("node_modules/")) continue;
    const found = installed[path];
    if (found === undefined && entry.optional) continue;
    if (found === undefined) return `${path} is not installed`;
    if (entry.link ? found.link !== true : found.version !== entry.version) return `${path} is not the locked version`;
  }
  return undefined;
}

/** @returns {{ fresh: boolean, reason: string, unrecorded: boolean }} */
export function installState(root) {
  if (!existsSync(join(root, "node_modules"))) {
    return { fresh: false, reason: "node_modules is missing", unrecorded: true };
  }
  const stamp = existsSync(stampPath(root)) ? readFileSync(stampPath(root), "utf8").trim() : undefined;
  if (stamp === lockHash(root)) return { fresh: true, reason: "stamped", unrecorded: false };
  const difference = firstDifference(root);
  if (difference === undefined) return { fresh: true, reason: "matches the lock file", unrecorded: true };
  return { fresh: false, reason: `node_modules is stale (${difference})`, unrecorded: true };
}
