import { constants } from "node:fs";
import { readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRefusal } from "../refusal.ts";
import { FileWorld } from "../testing/file-world.ts";
import { Folder, type Opening } from "./folder.ts";

let world: FileWorld;
let folder: Folder;
beforeEach(async () => {
  world = await FileWorld.open();
  await world.arrange([{ file: "way/secret.txt" }, { folder: "way/folder" }, { folder: "way/b" }]);
});
afterEach(async () => {
  await folder.close();
  await world.close();
});

async function opened(opening: Opening): Promise<Folder> {
  const root = await Folder.open(world.workspace, opening);
  const entered = isRefusal(root) ? root : await root.enter("way");
  if (!isRefusal(root)) await root.close();
  if (isRefusal(entered)) expect.fail(entered.message);
  folder = entered as Folder;
  return folder;
}

/** The folder is moved away while it is open, and a link takes its name. */
async function swap(): Promise<void> {
  await rename(join(world.workspace, "way"), join(world.workspace, "way.was"));
  await symlink(world.outside, join(world.workspace, "way"));
}

const operations: readonly (readonly [string, (folder: Folder) => Promise<unknown>])[] = [
  ["stats", (open) => open.stats("secret.txt")],
  ["ownStats", (open) => open.ownStats()],
  ["list", (open) => open.list(10)],
  ["rename", (open) => open.rename("secret.txt", "other.txt")],
  ["renameNew", (open) => open.renameNew("secret.txt", "other.txt")],
  ["removeFile", (open) => open.removeFile("secret.txt")],
  ["removeFolder", (open) => open.removeFolder("folder")],
  [
    "openFile",
    async (open) => {
      const file = await open.openFile("secret.txt", constants.O_RDONLY);
      if (isRefusal(file)) return file;
      await file.handle.close();
      return undefined;
    },
  ],
];

describe.runIf(process.platform === "linux").each(operations)("%s of a folder that was swapped", (_, use) => {
  test("works on the folder that was opened, by handles", async () => {
    const open = await opened("handles");
    const before = await world.outsideNow();
    await swap();
    expect(isRefusal(await use(open))).toBe(false);
    expect(await world.outsideNow()).toEqual(before);
  });

  test("is refused, by comparing, and changes nothing outside", async () => {
    const open = await opened("compare");
    const before = await world.outsideNow();
    await swap();
    expect(await use(open)).toMatchObject({ refused: "path-link-swapped" });
    expect(await world.outsideNow()).toEqual(before);
  });
});

describe.each(process.platform === "linux" ? (["handles", "compare"] as const) : (["compare"] as const))("by %s", (opening) => {
  test("a new name takes the place of nothing", async () => {
    const open = await opened(opening);
    await writeFile(join(open.path, "taken"), "kept");
    await expect(open.renameNew("secret.txt", "taken")).rejects.toMatchObject({ code: "EEXIST" });
    expect(await readFile(join(open.path, "taken"), "utf8")).toBe("kept");
    expect(await open.renameNew("secret.txt", "free")).toBeUndefined();
    expect(await readdir(open.path)).toEqual(["b", "folder", "free", "taken"]);
  });

  test("a folder is made once", async () => {
    const open = await opened(opening);
    expect(await open.makeFolder("new")).toBe(true);
    expect(await open.makeFolder("new")).toBe(false);
    await expect(open.makeFolder("none/new")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("what is refused when it is opened is closed again", async () => {
    await world.arrange([{ pipe: "way/pipe" }]);
    const open = await opened(opening);
    const count = async (): Promise<number> => (process.platform === "linux" ? (await readdir("/proc/self/fd")).length : 0);
    const before = await count();
    expect(await open.openFile("pipe", constants.O_RDONLY)).toMatchObject({ refused: "file-kind-refused" });
    expect(await count()).toBe(before);
  });
});
