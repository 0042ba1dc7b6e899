import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createProjects } from "../../test/projects.ts";

const projects = createProjects();
afterAll(() => projects.remove());

test.each<[string, string]>([
  ["sums", `export const deep = (a: any) => a${"+a".repeat(9_000)};`],
  ["alternatives", `export function deep(a: any): void { ${"if (a) a(); else ".repeat(9_000)}a(); }`],
  ["lists", `export const deep = ${"[".repeat(450)}1${"]".repeat(450)};`],
])(
  "a source of long %s is bundled, and the process that does so lives",
  (_name, text) => {
    const folder = projects.write({
      "src/flow.ts": `import { handler, workflow } from "@heddle/compiler/authoring";
import { deep } from "./lib.ts";
export const work = handler({ name: "work" }, async (n: number): Promise<unknown> => [deep, n]);
export default workflow({ name: "main" }, async (input: { n: number }) => await work(input.n));`,
      "src/lib.ts": text,
    });
    const script = `const { buildBundle } = await import(${JSON.stringify(new URL("./build-bundle.ts", import.meta.url).href)});
const { valid, problems } = await buildBundle(${JSON.stringify(join(folder, "src/flow.ts"))});
console.log(JSON.stringify({ valid, problems, left: process.env.RUST_MIN_STACK ?? null }));`;
    const done = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 30_000,
      env: { PATH: process.env["PATH"] },
    });
    expect(done.signal).toBeNull();
    expect(JSON.parse(done.stdout)).toEqual({ valid: true, problems: [], left: null });
  },
  40_000,
);
