// The door of the repository: `node scripts/bootstrap.mjs <task> [args]`, which is what every npm script calls.
//
// It runs on the Node that happens to be installed (20 or newer) and needs nothing but npm. It makes node_modules match
// package-lock.json, then runs the task with node_modules/.bin first on PATH, where the Node 24 of the repository lives.
// It must not import anything that npm installs, and must not use syntax newer than Node 20.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installState, recordInstall } from "./lib/install-state.mjs";
import { tasks } from "./lib/tasks.mjs";

const root = join(fileURLToPath(new URL(".", import.meta.url)), "..");
const oldestNode = 20;

function fail(message) {
  process.stderr.write(`bootstrap: ${message}\n`);
  process.exit(1);
}

function say(message) {
  process.stderr.write(`bootstrap: ${message}\n`);
}

function pathOf(env) {
  const key = Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  return { key, entries: (env[key] ?? "").split(delimiter).filter(Boolean) };
}

/** PATH without any node_modules/.bin: npm must not run on the Node that it is about to delete. */
function environmentForInstall() {
  const { key, entries } = pathOf(process.env);
  const kept = entries.filter((entry) => !entry.replace(/[\\/]+$/, "").endsWith(join("node_modules", ".bin")));
  return { ...process.env, [key]: kept.join(delimiter) };
}

function environmentForTask() {
  const { key, entries } = pathOf(process.env);
  const bin = join(root, "node_modules", ".bin");
  const rest = entries.filter((entry) => entry.replace(/[\\/]+$/, "") !== bin);
  return { ...process.env, [key]: [bin, ...rest].join(delimiter), TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
}

function install(reason) {
  const env = environmentForInstall();
  const shell = process.platform === "win32";
  if (spawnSync("npm", ["--version"], { env, shell, stdio: "ignore" }).status !== 0) {
    fail("npm was not found on PATH. Install Node 20 or newer together with npm, then try again.");
  }
  say(`${reason}; running npm ci`);
  const started = Date.now();
  const done = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root, env, shell, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) {
    fail(
      "npm ci failed. If it says that a package is missing from the lock file, run `npm run lock` and try again " +
        "(docs/adr/0005 explains).",
    );
  }
  recordInstall(root);
  say(`installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Runs one command to its end. Signals are handed on, so that the child decides how to stop. */
function run(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: "inherit", shell: process.platform === "win32" });
    const forward = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const settle = (outcome) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(outcome);
    };
    child.on("error", (error) => {
      say(`cannot run ${command}: ${error.message}`);
      settle({ code: 127, signal: null });
    });
    child.on("exit", (code, signal) => settle({ code, signal }));
  });
}

function finish({ code, signal }) {
  if (signal) {
    // Dying of the same signal tells the caller the truth; the exit code is for platforms where that is not possible.
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 200);
    return;
  }
  process.exit(code ?? 1);
}

async function main() {
  const major = Number(process.versions.node.split(".")[0]);
  if (!(major >= oldestNode)) fail(`Node ${process.versions.node} is too old; ${oldestNode} or newer is needed.`);

  const [name, ...args] = process.argv.slice(2);
  const task = name === undefined ? undefined : tasks[name];
  if (task === undefined) {
    fail(`${name ? `there is no task "${name}"` : "name a task"}. Tasks: ${Object.keys(tasks).join(", ")}.`);
  }
  if (!existsSync(join(root, "package-lock.json"))) fail("package-lock.json is missing; is this a complete checkout?");

  for (const entry of task.flat().filter((word) => /\.(?:ts|mjs)$/.test(word))) {
    if (!existsSync(join(root, ...entry.split("/")))) {
      fail(`task "${name}" starts ${entry}, which does not exist in this checkout.`);
    }
  }

  const state = installState(root);
  if (!state.fresh) install(state.reason);
  else if (state.unrecorded) recordInstall(root);

  const env = environmentForTask();
  for (const [index, command] of task.entries()) {
    const last = index === task.length - 1;
    const outcome = await run(command[0], last ? [...command.slice(1), ...args] : command.slice(1), env);
    if (last || outcome.code !== 0) return finish(outcome);
  }
}

await main();
