// A release without its effects: what the changesets would bump, and what each package would put in its tarball.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publishable, workspaces } from "./lib/workspaces.mjs";

const root = join(fileURLToPath(new URL(".", import.meta.url)), "..");
const shell = process.platform === "win32";

const status = spawnSync("changeset", ["status", "--verbose"], { cwd: root, stdio: "inherit", shell });
let failed = status.status !== 0;

for (const { name, folder } of publishable(workspaces(root))) {
  const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: join(root, folder),
    encoding: "utf8",
    shell,
  });
  if (packed.status !== 0) {
    process.stderr.write(`${name}: npm pack failed\n${packed.stderr}`);
    failed = true;
    continue;
  }
  const parsed = JSON.parse(packed.stdout);
  const [tarball] = Array.isArray(parsed) ? parsed : Object.values(parsed);
  const kilobytes = (tarball.size / 1024).toFixed(1);
  process.stdout.write(`${name}@${tarball.version}  ${tarball.files.length} files  ${kilobytes} kB packed\n`);
}
process.exitCode = failed ? 1 : 0;
