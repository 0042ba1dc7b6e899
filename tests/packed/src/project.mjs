// A fresh, empty project in a temporary folder, with an npm that cannot reach anything but the loopback registry.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Nothing of the caller's npm (its registry, its token, its cache) may reach the npm that is under test. */
function cleanEnvironment(scratch, registry) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:npm_|node_options$|.*_proxy$|init_cwd$)/i.test(name));
  const nowhere = "http://127.0.0.1:9";
  return {
    ...Object.fromEntries(inherited),
    npm_config_registry: registry,
    npm_config_cache: join(scratch, "cache"),
    npm_config_userconfig: join(scratch, "user.npmrc"),
    npm_config_globalconfig: join(scratch, "global.npmrc"),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    npm_config_ignore_scripts: "true",
    npm_config_fetch_retries: "0",
    npm_config_loglevel: "error",
    npm_config_engine_strict: "true",
    npm_config_proxy: nowhere,
    npm_config_https_proxy: nowhere,
    npm_config_noproxy: "127.0.0.1",
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    NO_PROXY: "127.0.0.1",
  };
}

/** Runs a command to its end. Never rejects: what went wrong is in the outcome. */
export function run(command, args, { cwd, env = process.env, timeoutMs = 60_000 }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let output = "";
    let stdout = "";
    child.stdout.on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.on("data", (text) => {
      output += text;
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ ok: false, stdout, output: `${output}\ncannot run ${command}: ${error.message}` });
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const ending = late ? `took more than ${timeoutMs / 1000} s` : `ended with ${signal ?? code}`;
      resolve({ ok: code === 0, stdout, output: code === 0 ? output : `${output}\n${ending}` });
    });
  });
}

/** Addresses in the project's lock file that are not the registry's. */
function strayAddresses(folder, registry) {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  return Object.values(lock.packages)
    .map((entry) => entry.resolved)
    .filter((address) => address !== undefined && !address.startsWith(registry));
}

/** Installs what a folder's package.json names, and the packages that are given. Nothing may come from elsewhere. */
export async function installIn({ folder, env, registry, packages = [] }) {
  const outcome = await run("npm", ["install", ...packages], { cwd: folder, env, timeoutMs: 120_000 });
  if (!outcome.ok || !existsSync(join(folder, "package-lock.json"))) return { ok: false, output: outcome.output };
  const stray = strayAddresses(folder, registry);
  return { ok: stray.length === 0, output: stray.map((address) => `came from ${address}`).join("\n") };
}

/**
 * Makes an empty project and installs packages in it.
 * @returns {Promise<{ folder: string, env: Record<string, string>, ok: boolean, output: string }>}
 */
export async function createProject({ scratch, name, registry, packages }) {
  const folder = join(scratch, "projects", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
  const env = cleanEnvironment(scratch, registry);
  return { folder, env, ...(await installIn({ folder, env, registry, packages })) };
}
