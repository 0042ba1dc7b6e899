import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type LockRecord, liveDaemonOf, lockDataFolder } from "./lock.ts";
import { isAlive, ownIdentity } from "./process-identity.ts";

const folder = () => join(mkdtempSync(join(tmpdir(), "heddle-lock-")), "data");
const endedPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

function place(dataDir: string, name: string, record: Partial<LockRecord>): void {
  const whole = { pid: endedPid(), start: "boot/1", address: "127.0.0.1:1", startedAtMs: 1, incarnation: "inc_dead", ...record };
  writeFileSync(join(dataDir, name), JSON.stringify(whole));
}

describe("the lock of a data folder", () => {
  it("is held once, names the address of its holder, and is free again after release", () => {
    const dataDir = folder();
    const first = lockDataFolder(dataDir, "inc_1", 5);
    expect(() => lockDataFolder(dataDir, "inc_2", 6)).toThrow(
      expect.objectContaining({ code: "data-folder-locked", message: expect.stringContaining("still starting") }),
    );
    first.publish("127.0.0.1:4321");
    expect(() => lockDataFolder(dataDir, "inc_2", 6)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining("127.0.0.1:4321"),
        details: { pid: process.pid, address: "127.0.0.1:4321" },
      }),
    );
    expect(liveDaemonOf(dataDir)).toMatchObject({ address: "127.0.0.1:4321", incarnation: "inc_1", startedAtMs: 5 });
    expect(liveDaemonOf(dataDir)?.http).toBe("");
    first.publish("127.0.0.1:4321", "127.0.0.1:8787");
    expect(liveDaemonOf(dataDir)).toMatchObject({ address: "127.0.0.1:4321", http: "127.0.0.1:8787" });
    first.release();
    first.release();
    expect(readdirSync(dataDir)).toEqual([]);
    expect(liveDaemonOf(dataDir)).toBeUndefined();
    lockDataFolder(dataDir, "inc_2", 6).release();
  });

  it("is taken over from a dead daemon, and only the new lock stays", () => {
    const dataDir = folder();
    lockDataFolder(dataDir, "inc_0", 0).release();
    place(dataDir, "daemon.lock", {});
    expect(liveDaemonOf(dataDir)).toBeUndefined();
    const lock = lockDataFolder(dataDir, "inc_1", 1);
    expect(readdirSync(dataDir)).toEqual(["daemon.lock"]);
    expect(JSON.parse(readFileSync(join(dataDir, "daemon.lock"), "utf8"))).toMatchObject({ pid: process.pid, incarnation: "inc_1" });
    lock.release();
  });

  it("is taken over when another process has the pid of the dead one", () => {
    const dataDir = folder();
    lockDataFolder(dataDir, "inc_0", 0).release();
    place(dataDir, "daemon.lock", { pid: process.pid, start: "another-boot/1" });
    lockDataFolder(dataDir, "inc_1", 1).release();
  });

  it("is taken over when successors died in the middle of it", () => {
    const dataDir = folder();
    lockDataFolder(dataDir, "inc_0", 0).release();
    place(dataDir, "daemon.lock", { incarnation: "inc_a" });
    place(dataDir, "daemon.lock.after-inc_a", { incarnation: "inc_b" });
    place(dataDir, "daemon.lock.after-inc_b", { incarnation: "inc_c" });
    const lock = lockDataFolder(dataDir, "inc_1", 1);
    expect(readdirSync(dataDir)).toEqual(["daemon.lock"]);
    lock.release();
  });

  it("is left to a successor that is at it", () => {
    const dataDir = folder();
    lockDataFolder(dataDir, "inc_0", 0).release();
    place(dataDir, "daemon.lock", { incarnation: "inc_a" });
    place(dataDir, "daemon.lock.after-inc_a", { ...ownIdentity(), incarnation: "inc_b" });
    expect(() => lockDataFolder(dataDir, "inc_1", 1)).toThrow(expect.objectContaining({ code: "data-folder-locked" }));
    expect(readdirSync(dataDir).sort()).toEqual(["daemon.lock", "daemon.lock.after-inc_a"]);
  });

  it("is not released by one who no longer holds it", () => {
    const dataDir = folder();
    const lock = lockDataFolder(dataDir, "inc_1", 1);
    place(dataDir, "daemon.lock", { incarnation: "inc_2" });
    lock.release();
    expect(readdirSync(dataDir)).toEqual(["daemon.lock"]);
  });

  it("that is unreadable is not guessed at", () => {
    const dataDir = folder();
    lockDataFolder(dataDir, "inc_0", 0).release();
    writeFileSync(join(dataDir, "daemon.lock"), "hello");
    expect(() => lockDataFolder(dataDir, "inc_1", 1)).toThrow(
      expect.objectContaining({ code: "data-folder-locked", message: expect.stringContaining("remove that file") }),
    );
    expect(readdirSync(dataDir)).toEqual(["daemon.lock"]);
  });
});

describe("a process", () => {
  it("lives, or has ended, and is not its successor", () => {
    const own = ownIdentity();
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ pid: own.pid, start: "" })).toBe(true);
    expect(isAlive({ pid: endedPid(), start: "" })).toBe(false);
    expect(isAlive({ pid: own.pid, start: "another/1" })).toBe(own.start === "");
  });
});
