import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HeddleError } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRefusal, type Refusal } from "../refusal.ts";
import { FileWorld, secretText } from "../testing/file-world.ts";
import type { ResolvedPath } from "./beneath.ts";
import { refusalOfError } from "./file-errors.ts";
import { createFileGuard, type FileGuard } from "./file-guard.ts";
import type { Opening } from "./folder.ts";

let world: FileWorld;
beforeEach(async () => {
  world = await FileWorld.open();
});
afterEach(() => world.close());

function allowed<T>(value: T | Refusal): T {
  if (isRefusal(value)) expect.fail(`${value.refused}: ${value.message}`);
  return value as T;
}

async function resolved(guard: FileGuard, path: string): Promise<ResolvedPath> {
  return allowed(await guard.resolve(path, world.workspace));
}

const openings: readonly Opening[] = process.platform === "linux" ? ["handles", "compare"] : ["compare"];

describe("resolving", () => {
  test("says which root, where really, and what is there", async () => {
    await world.arrange([{ file: "src/main.ts" }, { link: "code", to: "src" }]);
    const guard = world.guard();
    const real = join(world.workspace, "src", "main.ts");
    expect(await guard.resolve("code/../code/main.ts", world.workspace)).toEqual({
      root: "workspace",
      real,
      relative: "src/main.ts",
      exists: true,
      kind: "file",
    });
    expect(await guard.resolve("main.ts", join(world.workspace, "src"))).toMatchObject({ real });
    expect(await guard.resolve(".", world.workspace)).toMatchObject({ relative: "", kind: "folder" });
    expect(await guard.resolve("code/new/file", world.workspace)).toMatchObject({
      relative: "src/new/file",
      exists: false,
      kind: "missing",
    });
  });

  test("says what a link leads to, also where that is the folder it is in", async () => {
    await world.arrange([
      { link: "here", to: "." },
      { link: "sub/up", to: ".." },
      { link: "long", to: "./sub//./../sub/" },
    ]);
    const guard = world.guard();
    expect(await guard.resolve("here", world.workspace)).toMatchObject({ relative: "", kind: "folder" });
    expect(await guard.resolve("sub/up/here/sub", world.workspace)).toMatchObject({ relative: "sub", kind: "folder" });
    expect(await guard.resolve("long/new", world.workspace)).toMatchObject({ relative: "sub/new", kind: "missing" });
  });

  test("prefers the inner of two roots, passes over one that is missing, and follows one that is a link", async () => {
    await world.arrange([{ folder: "cache" }, { link: "link-root", to: "cache" }]);
    const guard = createFileGuard({
      roots: { all: world.workspace, gone: join(world.home, "gone"), cache: join(world.workspace, "link-root") },
      random: { unit: () => 0, bytes: () => new Uint8Array(9) },
    });
    expect(await guard.resolve("cache/x", world.workspace)).toMatchObject({ root: "cache", relative: "x" });
    expect(await guard.resolve("link-root/x", world.workspace)).toMatchObject({ root: "cache", relative: "x" });
    expect(await guard.resolve("other", world.workspace)).toMatchObject({ root: "all" });
    expect(await guard.resolve(join(world.home, "gone", "x"), world.workspace)).toMatchObject({ refused: "path-escapes-root" });
    const path = await resolved(guard, "cache/x");
    allowed(await guard.write(path, "1"));
    await world.arrange([{ replace: "link-root", by: "link", to: "@outside" }]);
    expect(await guard.write({ ...path, exists: true }, "2")).toMatchObject({ refused: "path-link-swapped" });
  });

  test("refuses roots and bases that are not absolute", async () => {
    const random = { unit: () => 0, bytes: () => new Uint8Array(9) };
    expect(() => createFileGuard({ roots: { workspace: "here" }, random })).toThrow(HeddleError);
    expect(await world.guard().resolve("x", "here")).toMatchObject({ refused: "path-not-absolute" });
    expect(await createFileGuard({ roots: {}, random }).resolve("x", "/")).toMatchObject({ refused: "path-escapes-root" });
  });

  test("what is no judged path is refused at use", async () => {
    const guard = world.guard();
    for (const relative of ["../outside/secret.txt", "a/../../outside/secret.txt", ".", "/a", "a//b"]) {
      const path = { root: "workspace", real: join(world.workspace, relative), relative, exists: true };
      expect(await guard.readText(path, { bytesMax: 100 })).toMatchObject({ refused: "path-escapes-root" });
    }
    const wrong = { root: "workspace", real: join(world.outside, "secret.txt"), relative: "secret.txt", exists: true };
    expect(await guard.readText(wrong, { bytesMax: 100 })).toMatchObject({ refused: "path-link-swapped" });
  });

  test("a path of a root that this guard does not have is refused at use", async () => {
    const path = await resolved(world.guard(), "x");
    const other = createFileGuard({ roots: { other: world.workspace }, random: { unit: () => 0, bytes: () => new Uint8Array(9) } });
    expect(await other.write(path, "x")).toMatchObject({ refused: "root-missing" });
  });
});

describe.each(openings)("opened by %s", (opening) => {
  let guard: FileGuard;
  beforeEach(() => {
    guard = world.guard({ opening });
  });

  test("a file is replaced at once, keeps its permissions, and leaves nothing beside it", async () => {
    await world.arrange([{ file: "run.sh" }]);
    const file = join(world.workspace, "run.sh");
    await chmod(file, 0o751);
    const before = await stat(file);
    const path = await resolved(guard, "run.sh");
    expect(await guard.write(path, "echo ü\n")).toEqual({ bytes: 8, created: false });
    const after = await stat(file);
    expect(after.mode & 0o777).toBe(0o751);
    expect(after.ino).not.toBe(before.ino);
    expect(await readdir(world.workspace)).toEqual(["run.sh"]);
    expect(await guard.readText(path, { bytesMax: 8 })).toEqual({ text: "echo ü\n", truncated: false });
  });

  test("a new file has the permissions that the process gives, and its folders only where they are asked for", async () => {
    const path = await resolved(guard, "a/b/new.txt");
    expect(await guard.write(path, "x")).toMatchObject({ refused: "file-not-found" });
    expect(await readdir(world.workspace)).toEqual([]);
    expect(await guard.write(path, "x", { parents: true })).toEqual({ bytes: 1, created: true });
    await writeFile(join(world.workspace, "other"), "");
    const [made, usual] = await Promise.all([stat(path.real), stat(join(world.workspace, "other"))]);
    expect(made.mode).toBe(usual.mode);
  });

  test("writers that make the same folders do not get in each other's way", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `a/b/${index}`);
    const paths = await Promise.all(names.map((name) => resolved(guard, name)));
    const written = await Promise.all(paths.map((path) => guard.write(path, "x", { parents: true })));
    expect(written).toEqual(names.map(() => ({ bytes: 1, created: true })));
    expect(await readdir(join(world.workspace, "a/b"))).toHaveLength(8);
  });

  test("a root that is replaced while it is used gives away nothing", async () => {
    await world.arrange([{ file: "b/secret.txt" }, { file: "secret.txt" }]);
    for (const [step, at] of [
      ["opened-root", world.workspace],
      ["looked", join(world.workspace, "secret.txt")],
      ["written", ""],
    ] as const) {
      let swaps = 0;
      const swapping = world.guard({
        opening,
        afterStep: async (done) => {
          if (done.step !== step || (at !== "" && done.path !== at) || swaps++ > 0) return;
          await rename(world.workspace, `${world.workspace}.was`);
          await symlink(world.outside, world.workspace);
        },
      });
      const before = await world.outsideNow();
      const path = await resolved(swapping, step === "opened-root" ? "b/secret.txt" : "secret.txt");
      const result = step === "written" ? await swapping.write(path, "new") : await swapping.readText(path, { bytesMax: 100 });
      const expected = step === "written" ? { created: false } : { text: "xxxx" };
      expect(result).toMatchObject(opening === "handles" ? expected : { refused: "path-link-swapped" });
      expect(await world.outsideNow()).toEqual(before);
      await rm(world.workspace);
      await rename(`${world.workspace}.was`, world.workspace);
    }
  });

  test("a second name of a file outside keeps what it had", async () => {
    await world.arrange([{ hardLink: "linked", to: "@outside/secret.txt" }]);
    const path = await resolved(guard, "linked");
    allowed(await guard.write(path, "mine"));
    expect(await readFile(join(world.outside, "secret.txt"), "utf8")).toBe(secretText);
  });

  test("hard links are read unless they are not wanted", async () => {
    await world.arrange([{ hardLink: "linked", to: "@outside/secret.txt" }, { file: "single" }]);
    const strict = world.guard({ opening, hardLinks: "refuse" });
    const path = await resolved(guard, "linked");
    expect(await guard.readText(path, { bytesMax: 100 })).toMatchObject({ text: secretText });
    expect(await strict.read(path, { bytesMax: 100 })).toMatchObject({ refused: "file-hard-linked" });
    expect(await strict.readText(await resolved(guard, "single"), { bytesMax: 100 })).toMatchObject({ text: "xxxx" });
    let read: unknown;
    await strict.walk(await resolved(guard, "."), {
      entriesMax: 10,
      depthMax: 1,
      bytesMax: 100,
      visit: async (entry) => {
        if (entry.name === "linked") read = await entry.read(10);
        return undefined;
      },
    });
    expect(read).toMatchObject({ refused: "file-hard-linked" });
  });

  test("writing that is stopped or fails leaves the file as it was and nothing beside it", async () => {
    await world.arrange([{ file: "kept" }]);
    const path = await resolved(guard, "kept");
    expect(await guard.write(path, "new", { signal: AbortSignal.abort() })).toMatchObject({ refused: "aborted" });
    const unlucky = world.guard({
      opening,
      afterStep: ({ step }) => {
        if (step === "written") throw Object.assign(new Error("full"), { code: "ENOSPC", syscall: "write" });
      },
    });
    expect(await unlucky.write(path, "new")).toMatchObject({ refused: "storage-full" });
    expect(await readdir(world.workspace)).toEqual(["kept"]);
    expect(await readFile(path.real, "utf8")).toBe("xxxx");
  });

  test("reading is bounded to the byte, from where it is asked to begin", async () => {
    await writeFile(join(world.workspace, "text"), "aäöü");
    const path = await resolved(guard, "text");
    expect(await guard.readText(path, { bytesMax: 7 })).toEqual({ text: "aäöü", truncated: false });
    expect(await guard.readText(path, { bytesMax: 6 })).toMatchObject({ refused: "file-too-large" });
    expect(await guard.readText(path, { bytesMax: 6, whenLarger: "cut" })).toEqual({ text: "aäö", truncated: true });
    expect(await guard.readText(path, { bytesMax: 4, offset: 3 })).toEqual({ text: "öü", truncated: false });
    expect(await guard.readText(path, { bytesMax: 9, offset: 2 })).toMatchObject({ refused: "file-not-text" });
    expect(await guard.read(path, { bytesMax: 9, signal: AbortSignal.abort() })).toMatchObject({ refused: "aborted" });
    await writeFile(join(world.workspace, "marked"), "\uFEFFx");
    expect(await guard.readText(await resolved(guard, "marked"), { bytesMax: 9 })).toMatchObject({ text: "\uFEFFx" });
    expect(await guard.read(await resolved(guard, "none"), { bytesMax: 9 })).toMatchObject({ refused: "file-not-found" });
  });

  test("a list is sorted and bounded, and leaves out what no path can name", async () => {
    await world.arrange([{ file: "b" }, { folder: "a" }, { link: "c", to: "@outside" }, { pipe: "d" }]);
    const path = await resolved(guard, ".");
    expect(await guard.list(path, { entriesMax: 4 })).toEqual({
      entries: [
        { name: "a", kind: "folder" },
        { name: "b", kind: "file" },
        { name: "c", kind: "link" },
        { name: "d", kind: "other" },
      ],
      truncated: false,
      unnameable: 0,
    });
    expect(await guard.list(path, { entriesMax: 3 })).toMatchObject({ truncated: true });
    await writeFile(join(world.workspace, "line\nend"), "");
    await writeFile(Buffer.concat([Buffer.from(`${world.workspace}/`), Buffer.from([0xff])]), "");
    expect(await guard.list(path, { entriesMax: 9 })).toMatchObject({ truncated: false, unnameable: 2 });
    expect(await guard.remove(path, { recursive: true })).toMatchObject({ refused: "root-refused" });
  });

  test("a status is of what was named", async () => {
    await world.arrange([{ file: "f", bytes: 3 }]);
    expect(await guard.stat(await resolved(guard, "f"))).toMatchObject({ kind: "file", bytes: 3, links: 1 });
    expect(await guard.stat(await resolved(guard, "."))).toMatchObject({ kind: "folder" });
    expect(await guard.stat(await resolved(guard, "none"))).toMatchObject({ refused: "file-not-found" });
  });

  test("removing takes what is in a folder and not what its links lead to", async () => {
    await world.arrange([{ file: "t/a/b" }, { link: "t/away", to: "@outside" }, { link: "t/secret", to: "@outside/secret.txt" }]);
    const before = await world.outsideNow();
    const path = await resolved(guard, "t");
    expect(await guard.remove(path, { recursive: true, entriesMax: 3 })).toMatchObject({ refused: "tree-too-large" });
    expect(await readdir(path.real)).toEqual(["a", "away", "secret"]);
    expect(await guard.remove(path, { recursive: true, entriesMax: 4 })).toEqual({ removed: 5 });
    expect(await readdir(world.workspace)).toEqual([]);
    expect(await world.outsideNow()).toEqual(before);
    expect(await guard.remove(path)).toMatchObject({ refused: "file-not-found" });
  });

  test("removing is all or nothing", async () => {
    await world.arrange([{ file: "t/0" }, { file: "t/z/1" }, { file: "t/z/2" }, { file: "odd/0" }]);
    const path = await resolved(guard, "t");
    expect(await guard.remove(path, { recursive: true, entriesMax: 3 })).toMatchObject({ refused: "tree-too-large" });
    expect(await readdir(path.real)).toEqual(["0", "z"]);
    await writeFile(join(world.workspace, "odd", "line\nend"), "");
    const odd = await resolved(guard, "odd");
    expect(await guard.remove(odd, { recursive: true })).toMatchObject({ refused: "path-character" });
    expect(await readdir(odd.real)).toHaveLength(2);
  });

  test("a program may start in a folder that is held open", async () => {
    await world.arrange([{ file: "in/x" }]);
    const path = await resolved(guard, "in");
    expect(await guard.inFolder(path, (startPath) => readdir(`${startPath}/`))).toEqual(["x"]);
  });

  test.runIf(process.platform === "linux")("no handle stays open", async () => {
    const open = async (): Promise<number> => (await readdir("/proc/self/fd")).length;
    await world.arrange([{ file: "a/b/file" }, { link: "a/link", to: "@outside" }]);
    const before = await open();
    for (const name of ["a/b/file", "a/b", "a/none", "a/b/file/x"]) {
      const path = { root: "workspace", real: join(world.workspace, name), relative: name, exists: true, kind: "file" } as const;
      await guard.read(path, { bytesMax: 2 });
      await guard.readText(path, { bytesMax: 2 });
      await guard.stat({ ...path, relative: `${name}/x`, real: `${path.real}/x` });
      await guard.remove({ ...path, relative: `${name}/x`, real: `${path.real}/x` });
      await guard.list(path, { entriesMax: 1 });
      await guard.write(path, "x", { signal: AbortSignal.abort() });
    }
    expect(await open()).toBe(before);
  });
});

describe("walking", () => {
  const bounds = { entriesMax: 100, depthMax: 8, bytesMax: 1_000 };

  test("goes through folders in order of names and never through a link", async () => {
    await world.arrange([{ file: "b/z" }, { file: "b/a" }, { file: "a" }, { link: "away", to: "@outside" }, { link: "back", to: "b" }]);
    const guard = world.guard();
    const seen: string[] = [];
    const walked = await guard.walk(await resolved(guard, "."), {
      ...bounds,
      visit: ({ relative, kind, depth }) => void seen.push(`${relative} ${kind} ${depth}`),
    });
    expect(seen).toEqual(["a file 1", "away link 1", "b folder 1", "b/a file 2", "b/z file 2", "back link 1"]);
    expect(walked).toEqual({ entries: 6, bytesRead: 0, passedOver: 0, tooDeep: false });
  });

  test("ends at each of its bounds", async () => {
    await world.arrange([{ file: "a/b/c/d" }, { file: "e", bytes: 600 }, { file: "f", bytes: 600 }, { file: "g" }]);
    const guard = world.guard();
    const path = await resolved(guard, ".");
    const visit = (): undefined => undefined;
    expect(await guard.walk(path, { ...bounds, entriesMax: 3, visit })).toMatchObject({ entries: 3, stopped: "entries" });
    expect(await guard.walk(path, { ...bounds, entriesMax: 7, visit })).toMatchObject({ entries: 7 });
    expect(await guard.walk(path, { ...bounds, depthMax: 2, visit })).toMatchObject({ entries: 5, tooDeep: true });
    const reading = await guard.walk(path, {
      ...bounds,
      visit: async (entry) => void (entry.kind === "file" && (await entry.read(10_000))),
    });
    expect(reading).toMatchObject({ entries: 6, bytesRead: 1_000, stopped: "bytes" });
    expect(await guard.walk(path, { ...bounds, visit: ({ name }) => (name === "e" ? "stop" : undefined) })).toMatchObject({
      entries: 5,
      stopped: "visit",
    });
    expect(await guard.walk(path, { ...bounds, visit: ({ name }) => (name === "a" ? "skip" : undefined) })).toMatchObject({ entries: 4 });
    const within = await guard.walk(path, { ...bounds, visit: ({ name }) => (name === "b" ? "stop" : undefined) });
    expect(within).toMatchObject({ entries: 2, stopped: "visit" });
    const deep = new AbortController();
    const visitDeep = ({ name }: { name: string }): undefined => void (name === "c" && deep.abort());
    expect(await guard.walk(path, { ...bounds, signal: deep.signal, visit: visitDeep })).toMatchObject({ refused: "aborted" });
    const abort = new AbortController();
    expect(await guard.walk(path, { ...bounds, signal: abort.signal, visit: () => void abort.abort() })).toMatchObject({
      refused: "aborted",
    });
  });

  test("passes over a folder that becomes a link, and a visit reads no file that has become one", async () => {
    await world.arrange([{ folder: "a" }, { file: "b" }]);
    const guard = world.guard();
    const seen: string[] = [];
    let read: unknown;
    const walked = await guard.walk(await resolved(guard, "."), {
      ...bounds,
      visit: async (entry) => {
        seen.push(entry.relative);
        await world.arrange([{ replace: entry.name, by: "link", to: entry.name === "a" ? "@outside" : "@outside/secret.txt" }]);
        if (entry.name === "b") read = await entry.read(100);
        return undefined;
      },
    });
    expect(seen).toEqual(["a", "b"]);
    expect(walked).toMatchObject({ passedOver: 1 });
    expect(read).toMatchObject({ refused: "path-link-swapped" });
  });

  test("an error of the visit itself is the visitor's", async () => {
    await world.arrange([{ file: "a/b" }]);
    const guard = world.guard();
    const visit = (): never => expect.fail("mine");
    await expect(guard.walk(await resolved(guard, "."), { ...bounds, visit })).rejects.toThrow("mine");
  });
});

test("each error of the system has a code", () => {
  const codes = [
    "ENOENT",
    "EACCES",
    "EPERM",
    "EROFS",
    "EISDIR",
    "ENOTDIR",
    "ELOOP",
    "ENAMETOOLONG",
    "EEXIST",
    "ENOTEMPTY",
    "ENXIO",
    "ENOSPC",
  ];
  const refused = [...codes, "EDQUOT", "EFBIG", "EIO"].map(
    (code) => refusalOfError(Object.assign(new Error(code), { code, syscall: "open" }), "/x").refused,
  );
  expect(refused.join(" ")).toBe(
    "file-not-found file-access-denied file-access-denied file-access-denied file-is-folder file-not-folder path-link-swapped path-too-long path-changed folder-not-empty file-kind-refused storage-full storage-full file-too-large file-failed",
  );
  expect(() => refusalOfError(new TypeError("a bug"), "/x")).toThrow("a bug");
});

test.runIf(process.platform === "linux")("a folder moved away while it is held is still the folder that was judged", async () => {
  await mkdir(join(world.workspace, "a"));
  await writeFile(join(world.workspace, "a", "f"), "judged");
  let moved = false;
  const guard = world.guard({
    afterStep: async ({ step, path }) => {
      if (step !== "entered" || moved) return;
      moved = true;
      await world.arrange([{ replace: path, by: "nothing" }]);
      await symlink(world.outside, path);
    },
  });
  expect(await guard.readText(await resolved(guard, "a/f"), { bytesMax: 10 })).toMatchObject({ text: "judged" });
});
