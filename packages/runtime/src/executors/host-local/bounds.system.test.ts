import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { logTextBytesMax } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isAlive, ProcessWorld } from "../../../test/process-world.ts";
import { AttemptAbort } from "../../shell/abort.ts";
import { systemClock } from "../../shell/system.ts";

let world: ProcessWorld;
let spare: string;
beforeEach(async () => {
  world = await ProcessWorld.open({ graceMs: 150 });
  spare = await world.spare();
});
afterEach(async () => {
  const pids = await readFile(join(spare, "pids"), "utf8").catch(() => "");
  // A test that failed leaves behind what it was to see gone.
  for (const pid of pids.split(" ").map(Number)) if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGKILL");
  await world.close();
});

/**
 * A worker that will not end: it ignores SIGTERM, and so do its child, its grandchild, which has cleared
 * its environment, and one that left its group. All pids are in the file once all of them are there.
 */
const stubborn = (file: string): string => `
const dodge = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
const child = spawn(process.execPath, ["-e", dodge + \`
  const { spawn } = require("node:child_process");
  const grandchild = spawn(process.execPath, ["-e", \${JSON.stringify(dodge)}], { stdio: "ignore", env: {} });
  const escaped = spawn(process.execPath, ["-e", \${JSON.stringify(dodge)}], { stdio: "inherit", detached: true });
  console.error(grandchild.pid, escaped.pid);
\`], { stdio: ["ignore", "inherit", "pipe"] });
process.on("SIGTERM", () => {});
setInterval(() => {}, 1000);
child.stderr.on("data", (text) => {
  fs.writeFileSync(${JSON.stringify(file)}, [process.pid, child.pid, ...String(text).trim().split(" ")].join(" "));
});
`;

/** The pids that a worker has written, once it has. */
function pidsIn(file: string, count: number): Promise<readonly number[]> {
  return vi.waitFor(
    async () => {
      const pids = (await readFile(file, "utf8")).split(" ").map(Number);
      expect(pids).toHaveLength(count);
      for (const pid of pids) expect(isAlive(pid)).toBe(true);
      return pids;
    },
    { timeout: 10_000, interval: 20 },
  );
}

/** Killing is asked for; that the system has done it is seen a moment later. */
const allGone = (pids: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 2_000, interval: 10 });

describe("the whole tree ends", () => {
  test("on cancel, whatever it ignores and wherever it fled", async () => {
    const abort = new AttemptAbort();
    const outcome = world.worker(stubborn(join(spare, "pids")), {}, { abort });
    const pids = await pidsIn(join(spare, "pids"), 4);
    abort.abort("cancelled");
    expect(await outcome).toEqual({ kind: "aborted" });
    await allGone(pids);
  });

  test("on a timeout, which is a failure of its own", async () => {
    const outcome = world.worker(`console.error("still at it");\n${stubborn(join(spare, "pids"))}`, { timeout_seconds: 1.5 });
    const pids = await pidsIn(join(spare, "pids"), 4);
    expect(await outcome).toMatchObject({
      kind: "failed",
      failure: {
        code: "timeout",
        class: "timeout",
        retryable: true,
        message: "host local command timed out: work took longer than 1500 ms",
        details: { stderr: expect.arrayContaining(["still at it"]) },
      },
    });
    await allGone(pids);
  });

  test("on close, which waits for it; afterwards nothing starts", async () => {
    const outcome = world.worker(stubborn(join(spare, "pids")));
    const pids = await pidsIn(join(spare, "pids"), 4);
    await world.executor.close();
    expect(await outcome).toEqual({ kind: "aborted" });
    await allGone(pids);
    expect(await world.worker("say({})")).toEqual({ kind: "aborted" });
  });

  test("when the worker ends and leaves others behind", async () => {
    const file = join(spare, "pids");
    const outcome = await world.result(`
      const left = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit", env: {} });
      fs.writeFileSync(${JSON.stringify(file)}, String(left.pid));
      say({ done: true });
      process.exit(0);`);
    expect(outcome.output).toEqual({ done: true });
    await allGone([Number(await readFile(file, "utf8"))]);
  });

  test("when output comes from one that fled and holds the pipe", async () => {
    const file = join(spare, "pids");
    const outcome = await world.result(`
      const fled = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit", detached: true });
      fs.writeFileSync(${JSON.stringify(file)}, String(fled.pid));
      say({ done: true });
      process.exit(0);`);
    expect(outcome.output).toEqual({ done: true });
    await allGone([Number(await readFile(file, "utf8"))]);
  });

  test("politely, where the worker listens", async () => {
    const abort = new AttemptAbort();
    const file = join(spare, "told");
    const outcome = world.worker(
      `process.on("SIGTERM", () => { fs.writeFileSync(${JSON.stringify(file)}, "told"); process.exit(0); });
       setInterval(() => {}, 1000); fs.writeFileSync(${JSON.stringify(join(spare, "pids"))}, String(process.pid));`,
      {},
      { abort },
    );
    await pidsIn(join(spare, "pids"), 1);
    abort.abort("cancelled");
    // It says that it ended well; but nobody knows whether that was its work.
    expect(await outcome).toEqual({ kind: "aborted" });
    expect(await readFile(file, "utf8")).toBe("told");
  });
});

describe("timeouts", () => {
  test("the shorter one of node and config holds", async () => {
    const code = "setInterval(() => {}, 1000)";
    const byNode = await world.worker(code, { timeout_seconds: 60 }, { node: { timeoutMs: 100 } });
    expect(byNode).toMatchObject({ failure: { code: "timeout", message: expect.stringContaining("100 ms") } });
    const byConfig = await world.worker(code, { timeout_seconds: 0.1 }, { node: { timeoutMs: 60_000 } });
    expect(byConfig).toMatchObject({ failure: { code: "timeout", message: expect.stringContaining("100 ms") } });
  });
});

test("more output than is allowed ends the worker while it prints", async () => {
  const code = `const block = "x".repeat(65536) + "\\n"; const more = () => { while (process.stdout.write(block)); process.stdout.once("drain", more); }; more();`;
  expect(await world.worker(code, { max_output_bytes: 200_000 })).toMatchObject({
    kind: "failed",
    failure: { code: "value-too-large", class: "invalid", retryable: false, message: "work printed more than 200000 bytes" },
  });
  for (const { text } of world.said) expect(text.length).toBeLessThanOrEqual(logTextBytesMax);
  const exact = await world.result(`process.stdout.write("y".repeat(1000))`, { max_output_bytes: 1_000 });
  expect(exact.sandbox.stdout).toHaveLength(1_000);
});

test("standard error may go on for ever: its end is kept, and so many lines are told", async () => {
  const { sandbox } = await world.result(`for (let i = 1; i <= 20000; i++) fs.writeSync(2, "line " + i + "\\n"); say({})`);
  expect(sandbox.stderr.length).toBeLessThanOrEqual(64 * 1024);
  expect(sandbox.stderr).toMatch(/^line \d+\n/);
  expect(sandbox.stderr.endsWith("line 20000\n")).toBe(true);
  const told = world.said.filter(({ source }) => source === "stderr");
  expect(told).toHaveLength(1_001);
  expect(told.at(-1)?.text).toBe("more than 1000 lines: the others are not kept");
});

test.runIf(process.platform === "linux")("a worker that takes more memory than it may has a failure of its own", async () => {
  const hungry = "const all = []; for (let i = 0; i < 30; i++) all.push(Buffer.alloc(100e6, 1)); say({ enough: true })";
  expect(await world.worker(hungry, { max_memory_mb: 1_024 })).toMatchObject({ kind: "failed", failure: { code: "process-failed" } });
  const bounded = await ProcessWorld.open({ memoryMb: 1_024 });
  expect(await bounded.worker(hungry, { max_memory_mb: 100_000 })).toMatchObject({ failure: { code: "process-failed" } });
  expect((await bounded.result("say({ ok: true })")).output).toEqual({ ok: true });
  await bounded.close();
});

test("the first run of a node waits for its startup delay, the others do not", async () => {
  const delays: number[] = [];
  const clock = {
    ...systemClock,
    setTimer: (ms: number, then: () => void) => {
      if (ms !== 77_000) return systemClock.setTimer(ms, then);
      delays.push(ms);
      then();
      return () => undefined;
    },
  };
  const patient = await ProcessWorld.open({ clock });
  for (let i = 0; i < 2; i++) await patient.result("say({})", { startup_delay_ms: 77_000 });
  await patient.result("say({})", { startup_delay_ms: 77_000 }, { node: { id: "other" } });
  expect(delays).toEqual([77_000, 77_000]);
  const abort = new AttemptAbort();
  const waiting = world.worker("say({})", { startup_delay_ms: 80_000 }, { abort });
  abort.abort("cancelled");
  expect(await waiting).toEqual({ kind: "aborted" });
  await patient.close();
});
