// What is asked of one package: a sound tarball, an installation on its own, entries that load, programs that run.
import { copyFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { list } from "tar";
import { createProject, run } from "./project.mjs";

const unwanted = /\.test\.|\.tsbuildinfo$|(?:^|\/)(?:src|fixtures)\//;

/** Faults of a tarball's contents and of its manifest. */
export async function tarballFaults({ manifest, tarball }) {
  const files = [];
  await list({ file: tarball, onReadEntry: (entry) => files.push(entry.path.replace(/^package\//, "")) });
  const faults = files.filter((path) => unwanted.test(path)).map((path) => `carries ${path}`);
  if (!files.some((path) => path.startsWith("dist/") || path.startsWith("bin/"))) faults.push("carries no code");
  const bytes = readFileSync(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages } = await publint({ level: "warning", strict: true, pack: { tarball: buffer } });
  for (const message of messages) faults.push(formatMessage(message, manifest, { color: false }) ?? message.code);
  return faults;
}

/** The specifiers of every entry of a package that is code. */
export function entriesOf(manifest) {
  const map = typeof manifest.exports === "string" ? { ".": manifest.exports } : (manifest.exports ?? {});
  return Object.entries(map)
    .filter(([key, target]) => !key.includes("*") && /\.m?js$/.test(typeof target === "string" ? target : (target.default ?? "")))
    .map(([key]) => (key === "." ? manifest.name : `${manifest.name}/${key.slice(2)}`));
}

/** Installs one package alone and imports each of its entries in a process of its own. */
export async function installAlone({ manifest, scratch, registry, node }) {
  const name = manifest.name.replace(/\W+/g, "-");
  const project = await createProject({
    scratch,
    name: `alone${name}`,
    registry,
    packages: [`${manifest.name}@${manifest.version}`],
  });
  if (!project.ok) return [{ what: "installs alone", ok: false, output: project.output }];
  const results = [{ what: "installs alone", ok: true, output: "" }];
  for (const entry of entriesOf(manifest)) {
    const program = `const names = Object.keys(await import(${JSON.stringify(entry)})); if (names.includes('default')) throw new Error('has a default export')`;
    const { folder, env } = project;
    const outcome = await run(node, ["--input-type=module", "--eval", program], {
      cwd: folder,
      env,
      timeoutMs: 30_000,
    });
    const peer = missingOptionalPeer(manifest, outcome);
    results.push(
      peer === undefined
        ? { what: `imports ${entry}`, ...outcome }
        : { what: `imports ${entry} once its optional peer ${peer} is there`, ok: true, output: "" },
    );
  }
  return results;
}

/** The declared optional peer whose absence alone made an import fail. */
function missingOptionalPeer(manifest, outcome) {
  if (outcome.ok) return undefined;
  const missing = /Cannot find package '([^']+)'/.exec(outcome.output)?.[1];
  return missing !== undefined && manifest.peerDependenciesMeta?.[missing]?.optional === true ? missing : undefined;
}

/** The packages that a program asks for in its first line, or undefined when it does not say. */
export function packagesOf(source) {
  const match = /^\/\/ packages: (.+)$/.exec(source.split("\n", 1)[0]);
  return match?.[1].split(/[\s,]+/).filter(Boolean);
}

export async function runProgram({ path, scratch, registry, node }) {
  const packages = packagesOf(readFileSync(path, "utf8"));
  if (packages === undefined) return { ok: false, output: "its first line does not say `// packages: ...`" };
  const file = basename(path);
  const project = await createProject({ scratch, name: `program-${file}`, registry, packages });
  if (!project.ok) return project;
  copyFileSync(path, join(project.folder, file));
  return run(node, [file], { cwd: project.folder, env: project.env, timeoutMs: 60_000 });
}
