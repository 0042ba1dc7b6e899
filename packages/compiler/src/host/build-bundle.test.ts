import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BundleManifest, bundleHash, checkBundle } from "@heddle/core";
import { afterAll, describe, expect, test } from "vitest";
import type { Bundle } from "../backends/bundle/create-bundle.ts";
import { buildBundle } from "./build-bundle.ts";
import { readBundle } from "./read-bundle.ts";
import { validateTarget } from "./validate-target.ts";
import { writeBundle } from "./write-bundle.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "heddle-compiler-test-")));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let copies = 0;

/** A copy of a fixture, so that nothing around this repository takes part. */
function copyOf(name: string): string {
  const folder = join(scratch, `copy-${++copies}`);
  cpSync(join(fixtures, name), folder, { recursive: true });
  return folder;
}

function build(name: string, entry = "flow.ts", options: Parameters<typeof buildBundle>[1] = {}): Promise<Bundle> {
  return buildBundle(join(copyOf(name), entry), options);
}

function valid(bundle: Bundle): Extract<Bundle, { valid: true }> {
  expect(bundle.problems).toEqual([]);
  if (!bundle.valid) throw new RangeError("the bundle is not valid");
  expect(checkBundle(bundle.manifest)).toEqual([]);
  expect(bundle.hash).toBe(bundleHash(bundle.manifest));
  return bundle;
}

const own = (bundle: Bundle): string[] => [...bundle.files.keys()].filter((path) => !path.startsWith("node_modules/"));

/** Runs a handler as the handler process does: by a plain import of its file in the written bundle. */
function runHandler(folder: string, manifest: BundleManifest, name: string, input: unknown): unknown {
  const code = manifest.handlers.find((handler) => handler.name === name)?.code;
  const url = pathToFileURL(join(folder, "payloads", code?.file ?? "")).href;
  const script = `const m = await import(${JSON.stringify(url)}); console.log(JSON.stringify(await m[${JSON.stringify(code?.export)}](${JSON.stringify(input)}, {})));`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: "/",
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  expect(done.stderr).toBe("");
  return JSON.parse(done.stdout);
}

describe("building", () => {
  test("takes along every file that an import names, and runs from where it was written", async () => {
    const bundle = valid(await build("ok/tour"));
    expect(own(bundle)).toEqual([
      "data/note.txt",
      "data/words.json",
      "flow.ts",
      "lib/count.ts",
      "lib/deeper/punctuation.js",
      "lib/late.ts",
      "lib/shape.ts",
      "package.json",
    ]);
    expect(bundle.manifest.handlers).toEqual([
      { name: "count", code: { file: "lib/count.ts", export: "count" } },
      { name: "say", code: { file: "flow.ts", export: "say" } },
    ]);
    expect(bundle.manifest.workflows[0]).toMatchObject({ id: "tour", source: { frontend: "builder", file: "flow.ts" } });
    expect(bundle.manifest.workflows[0]?.nodes.map(({ source }) => source)).toEqual([
      { file: "flow.ts", line: 19, column: 18 },
      { file: "flow.ts", line: 20, column: 49 },
    ]);
    const folder = join(scratch, "tour");
    await writeBundle(bundle, folder);
    expect(runHandler(folder, bundle.manifest, "say", { name: "you" })).toEqual({ text: "Hello you (a note)." });
    expect(runHandler(folder, bundle.manifest, "count", { text: "four" })).toBe(4);
  });

  test("gives the same bytes every time and everywhere", async () => {
    const [one, two] = await Promise.all([build("ok/tour"), build("ok/tour")]);
    expect(one.hash).toBe(two.hash);
    expect([...one.files]).toEqual([...two.files]);
    expect(JSON.stringify(one.manifest)).not.toContain(scratch);
  });

  test("takes the common folder where an import leaves the package", async () => {
    const bundle = valid(await build("ok/escapes", "inner/flow.js"));
    expect(own(bundle)).toEqual(["inner/flow.js", "inner/package.json", "outside.mjs", "package.json"]);
    const folder = join(scratch, "escapes");
    await writeBundle(bundle, folder);
    expect(runHandler(folder, bundle.manifest, "outside", null)).toBe("from outside");
  });

  test("takes sub-workflows along, and the one that no other starts is the main one", async () => {
    const bundle = valid(await build("ok/sub"));
    expect(bundle.manifest.main).toBe("big");
    expect(bundle.manifest.workflows.map(({ id }) => id)).toEqual(["big", "small"]);
    expect(bundle.manifest.handlers.map(({ code }) => code)).toEqual([
      { file: "flow.ts", export: "double" },
      { file: "small.ts", export: "halve" },
    ]);
  });

  test("a handler that a worker serves is declared without code", async () => {
    const bundle = valid(await build("ok/served"));
    expect(bundle.manifest.handlers).toEqual([{ name: "score" }, { name: "tell", code: { file: "flow.ts", export: "tell" } }]);
    expect(bundle.manifest.workflows[0]?.nodes[0]).toMatchObject({
      kind: "handler",
      handler: "score",
      arguments: "positional",
      reads: [{ name: "input", type: { kind: "object" } }],
      timeoutMs: 5_000,
    });
  });

  test("output, open timers and secrets stay out of it", async () => {
    process.env["HEDDLE_TEST_SECRET"] = "x";
    const bundle = valid(await build("ok/noisy"));
    delete process.env["HEDDLE_TEST_SECRET"];
    const names = bundle.manifest.workflows[0]?.description?.split(" ") ?? [];
    expect(names).toContain("PATH");
    expect(names).not.toContain("HEDDLE_TEST_SECRET");
    expect(names).not.toContain("HOME");
  });

  test.each(
    readdirSync(join(fixtures, "err"))
      // Those of plain TypeScript are compiled by the tests of its frontend.
      .filter((name) => existsSync(join(fixtures, "err", name, "flow.ts")) && !name.startsWith("ts-"))
      .sort(),
  )("err/%s", async (name) => {
    const bundle = await build(`err/${name}`, "flow.ts", { timeoutMs: name === "loops" ? 700 : 15_000 });
    expect(bundle.valid).toBe(false);
    expect(
      bundle.problems.map(({ path, message, help }) => [path, message.replaceAll(scratch, "<scratch>").replace(/copy-\d+/g, "copy"), help]),
    ).toMatchSnapshot();
  });

  test("is stopped by its caller", async () => {
    const bundle = await build("err/loops", "flow.ts", { signal: AbortSignal.abort() });
    expect(bundle.problems[0]?.message).toBe("was stopped while it was loaded");
  });

  test("choosing a main workflow", async () => {
    const bundle = valid(await build("err/two-mains", "flow.ts", { main: "two" }));
    expect(bundle.manifest.main).toBe("two");
    const none = await build("err/two-mains", "flow.ts", { main: "three" });
    expect(none.problems).toEqual([{ path: "main", message: "main workflow three is not in the bundle" }]);
  });
});

describe("a bundle in a folder", () => {
  async function written(): Promise<string> {
    const folder = join(scratch, `bundle-${++copies}`);
    await writeBundle(valid(await build("ok/tour")), folder);
    return folder;
  }

  test("reads back as it was written, and is replaced by the next", async () => {
    const folder = await written();
    const read = valid(await readBundle(folder));
    const next = valid(await build("ok/sub"));
    await writeBundle(next, folder);
    const again = valid(await validateTarget(folder));
    expect(again.hash).toBe(next.hash);
    expect(again.hash).not.toBe(read.hash);
    expect(readdirSync(dirname(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("does not replace what is not a bundle", async () => {
    const folder = copyOf("ok/sub");
    await expect(writeBundle(valid(await build("ok/sub")), folder)).rejects.toMatchObject({ code: "request-invalid" });
    expect(readdirSync(folder).sort()).toEqual(["flow.ts", "small.ts"]);
  });

  test("everything that was tampered with is told at once", async () => {
    const folder = await written();
    const payloads = join(folder, "payloads");
    writeFileSync(join(payloads, "flow.ts"), readFileSync(join(payloads, "flow.ts"), "utf8").replace("Says", "Sees"));
    writeFileSync(join(payloads, "data/note.txt"), "longer than it was");
    rmSync(join(payloads, "lib/late.ts"));
    mkdirSync(join(payloads, "extra"));
    writeFileSync(join(payloads, "extra/one.js"), "");
    symlinkSync("/etc/hostname", join(payloads, "away"));
    symlinkSync("flow.ts", join(payloads, "near.ts"));
    const read = await readBundle(folder);
    expect(read.valid).toBe(false);
    expect(read.problems).toMatchInlineSnapshot(`
      [
        {
          "help": "Put the file itself there",
          "message": "is a symbolic link that leaves the folder",
          "path": "payloads/away",
        },
        {
          "message": "is not in the manifest",
          "path": "payloads/near.ts",
        },
        {
          "message": "is not in the manifest",
          "path": "payloads/extra/one.js",
        },
        {
          "message": "has 18 bytes, and the manifest says 7",
          "path": "payloads/data/note.txt",
        },
        {
          "message": "is not the file that the manifest names: its hash differs",
          "path": "payloads/flow.ts",
        },
        {
          "message": "is in the manifest and not in the folder",
          "path": "payloads/lib/late.ts",
        },
      ]
    `);
  });

  test("paths that lead out of the folder are refused", async () => {
    const folder = await written();
    const path = join(folder, "manifest.json");
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    manifest.files[0].path = "../outside.ts";
    manifest.handlers[0].code.file = "/etc/passwd";
    writeFileSync(path, JSON.stringify(manifest));
    expect((await readBundle(folder)).problems).toMatchInlineSnapshot(`
      [
        {
          "message": "expected a relative path below payloads/, without . or .. parts",
          "path": "manifest.json: handlers.0.code.file",
        },
        {
          "message": "expected a relative path below payloads/, without . or .. parts",
          "path": "manifest.json: files.0.path",
        },
      ]
    `);
  });

  test.each([
    ["no manifest", (folder: string) => rmSync(join(folder, "manifest.json"))],
    ["no JSON", (folder: string) => writeFileSync(join(folder, "manifest.json"), "{")],
    ["another format", (folder: string) => writeFileSync(join(folder, "manifest.json"), '{"format":"x"}')],
    [
      "a linked manifest",
      (folder: string) => {
        rmSync(join(folder, "manifest.json"));
        symlinkSync("/etc/hostname", join(folder, "manifest.json"));
      },
    ],
    [
      "linked payloads",
      (folder: string) => {
        rmSync(join(folder, "payloads"), { recursive: true });
        symlinkSync("/etc", join(folder, "payloads"));
      },
    ],
  ])("%s", async (_name, spoil) => {
    const folder = await written();
    spoil(folder);
    const read = await readBundle(folder);
    expect(read.valid).toBe(false);
    const told = read.problems.slice(0, 2).map((problem) => ({ ...problem, message: problem.message.replaceAll(folder, "<folder>") }));
    expect(told).toMatchSnapshot();
  });

  test("validating what is neither", async () => {
    expect((await validateTarget(join(scratch, "nowhere"))).problems[0]?.message).toBe("does not exist");
    const text = join(scratch, "a.txt");
    writeFileSync(text, "");
    expect((await validateTarget(text)).problems[0]?.message).toContain("neither");
    expect((await validateTarget(join(copyOf("ok/sub"), "flow.ts"))).valid).toBe(true);
  });
});
