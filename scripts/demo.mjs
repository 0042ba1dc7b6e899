// The main job on real input: release notes of a git repository (by default this one), written by a durable workflow.
// It runs embedded in a data folder of its own, asks before it writes, and answers yes by itself where nobody can.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    repo: { type: "string", default: root },
    output: { type: "string" },
    data: { type: "string", default: resolve(root, ".heddle/demo") },
    attach: { type: "string" },
  },
});
const data = resolve(values.data);
const output = resolve(values.output ?? resolve(data, "RELEASE_NOTES.md"));
const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;

const job = values.attach
  ? ["--attach", values.attach]
  : ["examples/release-notes/src/workflow.ts", "--input", `repo=${resolve(values.repo)}`, "--input", `output=${output}`];
const args = ["run", ...job, "--embedded", "--data", data, ...(interactive ? [] : ["--yes"])];
console.error(`$ heddle ${args.join(" ")}`);
if (!interactive) console.error("no terminal here: the question is answered with yes by itself");
const child = spawn(process.execPath, [resolve(root, "apps/cli/bin/heddle.js"), ...args], { cwd: root, stdio: "inherit" });
// The command decides what an interrupt means; this wrapper only waits for it.
process.on("SIGINT", () => {});
child.on("exit", (code) => {
  if (code === 0 && !values.attach) console.error(`\nthe notes are in ${output}`);
  console.error(`the journal is in ${data}`);
  process.exitCode = code ?? 1;
});
