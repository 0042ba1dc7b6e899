// `heddle run` and `heddle validate` on sources that are no TypeScript, and what both tell of plain TypeScript.
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Workspace } from "./testing/workspace.ts";

const fixtures = fileURLToPath(new URL("../../../packages/compiler/fixtures/ok/", import.meta.url));
const nap = "workflow Nap {\n  input {\n    text: string\n  }\n  stage Nap {\n    wait: 20ms\n  }\n}\n";
const tool = (name: string): string =>
  `workflow Sample {\n  input {\n    task: string\n  }\n  stage A {\n    call: ${name}(query: task)\n    output: { hits: json }\n  }\n}\n`;
const flow = `import { workflow } from "@heddle/compiler/authoring";
type Odd = { [key in "a"]: number };
export default workflow({ name: "main" }, async (input: { odd: Odd }): Promise<{ s: string }> => {
  return { s: 1 };
});
`;

describe("a source of a workflow", () => {
  let space: Workspace;
  beforeEach(() => {
    space = new Workspace();
    writeFileSync(join(space.folder, "package.json"), '{ "type": "module" }');
  });
  afterEach(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  const write = (name: string, text: string): void => writeFileSync(join(space.folder, name), text);

  it("in the text language is valid, and runs", async () => {
    write("nap.heddle", nap);
    expect(await space.heddle("validate", "nap.heddle")).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("'nap.heddle' is valid"),
    });
    cpSync(join(fixtures, "nemo-all-input-types/flow.nemo"), join(space.folder, "flow.nemo"));
    expect(await space.heddle("validate", "flow.nemo")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("'flow.nemo' is valid"),
    });
    const ran = await space.heddle("run", "nap.heddle", "--embedded", "--json", "--input", "text=a");
    expect([ran.stderr.includes("error"), ran.code]).toEqual([false, 0]);
  }, 60_000);

  it("that does not compile is told with its line, and nothing starts", async () => {
    write("nap.heddle", nap.replace("20ms", "soon"));
    const ran = await space.heddle("run", "nap.heddle", "--embedded", "--input", "text=a");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/nap\.heddle:6: .*\(HD\d{4}\)/);
    expect(ran.stderr).toContain("bundle-invalid");
    expect(ran.stderr).not.toContain("started");
  }, 60_000);

  it("says which tools nobody offers before it starts", async () => {
    write("flow.heddle", tool("find.pages"));
    await space.daemon();
    const ran = await space.heddle("run", "flow.heddle", "--detach", "--input", "task=a");
    expect([ran.stderr, ran.code]).toEqual([expect.any(String), 0]);
    expect(ran.stderr).toMatch(/^note: tool find\.pages is offered by no plugin.*$\n(?:.*\n)*run run_\w+ of Sample started$/m);
  }, 60_000);

  it("has its warnings told once, by validate in JSON too, and by run", async () => {
    write("flow.ts", flow);
    const paths = ["flow.ts:2", "flow.ts:4"];
    const { json } = await space.heddle("validate", "flow.ts", "--json");
    expect((json as { problems: { path: string; severity: string }[] }).problems).toMatchObject(
      paths.map((path) => ({ path, severity: "warning" })),
    );
    const ran = await space.heddle("run", "flow.ts", "--embedded", "--input", 'odd={"a":1}');
    expect(ran.code).toBe(0);
    expect([...ran.stderr.matchAll(/^warning: (\S+): /gm)].map(([, path]) => path)).toEqual(paths);
    const checked = await space.heddle("check", "flow.ts", "--json");
    const { diagnostics, problems } = checked.json as { diagnostics: { id: string }[]; problems: unknown[] };
    expect([diagnostics.map(({ id }) => id), problems]).toEqual([["HD3401", "HD2106"], []]);
  }, 60_000);
});
