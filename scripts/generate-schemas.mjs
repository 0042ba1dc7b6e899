// JSON Schemas of the formats that people and other programs write: `node scripts/generate-schemas.mjs [--check]`.
//
// They are made from the zod schemas of @heddle/core, so that the two cannot differ; `--check` fails when a file is not what
// would be written. Whatever refers to itself, or is met in several places, has a name and is one entry of `$defs`. What a
// JSON Schema cannot say (unique ids, edges that lead somewhere) is said by `checkIr` and `checkBundle` alone.
// It reads the sources, so nothing need be built before.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(fileURLToPath(new URL(".", import.meta.url)), "..");
const corePackage = join(root, "packages", "core");

const parts = ["Expr", "ValueType", "FieldType", "JsonValueSchema", "JsonObjectSchema", "Node", "Body", "Edge", "Read"];
const moreParts = ["Write", "RetryPolicy", "RunLimits", "WorkflowInput", "Policy", "WorkflowIr", "PayloadFile", "BundleHandler"];
const names = { JsonValueSchema: "JsonValue", JsonObjectSchema: "JsonObject" };

const documents = [
  { file: "heddle.ir.v1.json", schema: "WorkflowIr", title: "A Heddle workflow, heddle.ir/v1" },
  { file: "heddle.bundle.v1.json", schema: "BundleManifest", title: "The manifest of a Heddle bundle, heddle.bundle/v1" },
  { file: "heddle.config.v1.json", schema: "DaemonConfig", title: "heddle.yaml, the configuration of the Heddle daemon" },
];

/** The text of each schema file, by name. */
export async function generateSchemas() {
  const z = await import(pathToFileURL(createRequire(join(corePackage, "package.json")).resolve("zod")).href);
  const core = await import(pathToFileURL(join(corePackage, "src", "index.ts")).href);
  const texts = new Map();
  for (const { file, schema, title } of documents) {
    const registry = z.registry();
    for (const part of [...parts, ...moreParts]) {
      if (part !== schema && core[part] !== undefined) registry.add(core[part], { id: names[part] ?? part });
    }
    const { $schema, $defs, ...rest } = z.toJSONSchema(core[schema], {
      io: "input",
      metadata: registry,
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema === core.JsonValueSchema) jsonSchema.description = "any JSON value, at most 128 levels deep";
        if (zodSchema === core.JsonObjectSchema) jsonSchema.type = "object";
      },
    });
    const defs = $defs === undefined ? {} : { $defs: Object.fromEntries(Object.entries($defs).sort(([a], [b]) => (a < b ? -1 : 1))) };
    for (const name of Object.keys(defs.$defs ?? {})) {
      if (name.startsWith("__")) throw new Error(`${file}: a recursive schema has no name; add it to the list of parts`);
      delete defs.$defs[name].id;
    }
    texts.set(file, formatted(file, JSON.stringify({ $schema, title, ...rest, ...defs })));
  }
  return texts;
}

/** As the formatter of the repository would have it, so that `npm run format` finds nothing to change. */
function formatted(file, text) {
  const biome = join(root, "node_modules", ".bin", "biome");
  const outcome = spawnSync(biome, ["format", `--stdin-file-path=packages/core/schema/${file}`], {
    cwd: root,
    input: text,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (outcome.status !== 0) throw new Error(`biome cannot format ${file}: ${outcome.stderr || outcome.error?.message}`);
  return outcome.stdout;
}

async function main() {
  const folder = join(corePackage, "schema");
  const check = process.argv.includes("--check");
  const stale = [];
  for (const [file, text] of await generateSchemas()) {
    const path = join(folder, file);
    if ((existsSync(path) ? readFileSync(path, "utf8") : undefined) === text) continue;
    stale.push(file);
    if (check) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  if (check && stale.length > 0) {
    for (const file of stale) process.stderr.write(`schemas: packages/core/schema/${file} is stale\n`);
    process.stderr.write("schemas: run node scripts/generate-schemas.mjs\n");
    process.exitCode = 1;
  } else process.stdout.write(`schemas: ${documents.length} files, ${stale.length} written\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
