/**
 * One folder, one case: a plain TypeScript source, and what compiling it gives. `ok/ts-*` holds what compiles, warnings
 * included; `err/ts-*` what is refused, with every word that is said. UPDATE=1 rewrites.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkIr, WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { type Compilation, compile } from "../../compile.ts";
import { diagnosticRegistry, isError, renderDiagnostics } from "../../diagnostics/index.ts";

const folder = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const update = process.env["UPDATE"] === "1";

interface Case {
  readonly name: string;
  readonly path: string;
  readonly sources: ReadonlyMap<string, string>;
}

function cases(kind: "ok" | "err"): readonly Case[] {
  return readdirSync(join(folder, kind))
    .filter((name) => name.startsWith("ts-"))
    .sort()
    .map((name) => {
      const path = join(folder, kind, name);
      const files = readdirSync(path).filter((file) => file.endsWith(".ts"));
      return { name, path, sources: new Map(files.map((file) => [file, readFileSync(join(path, file), "utf8")])) };
    });
}

function expectFile(path: string, text: string): void {
  if (update) writeFileSync(path, text);
  expect(text).toBe(existsSync(path) ? readFileSync(path, "utf8") : "");
}

function words(compilation: Compilation, sources: ReadonlyMap<string, string>): string {
  return renderDiagnostics(compilation.diagnostics, sources);
}

describe("sources that compile", () => {
  test.each(cases("ok"))("$name", ({ path, sources }) => {
    const compilation = compile(sources);
    expect(compilation.diagnostics.filter(isError)).toEqual([]);
    const irs = compilation.workflows.map(({ ir }) => ir);
    expect(irs.length).toBeGreaterThan(0);
    const ids = new Set(irs.map(({ id }) => id));
    for (const ir of irs) {
      expect(WorkflowIr.parse(ir)).toEqual(ir);
      expect(checkIr(ir, ids)).toEqual([]);
    }
    expectFile(join(path, "expected.json"), `${JSON.stringify(irs, undefined, 1)}\n`);
    const said = words(compilation, sources);
    if (said !== "" || existsSync(join(path, "expected.txt"))) expectFile(join(path, "expected.txt"), said);
  });
});

describe("sources that are refused", () => {
  test.each(cases("err"))("$name", ({ path, sources }) => {
    const compilation = compile(sources);
    expect(compilation.workflows).toEqual([]);
    expectFile(join(path, "expected.txt"), words(compilation, sources));
  });
});

test("every diagnostic of the frontend is in a fixture", () => {
  const all = [...cases("ok"), ...cases("err")];
  const seen = new Set(all.flatMap(({ sources }) => compile(sources).diagnostics.map(({ id }): string => id)));
  expect(Object.keys(diagnosticRegistry).filter((id) => /^HD3[0-6]/.test(id) && !seen.has(id))).toEqual([]);
});
