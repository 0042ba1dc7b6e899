import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isAlive } from "../../../test/process-world.ts";

vi.setConfig({ testTimeout: 60_000 });

const program = fileURLToPath(new URL("../../../test/process-runtime.ts", import.meta.url));
const open = new Set<ChildProcess>();
let folder: string;
let log: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-process-crash-"));
  log = join(folder, "log");
  await writeFile(log, "");
});
afterEach(async () => {
  for (const child of open) child.kill("SIGKILL");
  for (const pid of started()) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});

/** Writes its pid, then waits for a file by the name `go` (half a minute at most), and answers. */
const command = (): string[] => [
  process.execPath,
  "-e",
  `const fs = require("node:fs");
   fs.appendFileSync(${JSON.stringify(log)}, process.pid + "\\n");
   setTimeout(() => process.exit(9), 30000).unref();
   const look = setInterval(() => { if (fs.existsSync(${JSON.stringify(join(folder, "go"))})) { clearInterval(look); console.log('{"paid":true}'); } }, 20);`,
];

/** Pids of all workers that were ever started. */
const started = (): readonly number[] => readFileSync(log, "utf8").split("\n").filter(Boolean).map(Number);

/** A runtime that does as it is told, and its answers as they come. */
function life(script: readonly object[]): { readonly child: ChildProcess; readonly answers: unknown[]; readonly ended: Promise<void> } {
  const child = spawn(process.execPath, ["--no-warnings", program, folder, JSON.stringify(script)], {
    stdio: ["ignore", "pipe", "inherit"],
    // Who is killed cannot remove the folders of its attempts.
    env: { ...process.env, TMPDIR: folder },
  });
  open.add(child);
  child.on("close", () => open.delete(child));
  const answers: unknown[] = [];
  createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> }).on("line", (line) => answers.push(JSON.parse(line)));
  return { child, answers, ended: new Promise((resolve) => child.on("close", () => resolve())) };
}

interface Call {
  readonly id: string;
  readonly run: string;
  readonly status: string;
  readonly runStatus: string;
  readonly why: string;
}

test("a runtime killed with -9 while its processes run: their runs park, and are settled by a person", async () => {
  const first = life([{ kind: "start", count: 3, command: command() }, { kind: "stay" }]);
  await vi.waitFor(() => expect([started().length, first.answers.length]).toEqual([3, 1]), { timeout: 20_000, interval: 20 });
  first.child.kill("SIGKILL");
  await first.ended;
  const runs = first.answers[0] as readonly string[];

  const second = life([{ kind: "look", unknown: 3 }, { kind: "leave" }]);
  await second.ended;
  const calls = second.answers[0] as readonly Call[];
  expect(calls.map(({ run, status, runStatus, why }) => ({ run, status, runStatus, why }))).toEqual(
    [...runs].sort().map((run) => ({ run, status: "outcome-unknown", runStatus: "parked", why: "outcome-unknown" })),
  );
  // Nothing was started again on its own account.
  expect(started()).toHaveLength(3);

  await writeFile(join(folder, "go"), "");
  const [paid, unpaid, again] = calls as readonly [Call, Call, Call];
  const third = life([
    { kind: "settle", call: paid.id, as: "succeeded", result: { paid: "by hand" } },
    { kind: "settle", call: unpaid.id, as: "failed" },
    { kind: "settle", call: again.id, as: "retry" },
    { kind: "results", runs: [paid.run, unpaid.run, again.run] },
    { kind: "look", unknown: 0 },
  ]);
  await third.ended;
  expect(third.answers.at(-2)).toMatchObject([
    { status: "succeeded", output: { paid: "by hand" } },
    { status: "failed", code: "outcome-unknown" },
    { status: "succeeded", output: { agent_id: "pay", output: { paid: true }, sandbox: { attempts: 2 } } },
  ]);
  expect(third.answers.at(-1)).toEqual([]);
  expect(started()).toHaveLength(4);
});

test("a process that its author calls safe is simply started again", async () => {
  const first = life([{ kind: "start", count: 1, command: command(), safety: "safe" }, { kind: "stay" }]);
  await vi.waitFor(() => expect([started().length, first.answers.length]).toEqual([1, 1]), { timeout: 20_000, interval: 20 });
  first.child.kill("SIGKILL");
  await first.ended;
  await writeFile(join(folder, "go"), "");
  const second = life([{ kind: "results", runs: first.answers[0] as readonly string[] }]);
  await second.ended;
  expect(second.answers[0]).toMatchObject([{ status: "succeeded", output: { output: { paid: true } } }]);
  expect(started()).toHaveLength(2);
});

test("a program that leaves without closing its runtime takes its processes with it", async () => {
  const only = life([
    { kind: "start", count: 2, command: command() },
    { kind: "leave", onceWritten: log, lines: 2 },
  ]);
  await vi.waitFor(() => expect(started()).toHaveLength(2), { timeout: 20_000, interval: 20 });
  await only.ended;
  await vi.waitFor(() => expect(started().filter(isAlive)).toEqual([]), { timeout: 5_000, interval: 20 });
});
