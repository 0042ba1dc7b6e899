/**
 * Folders `hd2NNN-…` hold a workflow (`ir.json`) that the check of that diagnostic catches, and no other check
 * does; folders `not-hd2NNN-…` one that is nearly so, and fine. UPDATE=1 rewrites what is told.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkIr, WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { type DiagnosticId, diagnosticRegistry, isDiagnosticId, renderDiagnostics } from "../diagnostics/index.ts";
import { allChecks, checkWorkflow } from "./index.ts";

const folder = fileURLToPath(new URL("../../fixtures/", import.meta.url));

interface Case {
  readonly name: string;
  readonly path: string;
  readonly about: DiagnosticId;
  readonly ir: WorkflowIr;
}

function casesIn(kind: "ok" | "err"): readonly Case[] {
  const named = readdirSync(join(folder, kind)).filter((name) => existsSync(join(folder, kind, name, "ir.json")));
  return named.sort().map((name) => {
    const path = join(folder, kind, name);
    const about = (/hd2\d{3}/.exec(name)?.[0] ?? name).toUpperCase();
    if (!isDiagnosticId(about)) expect.unreachable(`${name} is named for no diagnostic`);
    return { name, path, about, ir: WorkflowIr.parse(JSON.parse(readFileSync(join(path, "ir.json"), "utf8"))) };
  });
}

const idsOf = (ir: WorkflowIr, checks = allChecks): readonly string[] => checkWorkflow(ir, { checks }).map(({ id }) => id);

describe("what the checks catch", () => {
  test.each(casesIn("err"))("$name", ({ about, path, ir }) => {
    expect(checkIr(ir)).toEqual([]);
    const diagnostics = checkWorkflow(ir);
    expect(diagnostics.map(({ id }) => id)).toContain(about);
    const words = renderDiagnostics(diagnostics, new Map());
    const file = join(path, "expected.txt");
    if (process.env["UPDATE"] === "1") writeFileSync(file, words);
    expect(words).toBe(existsSync(file) ? readFileSync(file, "utf8") : "");
  });
});

describe("what is nearly so, and fine", () => {
  test.each(casesIn("ok"))("$name", ({ about, ir }) => {
    expect(checkIr(ir)).toEqual([]);
    expect(checkWorkflow(ir).filter(({ id }) => id === about)).toEqual([]);
  });
});

describe("a check that is taken out", () => {
  test.each(allChecks)("$name: its fixtures are caught no more", (check) => {
    const own = casesIn("err").filter(({ about }) => check.ids.includes(about));
    for (const id of check.ids) expect(own.filter(({ about }) => about === id).length, id).toBeGreaterThanOrEqual(2);
    const others = allChecks.filter((each) => each !== check);
    for (const { name, about, ir } of own) {
      expect(idsOf(ir), name).toContain(about);
      expect(idsOf(ir, others), name).not.toContain(about);
      expect(idsOf(ir, [check]), name).toContain(about);
    }
  });
});

test("each diagnostic of the checks belongs to one of them", () => {
  const owned = allChecks.flatMap(({ ids }): readonly string[] => ids).sort();
  expect(owned).toEqual(
    Object.keys(diagnosticRegistry)
      .filter((id) => id.startsWith("HD2"))
      .sort(),
  );
});
