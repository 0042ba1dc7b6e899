// `npm run packed`: one line per check, `ok - ...` or `not ok - ...`; the exit code says whether all were ok.
//
// Expects built packages. See ../README.md for what is checked and how it stays on this machine.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publishable, workspaces } from "../../../scripts/lib/workspaces.mjs";
import { installAlone, runProgram, tarballFaults } from "./checks.mjs";
import { takeJourney } from "./journey.mjs";
import { run } from "./project.mjs";
import { installedPackages, openRegistry } from "./registry.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..", "..", "..");
const only = process.argv
  .find((word) => word.startsWith("--only="))
  ?.slice("--only=".length)
  .split(",");
const programsFolder = process.argv.find((word) => word.startsWith("--programs="))?.slice("--programs=".length);
const node = process.execPath;
const scratch = mkdtempSync(join(tmpdir(), "heddle-packed-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

let failed = 0;
function report(name, ok, output = "") {
  process.stdout.write(`${ok ? "ok" : "not ok"} - ${name}\n`);
  if (ok) return;
  failed += 1;
  process.stdout.write(
    `${output
      .trim()
      .split("\n")
      .slice(-30)
      .map((line) => `    ${line}`)
      .join("\n")}\n`,
  );
}

/** Packs one package; what it says about the tarball is npm's own word. */
async function pack({ name, folder, manifest }) {
  const destination = join(scratch, "tarballs");
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", destination];
  const outcome = await run("npm", args, { cwd: join(root, folder) });
  if (!outcome.ok) {
    report(`${name} packs`, false, outcome.output);
    return [];
  }
  const parsed = JSON.parse(outcome.stdout);
  const [described] = Array.isArray(parsed) ? parsed : Object.values(parsed);
  const tarball = join(destination, described.filename.replace("@", "").replace("/", "-"));
  return [{ name, folder: join(root, folder), manifest, tarball }];
}

/** A few at a time: npm is slow because it waits. */
async function eachOf(items, work) {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: 2 }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}

mkdirSync(join(scratch, "tarballs"));
writeFileSync(join(scratch, "user.npmrc"), "");
writeFileSync(join(scratch, "global.npmrc"), "");

const packed = [];
await eachOf(publishable(workspaces(root)), async (found) => packed.push(...(await pack(found))));
packed.sort((a, b) => a.name.localeCompare(b.name));
const registry = await openRegistry({ packed, installed: installedPackages(join(root, "node_modules")) });
const where = { scratch, registry: registry.url, node };

const chosen = packed.filter(({ name }) => only === undefined || only.includes(name.replace("@heddle/", "")));
for (const found of chosen) {
  const faults = await tarballFaults(found);
  report(`${found.name} tarball`, faults.length === 0, faults.join("\n"));
}
await eachOf(chosen, async ({ name, manifest }) => {
  for (const { what, ok, output } of await installAlone({ manifest, ...where })) report(`${name} ${what}`, ok, output);
});

const folder = programsFolder ?? join(here, "..", "programs");
const programs = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
const wanted = programs.filter((name) => {
  const first = readFileSync(join(folder, name), "utf8").split("\n", 1)[0];
  return only === undefined || only.some((word) => first.includes(`@heddle/${word}`));
});
const cli = packed.find(({ name }) => name === "@heddle/cli");
const journey =
  cli !== undefined && (only === undefined || only.includes("cli"))
    ? [() => takeJourney({ ...where, cli: `${cli.name}@${cli.manifest.version}` }, report)]
    : [];
// The longest first, beside the others.
const walks = wanted.map((name) => async () => {
  const { ok, output } = await runProgram({ path: join(folder, name), ...where });
  report(`program ${basename(name)}`, ok, output);
});
await eachOf([...journey, ...walks], (walk) => walk());

await registry.close();
if (failed > 0 && registry.unknown.size > 0) {
  process.stdout.write(`the registry does not have: ${[...registry.unknown].join(", ")}\n`);
}
process.exitCode = failed > 0 ? 1 : 0;
