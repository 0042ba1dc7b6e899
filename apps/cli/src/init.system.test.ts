// `heddle init`: each template type-checks, compiles and runs, and nothing that is there is ever overwritten.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { templateNames } from "./templates/create-project.ts";
import { Workspace } from "./testing/workspace.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const outputs: Readonly<Record<string, unknown>> = {
  approval: { status: "paid", message: "125.00 for order A-17" },
  hello: "Hello, world!",
};

describe("heddle init", { timeout: 60_000 }, () => {
  let space: Workspace;
  beforeEach(() => {
    space = new Workspace();
  });
  afterEach(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  it.each(templateNames())("makes a project of %s that type-checks, compiles and runs", async (template) => {
    const made = await space.heddle("init", "My Flow", "--template", template);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain("  cd 'My Flow' && npm install\n  npx heddle check flow.ts\n  npx heddle dev flow.ts");
    const folder = join(space.folder, "My Flow");
    const { version } = JSON.parse(readFileSync(join(root, "apps/cli/package.json"), "utf8")) as { version: string };
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { devDependencies: Record<string, string> };
    expect(manifest).toMatchObject({ name: "my-flow", devDependencies: { "@heddle/cli": version, "@heddle/compiler": version } });
    expect(Object.values(manifest.devDependencies).every((range) => /^\d+\.\d+\.\d+/.test(range))).toBe(true);
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toContain("node_modules");

    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { stdio: "inherit" });
    expect(await space.heddle("check", "My Flow/flow.ts", "--strict")).toMatchObject({
      code: 0,
      stdout: "My Flow/flow.ts is sound.\n",
      stderr: "",
    });
    const run = await space.heddle("run", "My Flow/flow.ts", "--input-file", "My Flow/input.json", "--yes", "--json");
    expect(run).toMatchObject({ code: 0, json: { status: "succeeded", output: outputs[template] } });
    const simulated = existsSync(join(folder, "flow.simulation.ts"));
    const how = simulated ? ["--simulate", "50"] : ["--input-file", "My Flow/input.json"];
    expect(await space.heddle("test", "My Flow/flow.ts", ...how)).toMatchObject({ code: 0 });
  });

  it("makes one in the current folder, where there is at most a repository", async () => {
    mkdirSync(join(space.folder, ".git"));
    const { code, stdout } = await space.heddle("init");
    expect(code).toBe(0);
    expect(stdout).toContain("  npm install\n");
    expect(readdirSync(space.folder)).toContain("flow.ts");
  });

  it("writes nothing where something is, and says what to do", async () => {
    mkdirSync(join(space.folder, "taken"));
    space.write("taken/notes.txt", "mine");
    const { code, stdout, stderr } = await space.heddle("init", "taken");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(
      "taken is not empty (notes.txt), so nothing was written (request-invalid)\n  name a new folder: heddle init my-flow",
    );
    expect(readdirSync(join(space.folder, "taken"))).toEqual(["notes.txt"]);
  });

  it("says where it cannot write, and leaves nothing", async () => {
    space.write("file", "");
    expect(await space.heddle("init", "file/flow", "--json")).toMatchObject({
      code: 1,
      json: { error: { code: "request-invalid", message: "file/flow cannot be written to (ENOTDIR)" } },
    });
    expect(existsSync(join(space.folder, "file/flow"))).toBe(false);
  });

  it("knows its templates, and the nearest to what was meant", async () => {
    const { code, stderr } = await space.heddle("init", "flow", "--template", "aproval");
    expect(code).toBe(2);
    expect(stderr).toContain('--template is "aproval", expected one of approval, hello (did you mean approval?)');
    expect(existsSync(join(space.folder, "flow"))).toBe(false);
  });
});
