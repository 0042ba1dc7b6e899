// The launcher, copied to places where something is missing.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../bin/heddle.js", import.meta.url));

describe("the launcher", () => {
  let folder: string;
  let copy: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "heddle-launcher-"));
    copy = join(folder, "cli", "bin", "heddle.js");
    mkdirSync(join(folder, "cli", "bin"), { recursive: true });
    cpSync(launcher, copy);
    writeFileSync(join(folder, "cli", "package.json"), '{ "type": "module" }');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const launch = (...args: string[]) => spawnSync(process.execPath, [copy, ...args], { encoding: "utf8" });
  const build = () => {
    mkdirSync(join(folder, "cli", "dist"));
    writeFileSync(join(folder, "cli", "dist", "main.js"), "console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;");
  };
  const outdate = () => writeFileSync(copy, readFileSync(launcher, "utf8").replace("[22, 18]", "[999, 0]"));

  it("says that the build is missing", () => {
    expect(launch("version")).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("npm run build") });
  });

  it("hands arguments and exit code on", () => {
    build();
    expect(launch("runs", "list")).toMatchObject({ status: 3, stdout: '["runs","list"]\n' });
  });

  it("says which Node is needed when there is none", () => {
    build();
    outdate();
    expect(launch("version")).toMatchObject({ status: 1, stderr: expect.stringMatching(/Node 999\.0 or newer is needed/) });
  });

  it("goes on with the Node that was installed beside it", () => {
    build();
    outdate();
    const bin = join(folder, "node_modules", `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`, "bin");
    mkdirSync(bin, { recursive: true });
    symlinkSync(process.execPath, join(bin, process.platform === "win32" ? "node.exe" : "node"));
    chmodSync(copy, 0o755);
    expect(launch("runs", "list")).toMatchObject({ status: 3, stdout: '["runs","list"]\n' });
  });
});
