// `heddle validate` and `heddle run` on folders with a manifest of version 1.0.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Workspace } from "./testing/workspace.ts";

const fixtures = fileURLToPath(new URL("../../../packages/compiler/fixtures/manifests/", import.meta.url));

describe("a job folder", () => {
  let space: Workspace;
  beforeEach(() => {
    space = new Workspace();
    for (const name of ["linear", "service"]) cpSync(join(fixtures, name), join(space.folder, name), { recursive: true });
  });
  afterEach(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  it("is valid, and told in its own words", async () => {
    expect(await space.heddle("validate", "linear")).toMatchObject({
      code: 0,
      stderr: "",
      stdout: [
        "Job bundle at 'linear' is valid.",
        "  - Job Name: word-report",
        "  - Graph ID: word_report_v1",
        "  - Nodes count: 4",
        "  - Service checks: 0",
        "  - Input validation rules: 0",
        "",
      ].join("\n"),
    });
    const { stdout, stderr } = await space.heddle("validate", "service");
    expect(stdout).toContain("  - Service checks: 5\n  - Input validation rules: 2\n");
    expect(stderr).toMatch(/^warning: manifest\.json: nodes\[3\]\.config: node alarm is a BEAM module/);
  });

  it("has warnings marked as such, in text and in JSON", async () => {
    rmSync(join(space.folder, "linear/payloads/words/report.mjs"));
    const told = await space.heddle("validate", "linear", "--json");
    expect(told).toMatchObject({
      code: 0,
      json: {
        valid: true,
        problems: [{ path: "manifest.json: nodes[2].config.command", severity: "warning", message: expect.stringContaining("report.mjs") }],
      },
    });
    const run = await space.heddle("run", "linear", "--json");
    expect(run).toMatchObject({
      code: 1,
      json: { error: { code: "bundle-invalid", details: { problems: [{ path: expect.any(String) }] } } },
    });
  });

  it("with an empty graph is refused", async () => {
    space.write("linear/manifest.json", '{"manifest_version": "1.0", "graph_id": "simple", "nodes": [], "edges": []}');
    const told = await space.heddle("validate", "linear");
    expect([told.code, told.stdout]).toEqual([1, ""]);
    expect(told.stderr).toContain("manifest.json: nodes: nodes must not be empty\n");
    expect(told.stderr).toContain("error: linear has one problem (bundle-invalid)\n");
    expect((await space.heddle("validate", "linear", "--json")).json).toMatchObject({
      valid: false,
      problems: [{ help: expect.any(String) }],
    });
  });
});
