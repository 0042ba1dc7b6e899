// `heddle explain` and `heddle diff`: what a bundle reaches, and how that changes.
// Parity: HE2.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Workspace } from "./testing/workspace.ts";

describe("what a bundle reaches", () => {
  let space: Workspace;
  beforeEach(() => {
    space = new Workspace();
  });
  afterEach(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  it("is told with the confinement of its code first", async () => {
    space.write("flow.ts", plain("process"));
    const { stdout, code } = await space.heddle("explain", "flow.ts");
    expect(code).toBe(0);
    expect(stdout.split("\n")[0]).toMatch(/^confinement {3}process: /);
    expect(stdout).toContain("capabilities  code.process\n");
    expect(stdout).toContain("  shout (handler): process, code.process\n");
    expect((await space.heddle("explain", "flow.ts", "--json")).json).toMatchObject({ total: { confinement: "process" } });
  });

  it("fails a comparison where it is widened, until each widening is allowed by name", async () => {
    space.write("old.ts", plain("process"));
    space.write("new.ts", plain("none"));
    const told = await space.heddle("diff", "old.ts", "new.ts");
    expect(told.code).toBe(1);
    expect(told.stdout).toContain("[confinement:none]");
    expect(told.stderr).toContain("--allow confinement:none --allow capability:code.native");
    const half = await space.heddle("diff", "old.ts", "new.ts", "--allow", "confinement:none", "--json");
    expect(half).toMatchObject({ code: 1, json: { refused: ["capability:code.native"] } });
    const all = await space.heddle("diff", "old.ts", "new.ts", "--allow", "confinement:none", "--allow", "capability:code.native");
    expect(all.code).toBe(0);
    expect((await space.heddle("diff", "new.ts", "old.ts")).code).toBe(0);
    expect((await space.heddle("diff", "old.ts", "old.ts")).stdout).toBe("both reach the same\n");
  });

  it("takes no name that allows nothing", async () => {
    space.write("old.ts", plain("process"));
    const told = await space.heddle("diff", "old.ts", "old.ts", "--allow", "capability:os.shell");
    expect(told).toMatchObject({ code: 2 });
    expect(told.stderr).toContain("names nothing that is widened");
  });

  it("is part of the bundle, which is refused where it says something else", async () => {
    space.write("flow.ts", plain("none"));
    expect((await space.heddle("compile", "flow.ts", "--emit", "bundle", "--out", "built")).code).toBe(0);
    const file = join(space.folder, "built/flow/manifest.json");
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    expect(manifest.capabilities.total.confinement).toBe("none");
    manifest.capabilities.total.confinement = "sandbox";
    writeFileSync(file, JSON.stringify(manifest));
    const told = await space.heddle("validate", "built/flow");
    expect(told.code).toBe(1);
    expect(told.stderr).toContain("the capability manifest is not what the workflows of the bundle reach");
  });
});

function plain(confinement: string): string {
  return `import { handler, workflow } from "@heddle/compiler/authoring";
export const shout = handler({ name: "shout", confinement: "${confinement}" }, async (text: string): Promise<string> => text.toUpperCase());
export default workflow({ name: "shouter" }, async (input: { text: string }) => {
  const loud = await shout(input.text);
  return { loud };
});
`;
}
