// Parity: MN4.
import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { createProjects, type ProjectFiles, packaged, runHandler } from "../../test/projects.ts";
import type { Bundle } from "../backends/bundle/create-bundle.ts";
import { buildBundle } from "./build-bundle.ts";
import { checkTarget } from "./validate-target.ts";
import { writeBundle } from "./write-bundle.ts";

const projects = createProjects();
afterAll(() => projects.remove());

const head = 'import { handler, workflow } from "@heddle/compiler/authoring";\n';
const flow = 'export default workflow({ name: "main" }, async (input: { n: number }) => await work(input.n));\n';

function build(files: ProjectFiles): Promise<Bundle> {
  return buildBundle(join(projects.write(files), "src/flow.ts"));
}

function valid(bundle: Bundle): Extract<Bundle, { valid: true }> {
  expect(bundle.problems).toEqual([]);
  if (!bundle.valid) throw new RangeError("the bundle is not valid");
  return bundle;
}

async function run(bundle: Bundle, name: string, input: unknown): Promise<unknown> {
  const { manifest, files } = valid(bundle);
  const folder = projects.free();
  await writeBundle({ manifest, files }, folder);
  return runHandler(folder, manifest, name, input);
}

const paths = (bundle: Bundle): readonly string[] => [...bundle.files.keys()].filter((path) => !path.includes("@heddle/bundle"));
const textOf = (bundle: Bundle): string => [...bundle.files].map(([path, bytes]) => `${path}\n${Buffer.from(bytes)}`).join("\n");

/** Something of everything that code of handlers may be made of. */
const tour: ProjectFiles = {
  "src/flow.ts": `${head}import { readFileSync } from "fs";
import cjs, { named } from "@scope/cjs";
import { used } from "esm";
import words from "../data/words.json" with { type: "json" };
import { Colour, type Shape } from "./lib/shape.js";
const place = { name: "never carried along" };
export const work = handler({ name: "work", label: "also not carried" }, async (n: number): Promise<unknown> => {
  const shape: Shape = { n };
  const { late } = await import("./lib/late.ts");
  const note = readFileSync(new URL("../prompts/note.md", import.meta.url), "utf8");
  return [shape.n, Colour.Green, late, words, note, cjs.sum(1, 2), named, cjs.early, cjs.dir, used, cjs.optional];
});
export default workflow({ name: "main", includes: ["prompts/*.md"] }, async (input: { n: number }) => {
  if (input.n > 41_999) return "a body is read and never carried";
  return await work(input.n);
});
`,
  "src/lib/shape.ts": 'export interface Shape { n: number }\nexport enum Colour { Red = "red", Green = "green" }\n',
  "src/lib/late.ts": "export const late: string = `late`;\nexport const unused = 1;\n",
  "data/words.json": '["one", "two"]',
  "prompts/note.md": "a note",
  "prompts/draft.txt": "not included",
  ...packaged(
    "@scope/cjs",
    { main: "index.js" },
    {
      "index.js": `exports.early = "early"; const b = require("./b"); exports.sum = (x, y) => b.twice(x) + y;
if (process.env.NEVER) require("./boom"); exports.named = "named"; exports.dir = __dirname.split("/").at(-1);
try { exports.optional = require("not-installed"); } catch { exports.optional = "absent"; }`,
      "b.js": 'const a = require("./index"); if (a.early !== "early") throw new Error("no circle"); exports.twice = (x) => 2 * x;',
      "boom.js": 'throw new Error("a module that is never required ran");',
    },
  ),
  ...packaged(
    "esm",
    { type: "module", exports: "./i.js", sideEffects: false },
    {
      "i.js": 'export { used } from "./u.js"; export { heavy } from "./heavy.js";',
      "u.js": 'export const used = "used";',
      "heavy.js": "export const heavy = 1;",
    },
  ),
};

describe("the code of handlers", () => {
  test("is modules at the paths of their sources, which run where the bundle lies", async () => {
    const bundle = valid(await build(tour));
    expect(paths(bundle).filter((path) => !path.startsWith("node_modules/"))).toEqual([
      "data/words.json.mjs",
      "prompts/note.md",
      "src/flow.mjs",
      "src/flow.mjs.map",
      "src/lib/late.mjs",
      "src/lib/late.mjs.map",
    ]);
    expect(bundle.manifest.handlers).toEqual([{ name: "work", code: { file: "src/flow.mjs", export: "work" } }]);
    expect(bundle.manifest.workflows[0]?.source).toMatchObject({ file: "src/flow.ts" });
    expect(await run(bundle, "work", 7)).toEqual([
      7,
      "green",
      "late",
      ["one", "two"],
      "a note",
      4,
      "named",
      "early",
      "cjs",
      "used",
      "absent",
    ]);
  });

  test("carries nothing of the compiler, of a workflow's body and of a handler's options", async () => {
    const bundle = valid(await build(tour));
    const text = textOf({ ...bundle, files: new Map([...bundle.files].filter(([path]) => !path.endsWith(".map"))) });
    const folder = fileURLToPath(new URL("../authoring/", import.meta.url));
    const lines = readdirSync(folder)
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
      .map((line) => line.trim())
      .filter((line) => line.length > 45);
    expect(lines.length).toBeGreaterThan(200);
    expect(lines.filter((line) => text.includes(line))).toEqual([]);
    expect([...bundle.files.keys()].filter((path) => path.includes("compiler"))).toEqual([]);
    for (const gone of ["never carried", "41_999", "41999", "not carried", "rolldown", "oxc-parser"]) expect(text).not.toContain(gone);
    const shared = [...bundle.files].filter(([path]) => path.includes("@heddle/"));
    expect(shared.reduce((sum, [, { length }]) => sum + length, 0)).toBeLessThan(3_000);
  });

  test("is the same bytes every time and everywhere, and names no folder of this machine", async () => {
    const [one, two] = [valid(await build(tour)), valid(await build(tour))];
    expect(one.hash).toBe(two.hash);
    expect([...one.files]).toEqual([...two.files]);
    expect(textOf(one)).not.toContain(projects.scratch);
    expect(textOf(one)).not.toContain(projects.scratch.slice(1));
  });

  test("has a map beside each of the author's modules, to the line and column", async () => {
    const bundle = valid(await build(tour));
    const map = JSON.parse(Buffer.from(bundle.files.get("src/lib/late.mjs.map") ?? []).toString());
    expect(map).toMatchObject({ sources: ["late.ts"], sourcesContent: [tour["src/lib/late.ts"]] });
    const code = Buffer.from(bundle.files.get("src/flow.mjs") ?? []).toString();
    const mark = "cjs.sum(1, 2)";
    const before = (text: string): readonly string[] => text.slice(0, text.indexOf(mark.replace("cjs", ""))).split("\n");
    const [made, written] = [before(code), before(tour["src/flow.ts"] ?? "")];
    const payload = JSON.parse(Buffer.from(bundle.files.get("src/flow.mjs.map") ?? []).toString());
    const entry = new SourceMap(payload).findEntry(made.length - 1, (made.at(-1) ?? "").length);
    expect(entry).toMatchObject({ originalSource: "flow.ts", originalLine: written.length - 1 });
    expect(code).toMatch(/\n\/\/# sourceMappingURL=flow\.mjs\.map\n$/);
    expect([...bundle.files.keys()].filter((path) => path.startsWith("node_modules/") && path.endsWith(".map"))).toEqual([]);
  });

  test("can be shown from a bundle that somebody else has built: its maps hold the author's texts", async () => {
    const { manifest, files } = valid(await build(tour));
    const folder = projects.free();
    await writeBundle({ manifest, files }, folder);
    const { sources, bundle } = await checkTarget(folder);
    expect(bundle.problems).toEqual([]);
    expect(sources.get("src/flow.ts")).toBe(tour["src/flow.ts"]);
    expect(sources.get("src/lib/late.ts")).toBe(tour["src/lib/late.ts"]);
  });

  test("is bundled without running any of it, and without a look at the author's configuration", async () => {
    const trap =
      'import { writeFileSync } from "node:fs"; writeFileSync(new URL("./ran", import.meta.url), ""); throw new Error("it ran");';
    const folder = projects.write({
      "src/flow.ts": `${head}import "./trap.ts"; import "pkg";\nexport const work = handler({ name: "work" }, async (n: number): Promise<number> => n);\n${flow}`,
      "src/trap.ts": trap,
      "rolldown.config.ts": trap,
      "vite.config.ts": trap,
      "tsconfig.json": '{ "extends": "./nowhere.json", "compilerOptions": { "target": "es5", "paths": { "*": ["./x/*"] } } }',
      ...packaged("pkg", { type: "module", main: "i.js" }, { "i.js": trap }),
    });
    const bundle = valid(await buildBundle(join(folder, "src/flow.ts")));
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith("ran"))).toEqual([]);
    expect(paths(bundle)).toContain("src/trap.mjs");
  });

  test("has each version of a package, and packages that a workspace links", async () => {
    const files = {
      "src/flow.ts": `${head}import { v } from "dep"; import { outer } from "outer"; import { linked } from "@team/linked";
export const work = handler({ name: "work" }, async (_n: number): Promise<unknown> => [v, outer, linked]);\n${flow}`,
      ...packaged("dep", { main: "i.js" }, { "i.js": 'exports.v = "one";' }),
      ...packaged("outer", { main: "i.js" }, { "i.js": 'exports.outer = require("dep").v;' }),
      "node_modules/outer/node_modules/dep/package.json": '{ "name": "dep", "version": "2.0.0", "main": "i.js" }',
      "node_modules/outer/node_modules/dep/i.js": 'exports.v = "two";',
      "node_modules/@team/.keep": "",
    };
    const folder = projects.write(files);
    const linked = projects.write({
      "package.json": '{ "name": "@team/linked", "version": "0.0.0", "type": "module", "exports": "./src/i.ts" }',
      "src/i.ts": "export const linked: string = 'linked';",
    });
    symlinkSync(linked, join(folder, "node_modules/@team/linked"));
    const bundle = valid(await buildBundle(join(folder, "src/flow.ts")));
    expect(await run(bundle, "work", 1)).toEqual(["one", "two", "linked"]);
    expect(paths(bundle).filter((path) => /dep/.test(path))).toEqual(["node_modules/dep/i.mjs", "node_modules/dep@2.0.0/i.mjs"]);
    expect(textOf(bundle)).not.toContain(projects.scratch);
  });

  test("has the files that a package reads beside its code", async () => {
    const bundle = await build({
      "src/flow.ts": `${head}import { table } from "pkg";\nexport const work = handler({ name: "work" }, async (_n: number): Promise<string> => table());\n${flow}`,
      ...packaged(
        "pkg",
        { type: "module", main: "lib/i.js" },
        {
          "lib/i.js":
            'import { readFileSync } from "node:fs"; export const table = () => readFileSync(new URL("../table.txt", import.meta.url), "utf8");',
          "table.txt": "a table",
        },
      ),
    });
    expect(await run(bundle, "work", 1)).toBe("a table");
  });

  test("goes without our decorators, and without the classes that are workflows", async () => {
    const bundle = valid(
      await build({
        "src/flow.ts": `import { agent, workflow } from "@heddle/compiler/authoring";
export class Agents {
  private readonly factor = 3;
  @agent.defn({ name: "times" })
  async times(n: number): Promise<number> { return this.factor * n; }
}
@workflow.defn({ name: "main" })
export default class Main {
  agents = new Agents();
  @workflow.run
  async run(input: { n: number }) { return await this.agents.times(input.n); }
}`,
      }),
    );
    expect(bundle.manifest.handlers).toEqual([{ name: "times", code: { file: "src/flow.mjs", export: "Agents", method: "times" } }]);
    const text = Buffer.from(bundle.files.get("src/flow.mjs") ?? []).toString();
    expect(text).toContain("this.factor * n");
    for (const gone of ["@", "new Agents", "run("]) expect(text).not.toContain(gone);
  });

  test("may name the author's files as package.json does", async () => {
    const bundle = valid(
      await build({
        "package.json": '{ "name": "p", "type": "module", "imports": { "#lib/*": "./src/lib/*.ts" } }',
        "src/flow.ts": `${head}import { helper } from "#lib/helper";
export const work = handler({ name: "work" }, async (n: number): Promise<number> => helper(n));\n${flow}`,
        "src/lib/helper.ts":
          'import { handler } from "@heddle/compiler/authoring"; import { two } from "./two.ts";\nexport const other = handler({ name: "gone" }, () => 1);\nexport const helper = (n: number): number => n * two;',
        "src/lib/two.ts": "export const two: number = JSON.parse('2');",
      }),
    );
    expect(await run(bundle, "work", 21)).toBe(42);
    expect(paths(bundle)).toContain("src/lib/helper.mjs.map");
  });

  test("may be spelled with names that TypeScript erases or lowers", async () => {
    const bundle = await build({
      "src/flow.ts": `${head}import { type A, one } from "./types.ts";
import type { Gone } from "not-installed";
namespace Inner { export const two = 2; }
class Held { constructor(private readonly n: number) {} get(): number { return this.n; } }
export const work = handler({ name: "work" }, async (n: number): Promise<unknown> => {
  const gone: Gone | A = n as unknown as A;
  return [one satisfies number, Inner.two, new Held(n).get(), gone];
});\n${flow}`,
      "src/types.ts": "export type A = { a: number };\nexport const one = 1;",
    });
    expect(await run(bundle, "work", 3)).toEqual([1, 2, 3, 3]);
  });
});
