import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createProjects, type ProjectFiles, packaged } from "../../test/projects.ts";
import type { Bundle } from "../backends/bundle/create-bundle.ts";
import { buildBundle } from "./build-bundle.ts";

const projects = createProjects();
afterAll(() => projects.remove());

const head = 'import { handler, workflow } from "@heddle/compiler/authoring";\n';

/** A flow with one handler, whose body is given, and further options of its workflow. */
function flowOf(body: string, { imports = "", options = "", step = "" } = {}): string {
  return `${head}${imports}
export const work = handler({ name: "work"${step} }, async (n: number): Promise<unknown> => { ${body} });
export default workflow({ name: "main"${options} }, async (input: { n: number }) => await work(input.n));
`;
}

function build(files: ProjectFiles, link?: (folder: string) => void): Promise<Bundle> {
  const folder = projects.write(files);
  link?.(folder);
  return buildBundle(join(folder, "src/flow.ts"));
}

/** Place, message, and help of each problem; `~` before those that only warn. */
const told = ({ problems }: Bundle): readonly string[] =>
  problems.map(({ path, message, help, severity }) => `${severity === "warning" ? "~ " : ""}${path}: ${message} -> ${help ?? ""}`);

describe("imports that a bundle cannot follow", () => {
  test("are told in their places, all at once", async () => {
    const bundle = await build({
      "src/flow.ts": flowOf("return [a, b, c, d, n];", {
        imports:
          'import { a } from "./missing.ts"; import { b } from "./near";\nimport { c } from "../../elsewhere.ts";\nimport { d } from "../node_modules/pkg/i.js";\nimport { e } from "/abs.ts"; const later = (x: string) => import(x); later(e);',
      }),
      "src/near/index.ts": "export const b = 1;",
      "../elsewhere.ts": "export const c = 1;",
      ...packaged("pkg", { main: "i.js" }, { "i.js": "exports.d = 1" }),
    });
    expect(bundle.valid).toBe(false);
    expect(told(bundle)).toMatchInlineSnapshot(`
      [
        "src/flow.ts:2: \`./missing.ts\` does not exist (HD3801) -> mend the path, or make the file",
        "src/flow.ts:2: \`./near\` does not exist (HD3801) -> write \`./near/index.ts\`",
        "src/flow.ts:3: \`../../elsewhere.ts\` leads out of the package folder (HD3803) -> move the file into the package folder, make it a package of its own and import that by name, or put a package.json into the folder that both share",
        "src/flow.ts:4: \`../node_modules/pkg/i.js\` leads into node_modules (HD3803) -> import it by the name of its package",
        "src/flow.ts:5: \`/abs.ts\` is a place on this machine (HD3803) -> import it by a path that starts with \`./\` or \`../\`",
        "src/flow.ts:5: what is imported here is computed while it runs (HD3804) -> import each file by its literal name: \`import("./one.ts")\`",
      ]
    `);
  });

  test("of packages are told with the author's line, however deep they are", async () => {
    const bundle = await build({
      "src/flow.ts": flowOf("return [a, b, c, d, e, f, n];", {
        imports: `import a from "absent/part"; import { b } from "./lib.ts";
import c from "outer";
import d from "addon";
import e from "@heddle/compiler";
import f from "../note.md";`,
      }),
      "src/lib.ts": 'import { x } from "@/alias"; export const b = x;',
      "note.md": "# no code",
      ...packaged("outer", { main: "i.js", type: "module" }, { "i.js": 'export { default } from "inner";' }),
      ...packaged("inner", { main: "i.js", type: "module" }, { "i.js": 'export { default } from "gone";' }),
      ...packaged("addon", { main: "i.js" }, { "i.js": 'module.exports = require("./build/addon.node");' }),
    });
    expect(told(bundle)).toMatchInlineSnapshot(`
      [
        "src/flow.ts:2: \`absent/part\` is not found (HD3802) -> install it: \`npm install absent\`; for its types alone, write \`import type\`",
        "src/flow.ts:3: the package \`inner\` needs \`gone\`, which is not found (HD3802) -> install it: \`npm install gone\`; for its types alone, write \`import type\`",
        "src/flow.ts:4: the package \`addon\` has a native addon, which a bundle cannot carry (HD3805) -> serve the handler from a worker (\`worker: true\`), which runs where its packages are installed, or use a package without an addon",
        "src/flow.ts:5: \`@heddle/compiler\` is the compiler, and no part of a bundle (HD3805) -> import from \`@heddle/compiler/authoring\`, or do this outside of handlers",
        "src/flow.ts:6: \`../note.md\` is no code (HD3807) -> read it with \`readFileSync(new URL("../note.md", import.meta.url))\`, and name it in the \`includes\` of the workflow",
        "src/lib.ts:1: \`@/alias\` is not found (HD3802) -> aliases of tsconfig.json are not read: import it by a relative path, or name it in \`imports\` of package.json",
      ]
    `);
  });

  test("a source that does not parse, an export that is not there, a decorator that nobody lowers", async () => {
    const parse = await build({
      "src/flow.ts": flowOf("return [late, n];", { imports: 'import { late } from "./lib.ts";' }),
      "src/lib.ts": "export const late = ;",
    });
    const missing = await build({
      "src/flow.ts": flowOf("return [late, n];", { imports: 'import { late } from "./lib.ts";' }),
      "src/lib.ts": "export const other = 1;",
    });
    const decorated = await build({
      "src/flow.ts": flowOf("return [Held, n];", { imports: 'import { Held } from "./lib.ts";' }),
      "src/lib.ts": "const bound = (x: unknown, _: unknown) => x as never;\nexport class Held {\n  @bound get() { return 1; }\n}",
    });
    expect([parse, missing, decorated].map(told)).toMatchInlineSnapshot(`
      [
        [
          "src/lib.ts:1: \`src/lib.ts\` cannot be bundled: Unexpected token (HD3807) -> mend it there",
        ],
        [
          "src/flow.ts:2: \`src/flow.ts\` cannot be bundled: "late" is not exported by "src/lib.ts". (HD3807) -> export it there; a type is imported with \`import { type … }\`",
        ],
        [
          "src/lib.ts:3: this decorator is not one of Heddle's, and stays in the code of a handler (HD3806) -> call what it does as a function, or compile the file to JavaScript first and import that; those of \`@heddle/compiler/authoring\` need nothing",
        ],
      ]
    `);
  });

  test("a source that nests too far does not get to a parser", async () => {
    const flow = flowOf("return [deep, n];", { imports: 'import { deep } from "./lib.ts";' });
    const beyond = await build({ "src/flow.ts": flow, "src/lib.ts": `export const deep =\n${"[".repeat(4_000)}1${"]".repeat(4_000)};` });
    expect(told(beyond)).toEqual(["src/lib.ts:2: more than 500 brackets are open here (HD3807) -> give parts of it names of their own"]);
  });

  test("are nobody's business where no handler leads to them", async () => {
    const bundle = await build({
      "src/flow.ts": `${head}import { helper } from "./types.ts";\nimport { work } from "./work.ts";\nexport const never = helper;
export default workflow({ name: "main" }, async (input: { n: number }) => await work(input.n));`,
      "src/types.ts": 'import x from "not-installed"; export const helper = x;',
      "src/work.ts": `${head.replace(", workflow", "")}export const work = handler({ name: "work" }, async (n: number): Promise<number> => n);`,
    });
    expect(told(bundle)).toEqual([]);
    expect([...bundle.files.keys()].some((path) => path.includes("flow"))).toBe(false);
  });
});

describe("includes and excludes", () => {
  const files = {
    "a.md": "a",
    "prompts/one.md": "1",
    "prompts/two.md": "2",
    "prompts/deep/three.md": "3",
    "prompts/.hidden": "h",
    "prompts/draft.tmp": "t",
  };
  const taken = (bundle: Bundle): readonly string[] =>
    [...bundle.files.keys()].filter((path) => !path.startsWith("node_modules/") && !path.startsWith("src/"));

  test.each<[string, string, readonly string[]]>([
    ["a file", 'includes: ["a.md"]', ["a.md"]],
    [
      "a folder, without what begins with a dot",
      'includes: ["./prompts/"]',
      ["prompts/deep/three.md", "prompts/draft.tmp", "prompts/one.md", "prompts/two.md"],
    ],
    ["a glob", 'includes: ["prompts/*.md"]', ["prompts/one.md", "prompts/two.md"]],
    ["a deep glob", 'includes: ["**/*.md"]', ["a.md", "prompts/deep/three.md", "prompts/one.md", "prompts/two.md"]],
    ["alternatives", 'includes: ["prompts/{one,two}.md"]', ["prompts/one.md", "prompts/two.md"]],
    ["a dot that is written", 'includes: ["prompts/.hidden"]', ["prompts/.hidden"]],
    ["less what is excluded", 'includes: ["prompts"], excludes: ["prompts/deep", "**/*.tmp"]', ["prompts/one.md", "prompts/two.md"]],
  ])("%s", async (_name, options, expected) => {
    const bundle = await build({ ...files, "src/flow.ts": flowOf("return n;", { options: `, ${options}` }) });
    expect(told(bundle)).toEqual([]);
    expect(taken(bundle)).toEqual(expected);
    if (!bundle.valid) return;
    const listed = bundle.manifest.files.map(({ path }) => path);
    for (const path of expected) expect(listed).toContain(path);
  });

  test("that mean nothing, or lead away, are errors in their places, all at once", async () => {
    const bundle = await build(
      {
        ...files,
        "src/flow.ts": flowOf("return helper(n);", {
          imports: 'import { helper } from "./helper.ts";',
          options: `,
  includes: ["missing.md",
    "*.nothing",
    "../outside",
    "/etc/hostname", "!a.md", "prompts/draft.tmp",
    "link.txt"],
  excludes: ["**/*.tmp", "src/helper.ts"]`,
        }),
        "src/helper.ts": "export const helper = (n: number): number => n;",
      },
      (folder) => symlinkSync("/etc/hostname", join(folder, "link.txt")),
    );
    expect(bundle.valid).toBe(false);
    expect(told(bundle)).toMatchInlineSnapshot(`
      [
        "src/flow.ts:2: \`src/helper.ts\` is excluded by \`src/helper.ts\`, and handlers need it (HD3812) -> take it out of \`excludes\`, or do not import it",
        "src/flow.ts:5: \`missing.md\` names no file (HD3811) -> paths are relative to the folder of package.json; mend it, or take it out",
        "src/flow.ts:6: \`*.nothing\` names no file (HD3811) -> paths are relative to the folder of package.json; mend it, or take it out",
        "src/flow.ts:7: \`../outside\` leads out of the package folder (HD3814) -> move the files into it",
        "src/flow.ts:8: \`/etc/hostname\` is not a relative path (HD3814) -> write it relative to the folder of package.json: \`prompts/*.md\`",
        "src/flow.ts:8: \`!a.md\` begins with \`!\` (HD3814) -> name what is left out in \`excludes\`",
        "src/flow.ts:8: everything that \`prompts/draft.tmp\` names is excluded (HD3811) -> mend \`includes\` or \`excludes\`",
        "src/flow.ts:9: \`link.txt\` is a link that leads out of the package folder (HD3814) -> put the file itself there",
      ]
    `);
  });

  test("a file that a handler reads and nobody includes is a warning that says what to add", async () => {
    const body =
      'return [new URL("../a.md", import.meta.url), new URL("../prompts/", import.meta.url), new URL("./not-there", import.meta.url), n];';
    const bundle = await build({ ...files, "src/flow.ts": flowOf(body) });
    expect(bundle.valid).toBe(true);
    expect(told(bundle)).toMatchInlineSnapshot(`
      [
        "~ src/flow.ts:3: \`../a.md\` is read here, and does not go into the bundle (HD3813) -> add it to the options of the workflow: \`includes: ["a.md"]\`",
        "~ src/flow.ts:3: \`../prompts/\` is read here, and does not go into the bundle (HD3813) -> add it to the options of the workflow: \`includes: ["prompts/**"]\`",
      ]
    `);
    const mended = await build({ ...files, "src/flow.ts": flowOf(body, { options: ', includes: ["a.md", "prompts/**"]' }) });
    expect(told(mended)).toEqual([]);
  });
});

describe("what looks like a secret", () => {
  test("is warned about: variables, patterns, names of files and keys in them", async () => {
    const bundle = await build({
      "src/flow.ts": flowOf("return n;", {
        step: ', passEnv: ["HOME", "*", "AWS_*", "GITHUB_TOKEN", "dbPassword"]',
        options: ', includes: [".env", "conf", ".env.example"]',
      }),
      ".env": "A=1",
      ".env.example": "A=",
      "conf/server.pem": "x",
      "conf/plain.txt": "-----BEGIN RSA PRIVATE KEY-----\nMII",
      "conf/public.txt": "-----BEGIN PUBLIC KEY-----\nMII",
    });
    expect(bundle.valid).toBe(true);
    expect(told(bundle)).toMatchInlineSnapshot(`
      [
        "~ .env: \`.env\` looks like a secret: it has the name of one (HD3823) -> leave it out with \`excludes\`, and let the machine that runs the step hold it",
        "~ conf/plain.txt: \`conf/plain.txt\` looks like a secret: it holds a private key (HD3823) -> leave it out with \`excludes\`, and let the machine that runs the step hold it",
        "~ conf/server.pem: \`conf/server.pem\` looks like a secret: it has the name of one (HD3823) -> leave it out with \`excludes\`, and let the machine that runs the step hold it",
        "~ src/flow.ts:4: \`passEnv\` of \`work\` has the pattern \`*\` (HD3821) -> name each variable that it needs",
        "~ src/flow.ts:4: \`passEnv\` of \`work\` has the pattern \`AWS_*\` (HD3821) -> name each variable that it needs",
        "~ src/flow.ts:4: \`passEnv\` of \`work\` passes on \`GITHUB_TOKEN\`, which looks like a secret (HD3822) -> pass it only where nothing else will do, and give it no more rights than the step needs",
        "~ src/flow.ts:4: \`passEnv\` of \`work\` passes on \`dbPassword\`, which looks like a secret (HD3822) -> pass it only where nothing else will do, and give it no more rights than the step needs",
      ]
    `);
  });
});
