// The long forms: the same suites as in `npm test` with far more seeds and kills. Run by people; ends with one line.
import { spawnSync } from "node:child_process";

const runs = [
  { name: "simulation", command: ["vitest", "run", "tests/simulation"], env: { HEDDLE_SEEDS: process.env.HEDDLE_SEEDS ?? "100000" } },
  { name: "chaos", command: ["node", "tests/chaos/src/main.ts"], env: {} },
  { name: "approvals", command: ["node", "tests/chaos/src/approvals-main.ts"], env: {} },
  { name: "mixed", command: ["node", "tests/chaos/src/mixed-main.ts", "--kills", "200"], env: {} },
];
let failed = 0;
for (const { name, command, env } of runs) {
  process.stdout.write(`\n== ${name}\n`);
  const [program, ...args] = command;
  const { status } = spawnSync(program, args, { stdio: "inherit", env: { ...process.env, ...env }, shell: process.platform === "win32" });
  if (status !== 0) failed++;
}
process.stdout.write(`\n${runs.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
