// The process in which mutants meet the tests: started by scripts/mutate-gate.mjs, one for each that runs at the same time.
//
// It is given `{ project, stages }` once, and then mutants `{ file, start, end, text }` one by one; each is answered with
// whether every stage of tests let it live. A stage is one vitest that stays, with one file that imports the stage's tests.
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVitest } from "vitest/node";

let mutant;
const plugin = {
  name: "mutant",
  enforce: "pre",
  transform(code, id) {
    if (mutant === undefined || id.split("?")[0] !== mutant.file) return undefined;
    return code.slice(0, mutant.start) + mutant.text + code.slice(mutant.end);
  },
};

// Not below node_modules: what lies there is loaded as it is, past the plugin.
let folder;

async function openStage(project, patterns, index) {
  const files = globSync(patterns, { cwd: project }).sort();
  if (files.length === 0) throw new RangeError(`no test files are ${patterns.join(", ")}`);
  const name = `stage-${index}.test.mjs`;
  writeFileSync(join(folder, name), files.map((file) => `import ${JSON.stringify(join(project, file))};\n`).join(""));
  const vitest = await createVitest(
    "test",
    {
      watch: true,
      config: false,
      root: project,
      dir: folder,
      include: [name],
      environment: "node",
      pool: "threads",
      maxWorkers: 1,
      bail: 1,
      reporters: [{}],
      // A module that was kept from another mutant would hide this one.
      fsModuleCache: false,
    },
    { plugins: [plugin], server: { watch: null } },
  );
  return { vitest, tests: await vitest.globTestSpecifications() };
}

async function passes({ vitest, tests }, files) {
  for (const file of files) vitest.invalidateFile(file);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(tests, true);
  return unhandledErrors.length === 0 && testModules.length > 0 && testModules.every((each) => each.ok());
}

let stages = [];
process.on("message", async (message) => {
  if (message.stages !== undefined) {
    folder = mkdtempSync(join(tmpdir(), "heddle-mutants-"));
    stages = await Promise.all(message.stages.map((patterns, index) => openStage(message.project, patterns, index)));
    process.send({ ready: true });
    return;
  }
  const before = mutant?.file;
  mutant = message;
  let lives = true;
  for (const stage of stages)
    lives &&= await passes(
      stage,
      [before, mutant.file].filter((file) => file !== undefined && file !== ""),
    );
  process.send({ lives });
});
process.on("disconnect", leave);

function leave() {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}
