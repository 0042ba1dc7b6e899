// Everything that a change has to pass, in one go: `node scripts/test.mjs [--quick | --system]`.
//
// A step is one command; it counts as one test, unless it reports tests of its own (vitest, the packed checks). A step
// that fails does not stop the others, except where they need its result. The last line of the output is always
// `N passed, N failed`. Exit is non-zero when anything failed, when vitest found no test at all, and, with CI=true, when
// anything was skipped: a test that does not run holds nothing.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countChecks, countVitest, verdict } from "./lib/test-counts.mjs";

const root = join(fileURLToPath(new URL(".", import.meta.url)), "..");
const tier = process.argv.includes("--quick") ? "quick" : process.argv.includes("--system") ? "system" : "all";
const scratch = mkdtempSync(join(tmpdir(), "heddle-test-"));
const vitestReport = join(scratch, "vitest.json");
const stepTimeoutMs = 10 * 60_000;

/** Tiers say where a step runs; `needs` names steps without whose success it would tell nothing. */
const steps = [
  { name: "lock", tiers: ["quick", "all"], command: ["node", "scripts/complete-lock.mjs", "--check"] },
  { name: "build", tiers: ["quick", "system", "all"], command: ["turbo", "run", "build", "--output-logs=errors-only"] },
  { name: "lint", tiers: ["quick", "all"], command: ["biome", "check", "--max-diagnostics=50"] },
  { name: "tidy", tiers: ["quick", "all"], command: ["node", "scripts/tidy/main.mjs"] },
  { name: "tidy self-test", tiers: ["all"], command: ["node", "scripts/tidy/self-test.mjs"] },
  { name: "proto lint", tiers: ["all"], command: ["node", "scripts/proto.mjs", "lint"] },
  { name: "proto current", tiers: ["all"], command: ["node", "scripts/proto.mjs", "check"] },
  { name: "schemas current", tiers: ["quick", "all"], command: ["node", "scripts/generate-schemas.mjs", "--check"] },
  { name: "parity", tiers: ["quick", "all"], command: ["node", "scripts/check-parity.mjs"] },
  { name: "errors doc", tiers: ["quick", "all"], needs: ["build"], command: ["node", "scripts/check-docs.mjs"] },
  { name: "types of tests", tiers: ["all"], needs: ["build"], command: ["tsc", "-p", "tsconfig.tests.json"] },
  {
    name: "vitest",
    tiers: ["quick", "system", "all"],
    needs: ["build"],
    command: ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${vitestReport}`],
    count: (outcome) => countVitest(readReport(vitestReport), outcome.code),
  },
  {
    name: "packed",
    tiers: ["system", "all"],
    needs: ["build"],
    command: ["node", "tests/packed/src/main.mjs"],
    count: (outcome) => countChecks(outcome.output, outcome.code),
  },
];

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

let running;

/** Runs one command, showing its output as it comes and keeping it. */
function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
      shell: process.platform === "win32",
      env: {
        ...process.env,
        HEDDLE_TEST_TIER: tier,
        TURBO_TELEMETRY_DISABLED: "1",
        ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
      },
    });
    running = child;
    let output = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    const timer = setTimeout(() => {
      process.stderr.write(`test: ${command} took more than ${stepTimeoutMs / 60_000} minutes and was stopped\n`);
      child.kill("SIGKILL");
    }, stepTimeoutMs);
    const settle = (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    };
    child.on("error", (error) => {
      process.stderr.write(`test: cannot run ${command}: ${error.message}\n`);
      settle(127);
    });
    child.on("close", (code) => settle(code ?? 1));
  });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    running?.kill(signal);
    rmSync(scratch, { recursive: true, force: true });
    process.kill(process.pid, signal);
  });
}

const results = [];
for (const step of steps.filter(({ tiers }) => tiers.includes(tier))) {
  const missing = (step.needs ?? []).find((name) => results.find((result) => result.name === name)?.failed > 0);
  if (missing !== undefined) {
    results.push({ name: step.name, passed: 0, failed: 1, skipped: 0, seconds: 0, note: `not run: ${missing} failed` });
    continue;
  }
  process.stdout.write(`\n== ${step.name}\n`);
  const started = performance.now();
  const outcome = await run(step.command);
  const counts = step.count?.(outcome) ?? { passed: outcome.code === 0 ? 1 : 0, failed: outcome.code === 0 ? 0 : 1 };
  results.push({ name: step.name, skipped: 0, ...counts, seconds: (performance.now() - started) / 1000 });
}
rmSync(scratch, { recursive: true, force: true });

const { lines, exitCode } = verdict(results, process.env.CI === "true");
process.stdout.write(`\n${lines.join("\n")}\n`);
process.exitCode = exitCode;
