/** What building says besides what it gives: warnings of plain TypeScript and of texts, each once, in their places. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildBundle } from "./build-bundle.ts";
import { validateTarget } from "./validate-target.ts";

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "heddle-told-")));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
writeFileSync(join(scratch, "package.json"), '{ "type": "module" }');

function fileOf(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
}

const told = ({ problems }: { readonly problems: readonly { path: string; message: string; severity?: string }[] }): readonly string[] =>
  problems.map(({ path, message, severity }) => `${severity ?? "error"} ${path} ${/\((HD\d{4})\)$/.exec(message)?.[1] ?? message}`);

const flow = `import { handler, workflow } from "@heddle/compiler/authoring";
type Mapped = { [key in "a" | "b"]: number };
export const loose = handler({ name: "loose" }, async (input: Mapped) => input);
export const again = handler({ name: "again" }, async (input: Mapped): Promise<number> => 1);
const debug = false;

export default workflow({ name: "main" }, async (input: { n: number }): Promise<{ s: string }> => {
  if (debug) await again({ a: 1, b: 2 });
  await loose({ a: 1, b: 2 });
  return { s: 1 };
});
`;

test("warnings of the frontend and of the checks are told by building and by validating, each once", async () => {
  const path = fileOf("flow.ts", flow);
  const expected = ["warning flow.ts:2 HD3401", "warning flow.ts:3 HD3402", "warning flow.ts:8 HD2401", "warning flow.ts:10 HD2106"];
  const built = await buildBundle(path);
  expect(built.valid).toBe(true);
  expect(told(built)).toEqual(expected);
  expect(told(await validateTarget(path, { purpose: "run" }))).toEqual(expected);
});

test("what would fail in every run is no bundle", async () => {
  const path = fileOf(
    "fails.ts",
    flow.replace("await loose({ a: 1, b: 2 })", 'await again("x")').replace("input: Mapped):", "input: number):"),
  );
  const built = await buildBundle(path);
  expect(built.valid).toBe(false);
  expect(built.problems).toMatchObject([{ path: "fails.ts:8" }, { path: "fails.ts:9" }]);
});

test("a text makes a bundle that names its handlers and carries no code", async () => {
  const path = fileOf(
    "flow.heddle",
    "workflow Words {\n  input {\n    text: string\n  }\n  stage Count {\n    handler: count(text: text)\n    output: { words: number }\n  }\n}\n",
  );
  const built = await validateTarget(path, { purpose: "run" });
  expect(told(built)).toEqual([]);
  expect(built.valid && built.manifest).toMatchObject({ handlers: [{ name: "count" }], files: [] });
});

test("a text that does not compile is told with its line", async () => {
  const built = await validateTarget(fileOf("broken.heddle", "workflow words {\n  stage\n}\n"));
  expect(built.valid).toBe(false);
  expect(told(built)[0]).toMatch(/^error broken\.heddle:\d HD1/);
  const missing = await validateTarget(join(scratch, "none.heddle"));
  expect(told(missing)).toEqual([`error ${join(scratch, "none.heddle")} does not exist`]);
});
