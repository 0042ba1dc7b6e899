// Parity: NE3.
// `heddle check` and `heddle compile`: sources of every kind in, files out.
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BundleManifest, WorkflowIr } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { greetingSource, Workspace } from "./testing/workspace.ts";

const fixtures = fileURLToPath(new URL("../../../packages/compiler/fixtures/", import.meta.url));

const sound = (name: string): string => `workflow ${name} {
  input { topic: string }
  stage Draft {
    prompt: "Write about it."
    output: { text: string }
  }
  stage Judge {
    prompt: "Is it good?"
    input: Draft.text
    output: { good: bool { true => Done false => Draft } }
  }
  stage Done { prompt: "Say so." }
}
`;

const publishing = `workflow Publish {
  stage Post { exec: http.fetch(url: "https://example.invalid/", method: "POST") }
}
`;

describe("compiling on the command line", () => {
  let space: Workspace;
  beforeEach(() => {
    space = new Workspace();
    space.write("a.nemo", sound("A"));
    space.write("b.nemo", sound("B"));
    space.write("post.nemo", publishing);
    space.write("broken.nemo", 'workflow W { stage A { promt: "x" } }');
    space.write("greet.ts", greetingSource);
  });
  afterEach(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  const written = (path: string): string => readFileSync(join(space.folder, path), "utf8");

  it("says that sound files are sound", async () => {
    expect(await space.heddle("check", "a.nemo")).toMatchObject({ code: 0, stdout: "a.nemo is sound.\n", stderr: "" });
    expect(await space.heddle("check", "a.nemo", "b.nemo", "greet.ts")).toMatchObject({
      code: 0,
      stdout: "3 files are sound.\n",
      stderr: "",
    });
  });

  it("shows errors in their place, and ends with 1", async () => {
    const { code, stdout, stderr } = await space.heddle("check", "a.nemo", "broken.nemo");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error\[HD\d+\]/);
    expect(stderr).toContain("--> broken.nemo:1:24");
    expect(stderr).not.toContain("\u001b");
  });

  it("takes warnings for errors where that is asked for", async () => {
    const lax = await space.heddle("check", "post.nemo");
    expect([lax.code, lax.stdout]).toEqual([0, "post.nemo is sound.\n"]);
    expect(lax.stderr).toContain("warning[HD2602]: `Post` may modify through `http.fetch`");
    expect(lax.stderr).toContain("heddle runs answer <run> yes");
    const strict = await space.heddle("check", "post.nemo", "--strict", "--json");
    expect(strict).toMatchObject({
      code: 1,
      stderr: "",
      json: { valid: false, diagnostics: [{ id: "HD2602", severity: "error" }], problems: [] },
    });
    expect((await space.heddle("compile", "post.nemo", "--strict")).stdout).toBe("");
  });

  it("checks what an authoring file makes, where it was written", async () => {
    space.write(
      "loop.ts",
      `import { add, buildWorkflow } from "@heddle/compiler/authoring";

export default buildWorkflow({ id: "endless" }, (b) => {
  b.loop({ id: "round", carried: { n: 0 }, while: () => true }, (vars) => ({ n: add(vars.n, 1) }));
});
`,
    );
    const told = await space.heddle("check", "loop.ts");
    expect(told.code).toBe(0);
    expect(told.stderr).toContain("warning[HD2303]: loop `round` has no bound\n --> loop.ts:4:");
    expect(told.stderr).toContain('4 |   b.loop({ id: "round"');
    expect((await space.heddle("validate", "loop.ts")).stderr).toMatch(/^warning: loop\.ts:4: loop `round` has no bound \(HD2303\)$/m);
  });

  it("tells what is wrong with plain TypeScript in its place, once", async () => {
    mkdirSync(join(space.folder, "flows"));
    const flow = (imported: string): string => `import { handler, workflow } from "@heddle/compiler/authoring";
import { word } from "./${imported}";

export const say = handler({ name: "say" }, async (text: string): Promise<string> => text + word);

export default workflow({ name: "plain" }, async (input: { text: string }): Promise<string> => {
  const told = await say(input.text);
  return told.trim();
});
`;
    space.write("flows/word.ts", 'export const word: string = "a";\n');
    space.write("flows/plain.ts", flow("word.ts"));
    const told = await space.heddle("check", "flows/plain.ts", "--json");
    const at = (line: number, column: number) => ({ file: "flows/plain.ts", start: { line, column } });
    expect(told).toMatchObject({ code: 1, json: { valid: false, diagnostics: [{ severity: "error", span: at(8, 10) }], problems: [] } });
    const shown = await space.heddle("compile", "flows/plain.ts");
    expect(shown.stderr).toMatch(/^ {1,2}--> flows\/plain\.ts:8:10$/m);
    expect(shown.stderr).toContain("8 |   return told.trim();");
    expect(shown.stdout).toBe("");
    space.write("flows/plain.ts", flow("absent.ts"));
    expect((await space.heddle("check", "flows/plain.ts", "--json")).json).toMatchObject({
      diagnostics: [{ id: "HD3801", span: at(2, 22) }],
      problems: [],
    });
  });

  it("tells what is no source as a problem", async () => {
    mkdirSync(join(space.folder, "folder.nemo"));
    const told = await space.heddle("check", "absent.nemo", "folder.nemo", "absent.ts", "--json");
    expect(told).toMatchObject({ code: 1, json: { valid: false, diagnostics: [] } });
    expect((told.json as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual([
      "absent.nemo",
      "folder.nemo",
      "absent.ts",
    ]);
  });

  it("writes NemoIR for several sources", async () => {
    expect(await space.heddle("compile", "a.nemo", "b.nemo", "--emit", "nemo-ir", "-o", "out")).toMatchObject({
      code: 0,
      stdout: `${join("out", "a.json")}\n${join("out", "b.json")}\n`,
      stderr: "",
    });
    expect(JSON.parse(written("out/a.json"))).toMatchObject({ ir_version: "0.1" });
    expect(readdirSync(join(space.folder, "out")).sort()).toEqual(["a.json", "b.json"]);
  });

  it("writes nothing where one of the sources is wrong", async () => {
    const { code, stdout } = await space.heddle("compile", "a.nemo", "broken.nemo", "-o", "out");
    expect([code, stdout]).toEqual([1, ""]);
    expect(readdirSync(space.folder)).not.toContain("out");
  });

  it("gives one output on standard output, and wants a folder for more", async () => {
    const ir = await space.heddle("compile", "a.nemo");
    expect(WorkflowIr.parse(JSON.parse(ir.stdout)).id).toBe("A");
    expect((await space.heddle("compile", "a.nemo", "--emit", "mermaid")).stdout).toMatch(/^flowchart TD\n/);
    expect((await space.heddle("compile", "a.nemo", "--emit", "html")).stdout).toMatch(/^<!doctype html>/);
    expect(JSON.parse((await space.heddle("compile", "a.nemo", "--emit", "xstate")).stdout)).toMatchObject({ states: expect.any(Object) });
    const several = await space.heddle("compile", "a.nemo", "b.nemo");
    expect([several.code, several.stdout]).toEqual([2, ""]);
    expect(several.stderr).toContain("there are 2 outputs (request-invalid)\n  say where they go: -o <folder>");
    expect((await space.heddle("compile", "a.nemo", "b.nemo", "--json")).json).toMatchObject({
      valid: true,
      outputs: [{ source: "a.nemo", workflow: "A", text: expect.stringContaining('"heddle.ir/v1"') }, { source: "b.nemo" }],
    });
  });

  it("makes bundles that validate, of texts, authoring files and job folders", async () => {
    cpSync(join(fixtures, "manifests/linear"), join(space.folder, "job"), { recursive: true });
    const told = await space.heddle("compile", "a.nemo", "greet.ts", "job", "--emit", "bundle", "-o", "out", "--json");
    expect(told.stderr).toBe("");
    expect((await space.heddle("compile", "a.nemo", "--emit", "bundle", "-o", "one")).stderr).toBe("bundle generated\n");
    expect(told).toMatchObject({ code: 0, json: { outputs: ["a", "greet", "job"].map((name) => ({ path: join("out", name) })) } });
    for (const name of ["a", "greet", "job"]) {
      expect(BundleManifest.parse(JSON.parse(written(`out/${name}/manifest.json`))).workflows).toHaveLength(1);
      expect((await space.heddle("validate", join("out", name))).code).toBe(0);
    }
  });

  it("refuses two sources that would become one file", async () => {
    mkdirSync(join(space.folder, "other"));
    space.write("other/a.nemo", sound("Other"));
    const { code, stderr } = await space.heddle("compile", "a.nemo", "other/a.nemo", "-o", "out");
    expect(code).toBe(2);
    expect(stderr).toContain("a.nemo and other/a.nemo would both become a.ir.json");
  });

  it("says what another form cannot express", async () => {
    const { code, stderr, stdout } = await space.heddle("compile", "greet.ts", "--emit", "nemo-ir");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/error: greet\.ts has .* \(bundle-invalid\)/);
  });
});
