/** Row MN7: a job folder is checked as a whole, offline, with every problem at once. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleHash, checkBundle } from "@heddle/core";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readBundle } from "./read-bundle.ts";
import { validateTarget } from "./validate-target.ts";
import { writeBundle } from "./write-bundle.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/manifests/", import.meta.url));
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "heddle-job-test-")));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let copies = 0;

describe("a job folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = join(scratch, `job-${++copies}`);
    cpSync(join(fixtures, "linear"), folder, { recursive: true });
  });
  const told = async (purpose: "validate" | "run" = "validate") => {
    const { valid, problems } = await validateTarget(folder, { purpose });
    return {
      valid,
      problems: problems.map(({ path, message, severity }) => [path, message.replaceAll(folder, "<folder>"), severity ?? "error"]),
    };
  };

  test("becomes a bundle of ours with its files as they lie", async () => {
    const bundle = await validateTarget(folder, { purpose: "run" });
    if (!bundle.valid) throw new RangeError(JSON.stringify(bundle.problems));
    expect(bundle.problems).toEqual([]);
    expect(bundle.imported).toEqual({ graphId: "word_report_v1", jobName: "word-report", nodes: 4, serviceChecks: 0, inputRules: 0 });
    expect(bundle.manifest).toMatchObject({ main: "word_report_v1", handlers: [], workflows: [{ discipline: "graph" }] });
    expect(checkBundle(bundle.manifest)).toEqual([]);
    expect(bundle.hash).toBe(bundleHash(bundle.manifest));
    expect(bundle.files.get("words/count.mjs")).toEqual(readFileSync(join(folder, "payloads/words/count.mjs")));
    // Written as a bundle of ours, it is one.
    await writeBundle(bundle, join(scratch, "ours"));
    const again = await readBundle(join(scratch, "ours"));
    expect([again.problems, again.hash]).toEqual([[], bundle.hash]);
    expect(again).not.toHaveProperty("imported");
  });

  test("an upload that is not there is worth a warning, and stops a run", async () => {
    rmSync(join(folder, "payloads/words"), { recursive: true });
    const message = (node: string) => `upload source for node ${node} does not exist: payloads/words`;
    const problems = (severity: string) => [
      ["manifest.json: nodes[1].config.upload_path", message("count"), severity],
      ["manifest.json: nodes[2].config.upload_path", message("report"), severity],
    ];
    expect(await told()).toEqual({ valid: true, problems: problems("warning") });
    expect(await told("run")).toEqual({ valid: false, problems: problems("error") });
  });

  test("a folder without payloads is none", async () => {
    rmSync(join(folder, "payloads"), { recursive: true });
    expect(await told()).toEqual({ valid: false, problems: [["payloads", "job folder is missing payloads/: <folder>", "error"]] });
    writeFileSync(join(folder, "payloads"), "");
    expect((await told()).valid).toBe(false);
    rmSync(join(folder, "payloads"));
    mkdirSync(join(folder, "payloads"));
    expect((await told()).valid).toBe(true);
  });

  test("what is wrong with files and manifest is told together", async () => {
    symlinkSync("/etc/hostname", join(folder, "payloads/away"));
    const path = join(folder, "manifest.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"recovery_mode": "local_restart"', '"recovery_mode": "x"'));
    expect(await told()).toEqual({
      valid: false,
      problems: [
        ["payloads/away", "is a symbolic link that leaves the folder", "error"],
        ["manifest.json: policies.recovery_mode", 'unsupported recovery_mode "x"', "error"],
      ],
    });
  });

  test("a folder without a manifest, and a file that is no folder", async () => {
    rmSync(join(folder, "manifest.json"));
    expect(await told()).toEqual({ valid: false, problems: [["manifest.json", "job folder is missing manifest.json: <folder>", "error"]] });
    folder = join(folder, "payloads/words/count.txt");
    writeFileSync(folder, "");
    expect((await told()).problems[0]?.[1]).toBe(
      "expected a job folder, got file <folder>, which is neither a bundle nor an authoring file",
    );
  });

  test("a manifest that begins with a mark, or names itself, is read too", async () => {
    const path = join(folder, "manifest.json");
    writeFileSync(path, `\uFEFF${readFileSync(path, "utf8")}`);
    expect((await validateTarget(path)).valid).toBe(true);
  });
});
