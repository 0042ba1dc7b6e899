// runShell and runScript in runs: what they give, and that nothing of them is left. Parity: NE8, LC19.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Expr, Policy } from "@heddle/core";
import { runScript, runShell } from "@heddle/runtime/tools";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { caller, type ToolWorld, toolWorld, undocumented } from "./tools-world.ts";

let world: ToolWorld;
beforeEach(() => {
  world = toolWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // What has ended and was not waited for by its parent still has a number.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

/** The numbers that a script wrote, once all of them are there. */
async function pidsIn(file: string, count: number): Promise<number[]> {
  const path = join(world.folder, file);
  return vi.waitFor(
    () => {
      const pids = readFileSync(path, "utf8").split("\n").filter(Boolean).map(Number);
      expect(pids).toHaveLength(count);
      return pids;
    },
    { timeout: 10_000, interval: 10 },
  );
}

/** Three generations: a child in the background, one in a session of its own, and one that outlives its parent. */
const family = "sleep 300 & echo $! > pids; setsid sleep 300 & echo $! >> pids; (sleep 300 & echo $! >> pids); wait; sleep 300";

describe("runShell", () => {
  test("runs a program with its words in the workspace", async () => {
    const { output } = await world.call(runShell, { command: "printf '%s|' 'a b' c" });
    expect(output).toEqual({
      command: "printf '%s|' 'a b' c",
      exitCode: 0,
      stdout: "a b|c|",
      stderr: "",
      timedOut: false,
      truncated: false,
    });
    expect(undocumented("runShell", output)).toEqual([]);
    expect((await world.call(runShell, { command: "pwd" })).output).toMatchObject({ stdout: `${world.folder}\n` });
  });
  test("takes a program that fails for a result", async () => {
    const { output } = await world.call(runShell, { command: "ls absent" });
    expect(output).toMatchObject({ stdout: "", timedOut: false });
    expect((output as { exitCode: number }).exitCode).toBeGreaterThan(0);
    expect((output as { stderr: string }).stderr).toContain("absent");
  });
  test("gives a program nothing of this process's environment but its path", async () => {
    const { output } = await world.call(runShell, { command: "env" });
    const names = (output as { stdout: string }).stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("=")[0]]));
    expect(names.sort()).toEqual(["HEDDLE_CALL", "LANG", "PATH"]);
  });
  test.each([
    ["ls; rm -rf x", "command-needs-shell"],
    ["echo $HOME", "command-needs-shell"],
    ["echo 'open", "command-unfinished"],
    ["", "command-empty"],
    ["no-such-program-here", "program-not-found"],
  ])("refuses %j with %s", async (command, reason) => {
    expect((await world.call(runShell, { command })).failure).toMatchObject({ code: "call-denied", details: { reason } });
  });
  test("ends a program whose time is over, and says so", async () => {
    const { output } = await world.call(runShell, { command: "sleep 300", timeoutSeconds: 0.3 });
    expect(output).toMatchObject({ exitCode: null, timedOut: true });
    expect(undocumented("runShell", output)).toEqual([]);
  });
  test.each([0, 301, -1])("refuses a time of %d seconds", async (timeoutSeconds) => {
    expect((await world.call(runShell, { command: "true", timeoutSeconds })).failure).toMatchObject({ code: "input-invalid" });
  });
});

describe("runScript", () => {
  test("has a shell read a text", async () => {
    const { output } = await world.call(runScript, { script: 'a="x y"; echo "$a" | tr x z; echo no >&2; exit 3' });
    expect(output).toMatchObject({ exitCode: 3, stdout: "z y\n", stderr: "no\n", timedOut: false, truncated: false });
    expect(undocumented("runScript", output)).toEqual([]);
  });
  test("keeps the beginnings of what is printed, in proportion", async () => {
    const script = "head -c 600000 /dev/zero | tr '\\0' o; head -c 200000 /dev/zero | tr '\\0' e >&2";
    const { output } = await world.call(runScript, { script });
    const { stdout, stderr, truncated } = output as { stdout: string; stderr: string; truncated: boolean };
    expect([stdout.length, stderr.length, truncated]).toEqual([150_000, 50_000, true]);
  });
  test("ends with everything that it started when its time is over", async () => {
    const { output } = await world.call(runScript, { script: family, timeoutSeconds: 4 });
    expect(output).toMatchObject({ exitCode: null, timedOut: true });
    for (const pid of await pidsIn("pids", 3)) expect(isAlive(pid)).toBe(false);
  });
  test("ends with everything that it started when the run is cancelled", async () => {
    const { runtime, runId } = await world.start(runScript, { script: family });
    const pids = await pidsIn("pids", 3);
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    await runtime.api.runs.cancel({ runId }, caller);
    expect((await runtime.api.runs.result({ runId }, caller)).status).toBe("cancelled");
    expect(pids.map(isAlive)).toEqual([false, false, false]);
  });
  test("leaves nothing behind when it ends by itself", async () => {
    const { output } = await world.call(runScript, { script: "setsid sleep 300 >/dev/null 2>&1 & echo $! > pids" });
    expect(output).toMatchObject({ exitCode: 0 });
    for (const pid of await pidsIn("pids", 1)) expect(isAlive(pid)).toBe(false);
  });
  test("is reached by no node that may run programs alone", async () => {
    const asShell = { ...runScript, capability: "os.shell" };
    const { failure } = await world.call(asShell, { command: "true", script: "touch made" }, { tools: [runScript] });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason: "script-refused" } });
    expect(existsSync(join(world.folder, "made"))).toBe(false);
  });
});

describe("policies on the shell", () => {
  const command: Expr = { kind: "ref", scope: "bound", name: "command" };
  const allowing = (text: string): Policy => ({
    id: "only that",
    kind: "deny",
    trigger: { capability: "os.shell", bind: { command: "command" } },
    condition: { kind: "not", of: { kind: "eq", left: command, right: { kind: "literal", value: text } } },
  });
  const withWords = (program: string): Policy => ({
    id: "not that program",
    kind: "deny",
    trigger: { capability: "os.shell", bind: { words: "argv" } },
    condition: {
      kind: "eq",
      left: { kind: "index", of: { kind: "ref", scope: "bound", name: "words" }, at: { kind: "literal", value: 0 } },
      right: { kind: "literal", value: program },
    },
  });

  test("let through the command that they allow, and no other", async () => {
    expect((await world.call(runShell, { command: "true" }, { policies: [allowing("true")] })).output).toMatchObject({ exitCode: 0 });
    const { failure } = await world.call(runShell, { command: "touch made" }, { policies: [allowing("true")] });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason: "policy-denied" } });
  });
  test.each([
    [allowing("true"), "policy-error"],
    [withWords("rm"), "policy-error"],
  ])("bind scripts too, which have a text and no words ($0.id)", async (policy, reason) => {
    const { failure } = await world.call(runScript, { script: "touch made" }, { policies: [policy] });
    expect(failure).toMatchObject({ code: "call-denied", details: { reason } });
    expect(existsSync(join(world.folder, "made"))).toBe(false);
  });
});
