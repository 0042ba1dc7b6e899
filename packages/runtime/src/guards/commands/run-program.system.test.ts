import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isAlive } from "../../../test/process-world.ts";
import { systemClock } from "../../shell/system.ts";
import { createFileGuard } from "../files/file-guard.ts";
import { isRefusal, type RefusalCode } from "../refusal.ts";
import { type ProgramCall, type ProgramResult, runProgram } from "./run-program.ts";

let folder: string;
let calls = 0;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "heddle-programs-")));
});
afterEach(async () => {
  const pids = await readFile(join(folder, "pids"), "utf8").catch(() => "");
  for (const pid of pids.split(" ").map(Number)) if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const limits = { outputBytesMax: 10_000, timeMs: 15_000, graceMs: 100 };

function callOf(argv: readonly string[], more: Partial<ProgramCall> = {}): ProgramCall {
  calls += 1;
  return { argv, folder, environment: {}, limits, clock: systemClock, mark: `test-${process.pid}-${calls}`, ...more };
}

const node = (code: string): readonly string[] => [process.execPath, "-e", code];

async function ran(argv: readonly string[], more: Partial<ProgramCall> = {}): Promise<ProgramResult> {
  const result = await runProgram(callOf(argv, more));
  if (isRefusal(result)) expect.fail(`${result.refused}: ${result.message}`);
  return result as ProgramResult;
}

describe("a program", () => {
  test("is given its words, its folder and its environment, and nothing else", async () => {
    const words = ["a b", "$HOME", "*", "", "; rm x", "'\"", "ü\n"];
    const code = "console.log(JSON.stringify([process.argv.slice(1), process.cwd(), process.env]))";
    const result = await ran([...node(code), "--", ...words], { environment: { GIVEN: "1" } });
    expect(result).toMatchObject({
      exitCode: 0,
      signal: undefined,
      stderr: "",
      truncated: false,
      timedOut: false,
      aborted: false,
      treeEnded: true,
    });
    const [argv, cwd, environment] = JSON.parse(result.stdout);
    expect(argv).toEqual(words);
    expect(cwd).toBe(folder);
    expect(environment).toEqual({ GIVEN: "1", HEDDLE_CALL: expect.stringMatching(/^test-/) });
  });

  test("that fails is a result", async () => {
    expect(await ran(node("console.error('no'); process.exitCode = 3"))).toMatchObject({ exitCode: 3, stderr: "no\n" });
    expect(await ran(node("process.kill(process.pid, 'SIGKILL')"))).toMatchObject({ exitCode: undefined, signal: "SIGKILL" });
  });

  test("is found in the path that it is given alone", async () => {
    await writeFile(join(folder, "mine"), "#!/bin/sh\necho found", { mode: 0o755 });
    expect(await ran(["mine"], { environment: { PATH: folder } })).toMatchObject({ stdout: "found\n" });
    expect(await ran(["./mine"])).toMatchObject({ stdout: "found\n" });
    expect(await runProgram(callOf(["mine"], { environment: { PATH: "/nowhere" } }))).toMatchObject({ refused: "program-not-found" });
  });

  test.runIf(process.platform === "linux")("starts in a folder that is held open, whatever has its name by now", async () => {
    await mkdir(join(folder, "in"));
    const guard = createFileGuard({ roots: { all: folder }, random: { unit: () => 0, bytes: () => new Uint8Array(9) } });
    const path = await guard.resolve("in", folder);
    if (isRefusal(path)) expect.fail(path.message);
    const result = await guard.inFolder(path as Exclude<typeof path, { refused: RefusalCode }>, async (startPath) => {
      await rm(join(folder, "in"), { recursive: true });
      await mkdir(join(folder, "in"));
      return ran(["/bin/sh", "-c", "ls -di ."], { folder: startPath });
    });
    expect(result).toMatchObject({ exitCode: 0 });
  });
});

describe("what is refused before it starts", () => {
  const cases: readonly (readonly [string, Partial<ProgramCall>, RefusalCode])[] = [
    ["no program", { argv: [] }, "command-empty"],
    ["an empty name", { argv: ["", "x"] }, "command-empty"],
    ["a NUL in an argument", { argv: ["ls", "a\0b"] }, "command-character"],
    ["half a surrogate pair", { argv: ["ls", "\ud800"] }, "command-character"],
    ["an argument that no system takes", { argv: ["ls", "x".repeat(128 * 1024)] }, "command-too-long"],
    ["arguments that are too long together", { argv: ["/bin/ls", ...Array<string>(40).fill("x".repeat(127 * 1024))] }, "command-too-long"],
    ["a variable without a name", { environment: { "": "x" } }, "environment-refused"],
    ["a variable whose name ends early", { environment: { "A=B": "x" } }, "environment-refused"],
    ["a NUL in a variable", { environment: { A: "b\0c" } }, "environment-refused"],
    ["a folder that is not there", { folder: "/nowhere/at/all" }, "folder-refused"],
    ["a folder that is relative", { folder: "." }, "folder-refused"],
    ["a file for a folder", { folder: process.execPath }, "folder-refused"],
    ["a program that is not there", { argv: ["/nowhere/program"] }, "program-not-found"],
    ["a program that is a folder", { argv: ["/"] }, "program-refused"],
    ["what was stopped before", { signal: AbortSignal.abort() }, "aborted"],
  ];
  test.each(cases)("%s", async (_, more, refused) => {
    expect(await runProgram(callOf(["/bin/ls"], more))).toEqual({ refused, message: expect.stringMatching(/: \S/) });
  });
});

describe("output", () => {
  const say = (out: number, err: number) => node(`process.stdout.write("o".repeat(${out})); process.stderr.write("e".repeat(${err}))`);
  const kept = async (out: number, err: number): Promise<readonly [number, number, boolean]> => {
    const { stdout, stderr, truncated } = await ran(say(out, err), { limits: { ...limits, outputBytesMax: 1_000 } });
    expect(stdout + stderr).toMatch(/^o*e*$/);
    return [stdout.length, stderr.length, truncated];
  };

  test("shares one bound, of which each stream is sure of half", async () => {
    expect(await kept(900, 100)).toEqual([900, 100, false]);
    expect(await kept(1_000, 0)).toEqual([1_000, 0, false]);
    expect(await kept(100_000, 100)).toEqual([900, 100, true]);
    expect(await kept(100, 100_000)).toEqual([100, 900, true]);
    expect(await kept(100_000, 100_000)).toEqual([500, 500, true]);
    expect(await kept(0, 1_001)).toEqual([0, 1_000, true]);
  });

  test("is cut between characters, and what is no text is shown as such", async () => {
    const { stdout } = await ran(node("process.stdout.write('üü')"), { limits: { ...limits, outputBytesMax: 3 } });
    expect(stdout).toBe("ü");
    expect((await ran(node("process.stdout.write(Buffer.from([0x61, 0xff]))"))).stdout).toBe("a\ufffd");
  });

  test("without an end takes no memory and ends with its time", async () => {
    const endless =
      "const block = 'x'.repeat(1 << 16); const more = () => { while (process.stdout.write(block)); process.stdout.once('drain', more); }; more();";
    const result = await ran(node(endless), { limits: { ...limits, timeMs: 400 } });
    expect(result).toMatchObject({ timedOut: true, truncated: true });
    expect(result.stdout).toHaveLength(10_000);
  });
});

/** Ignores being asked, and so do its child and one that has left its group. All pids are in the file once all are there. */
const stubborn = (file: string): string => `
const { spawn } = require("node:child_process");
const dodge = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
const child = spawn(process.execPath, ["-e", dodge], { stdio: "ignore", env: {} });
const escaped = spawn(process.execPath, ["-e", dodge], { stdio: "ignore", detached: true });
process.on("SIGTERM", () => {});
require("node:fs").writeFileSync(${JSON.stringify(file)}, [process.pid, child.pid, escaped.pid].join(" "));
`;

function pidsIn(file: string): Promise<readonly number[]> {
  return vi.waitFor(
    async () => {
      const pids = (await readFile(file, "utf8")).split(" ").map(Number);
      expect(pids).toHaveLength(3);
      return pids;
    },
    { timeout: 10_000, interval: 10 },
  );
}

const gone = (pids: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 3_000, interval: 10 });

describe.runIf(process.platform === "linux")("the whole tree ends", () => {
  test("when it is stopped", async () => {
    const abort = new AbortController();
    const running = ran(node(`${stubborn(join(folder, "pids"))} setInterval(() => {}, 1000);`), { signal: abort.signal });
    const pids = await pidsIn(join(folder, "pids"));
    abort.abort();
    expect(await running).toMatchObject({ aborted: true, timedOut: false, signal: "SIGKILL", treeEnded: true });
    await gone(pids);
  });

  test("when its time is up, by a clock that is given", async () => {
    let up: (() => void) | undefined;
    const clock = {
      ...systemClock,
      setTimer: (ms: number, fire: () => void) => {
        if (ms !== 77_000) return systemClock.setTimer(ms, fire);
        up = fire;
        return () => undefined;
      },
    };
    const running = ran(node(`${stubborn(join(folder, "pids"))} setInterval(() => {}, 1000);`), {
      clock,
      limits: { ...limits, timeMs: 77_000 },
    });
    const pids = await pidsIn(join(folder, "pids"));
    up?.();
    expect(await running).toMatchObject({ aborted: false, timedOut: true });
    await gone(pids);
  });

  test("when the program ends and leaves others behind, in its group or not", async () => {
    const result = await ran(node(`${stubborn(join(folder, "pids"))} process.exit(0);`));
    expect(result).toMatchObject({ exitCode: 0, timedOut: false, aborted: false, treeEnded: true });
    await gone(await pidsIn(join(folder, "pids")));
  });
});
