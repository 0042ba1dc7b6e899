// The wire contracts: `node scripts/proto.mjs generate|lint|check`.
//
// `check` generates into a folder of its own and compares it with what is committed, file by file, so that a contract
// and its TypeScript cannot drift apart. Every action succeeds when proto/ holds no contract.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(fileURLToPath(new URL(".", import.meta.url)), "..");
const generated = join("packages", "wire", "src", "gen");

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function buf(...args) {
  const done = spawnSync("buf", args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (done.error) process.stderr.write(`proto: cannot run buf: ${done.error.message}\n`);
  return done.status ?? 1;
}

function check() {
  const scratch = mkdtempSync(join(tmpdir(), "heddle-proto-"));
  try {
    const status = buf("generate", "-o", scratch);
    if (status !== 0) return status;
    const wanted = new Set(filesUnder(join(scratch, generated)));
    const present = new Set(filesUnder(join(root, generated)));
    const faults = [
      ...[...wanted].filter((file) => !present.has(file)).map((file) => `${file}: not committed`),
      ...[...present].filter((file) => !wanted.has(file)).map((file) => `${file}: no contract generates it`),
      ...[...wanted]
        .filter((file) => present.has(file))
        .filter((file) => {
          const fresh = readFileSync(join(scratch, generated, file));
          return !fresh.equals(readFileSync(join(root, generated, file)));
        })
        .map((file) => `${file}: differs from its contract`),
    ];
    for (const fault of faults) process.stderr.write(`proto: ${fault}\n`);
    if (faults.length > 0) process.stderr.write("proto: run `npm run proto` and commit the result\n");
    else process.stdout.write(`proto: ${wanted.size} generated files are current\n`);
    return faults.length > 0 ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const actions = { generate: () => buf("generate"), lint: () => buf("lint"), check };
const action = actions[process.argv[2] ?? ""];
if (action === undefined) {
  process.stderr.write(`proto: say one of ${Object.keys(actions).join(", ")}\n`);
  process.exitCode = 2;
} else if (!filesUnder(join(root, "proto")).some((file) => file.endsWith(".proto"))) {
  process.stdout.write("proto: no contracts\n");
} else {
  process.exitCode = action();
}
