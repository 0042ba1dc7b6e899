import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dataFolderFinding, guardFindings, platformFinding, programFindings, runtimeFinding } from "./findings.ts";
import { Workspace } from "./testing/workspace.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-doctor-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a Node without the store that is built in fails", () => {
  expect(runtimeFinding("24.3.1").level).toBe("ok");
  expect(runtimeFinding("22.13.0").level).toBe("ok");
  expect(runtimeFinding("22.12.0")).toMatchObject({ level: "fail", remedy: "install Node 22.13 or later" });
  expect(runtimeFinding("20.19.0").level).toBe("fail");
});

test("what a platform lacks is a warning", () => {
  expect(platformFinding("linux", "x64")).toEqual({ name: "platform", level: "ok", says: "linux x64" });
  expect(platformFinding("darwin", "arm64").level).toBe("warn");
});

test("without a sandbox it says why, and what to do", () => {
  const sandbox = { kind: "unavailable", why: "there is no program bwrap in PATH", remedy: "install bubblewrap" } as const;
  expect(guardFindings({ sandbox, files: "compare" })).toMatchObject([
    {
      name: "sandbox",
      level: "warn",
      says: "there is no program bwrap in PATH; workflows that want one are refused",
      remedy: "install bubblewrap",
    },
    { name: "files", level: "warn" },
  ]);
});

test("a data folder is fine where it can be written or made, and fails where not", async () => {
  const at = { env: {}, cwd: folder };
  expect(await dataFolderFinding(at, undefined)).toMatchObject({ level: "ok", says: `${join(folder, ".heddle")}, to be made` });
  expect(await dataFolderFinding({ env: { HEDDLE_DATA: folder }, cwd: "/" }, undefined)).toMatchObject({ level: "ok", says: folder });
  await writeFile(join(folder, "file"), "");
  expect(await dataFolderFinding(at, "file/inner")).toMatchObject({ level: "fail", says: `${join(folder, "file")} cannot be written` });
});

test("programs are looked for in PATH", async () => {
  await writeFile(join(folder, "git"), "", { mode: 0o755 });
  await writeFile(join(folder, "python3"), "", { mode: 0o644 });
  expect(await programFindings(`relative:${folder}`)).toMatchObject([
    { name: "sh", level: "warn" },
    { name: "python3", level: "warn" },
    { name: "git", level: "ok", says: join(folder, "git") },
  ]);
});

test("the command tells all of it, with a daemon and without, and exits with 1 where something fails", async () => {
  await using space = new Workspace();
  const away = await space.heddle("doctor", "--json");
  expect(away.code).toBe(0);
  expect(away.json).toMatchObject({
    ok: true,
    findings: expect.arrayContaining([
      expect.objectContaining({ name: "daemon", level: "warn", says: "none is running" }),
      expect.objectContaining({ name: "data folder", level: "ok" }),
      expect.objectContaining({ name: "sandbox" }),
    ]),
  });
  const failing = await space.heddle("doctor", "--target", "127.0.0.1:1");
  expect(failing.code).toBe(1);
  expect(failing.stdout).toMatch(/^fail {2}daemon +no daemon answers at 127\.0\.0\.1:1/m);
  await space.daemon();
  const served = await space.heddle("doctor");
  expect(served.stdout).toMatch(/^ok {4}daemon +127\.0\.0\.1:\d+ \(version /m);
  expect(served.code).toBe(0);
}, 60_000);
