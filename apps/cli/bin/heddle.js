#!/usr/bin/env node
// The launcher of heddle. It runs on any Node that is likely to be installed, and finds or asks for the one that is
// needed: the CLI itself needs Node 22.18, and the repository brings a newer one in node_modules.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const needed = [22, 18];
const main = new URL("../dist/main.js", import.meta.url);

function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

/** The Node that npm installed along with us, in this folder or one above it. */
function bundledNode() {
  const file = process.platform === "win32" ? "node.exe" : "node";
  const parts = ["node_modules", `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`, "bin", file];
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, ...parts);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}

function fail(message) {
  process.stderr.write(`heddle: ${message}\n`);
  process.exit(1);
}

/** Runs the CLI on another Node. On a terminal it receives Ctrl-C by itself, so that is not handed on. */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  const onTerminal = process.stdin.isTTY === true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !onTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const own of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(own);
    process.kill(process.pid, signal);
  });
}

if (!existsSync(main)) {
  fail("it is not built yet. Build it with: npm run build");
} else if (isNewEnough()) {
  await import(main.href);
} else {
  const node = bundledNode();
  if (node === undefined)
    fail(
      `Node ${needed.join(".")} or newer is needed, and this is ${process.versions.node}. Install a newer Node, or run npm install here`,
    );
  else runOn(node);
}
