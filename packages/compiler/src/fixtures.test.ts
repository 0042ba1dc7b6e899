// Parity: NE2.
/**
 * One folder, one case: the sources in it, and what compiling them gives. `ok` holds what compiles, warnings
 * included; `err` what is refused, in folders named for the diagnostic that each is about. UPDATE=1 rewrites.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkIr, WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { differencesOf } from "../test/nemo-differences.ts";
import { askText, askVisual } from "../test/nemo-oracle.ts";
import { printNemoIr } from "./backends/nemo/print-nemo-ir.ts";
import { type Compilation, compile } from "./compile.ts";
import { diagnosticRegistry, isError, renderDiagnostics } from "./diagnostics/index.ts";

const folder = fileURLToPath(new URL("../fixtures/", import.meta.url));
const update = process.env["UPDATE"] === "1";
const isSource = (name: string): boolean => /^flow\.(?:nemo|heddle|txt|visual\.json)$/.test(name);

interface Case {
  readonly name: string;
  readonly path: string;
  readonly sources: ReadonlyMap<string, string>;
}

function cases(kind: "ok" | "err"): readonly Case[] {
  return readdirSync(join(folder, kind))
    .sort()
    .map((name) => {
      const path = join(folder, kind, name);
      const sources = readdirSync(path).filter(isSource).sort();
      return { name, path, sources: new Map(sources.map((source) => [source, readFileSync(join(path, source), "utf8")])) };
    })
    .filter(({ sources }) => sources.size > 0);
}

/** The document of a text; none, where the text is not even JSON. */
function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function expectFile(path: string, text: string): void {
  if (update) writeFileSync(path, text);
  expect(text).toBe(existsSync(path) ? readFileSync(path, "utf8") : "");
}

function rendered(compilation: Compilation, sources: ReadonlyMap<string, string>): string {
  return renderDiagnostics(compilation.diagnostics, sources);
}

describe("sources that compile", () => {
  test.each(cases("ok"))("$name", ({ path, sources }) => {
    const compilation = compile(sources);
    expect(compilation.diagnostics.filter(isError)).toEqual([]);
    const irs = compilation.workflows.map((workflow) => workflow.ir);
    expect(irs).toHaveLength(sources.size);
    for (const ir of irs) {
      expect(WorkflowIr.parse(ir)).toEqual(ir);
      expect(checkIr(ir)).toEqual([]);
    }
    expectFile(join(path, "expected.json"), `${JSON.stringify(irs, undefined, 1)}\n`);
    const words = rendered(compilation, sources);
    if (words !== "" || existsSync(join(path, "expected.txt"))) expectFile(join(path, "expected.txt"), words);
    for (const { file, ir } of compilation.workflows) {
      if (file.endsWith(".heddle")) continue;
      const text = sources.get(file) ?? "";
      const theirs = file.endsWith(".nemo") ? askText(text, file) : askVisual(documentOf(text), file);
      const printed = printNemoIr(ir);
      if (!theirs.ok) expect(differencesOf(text).map(({ accepts }) => accepts)).toContain("ours");
      else expect(printed.ok ? printed.ir : printed.problems).toEqual(theirs.ir);
    }
  });
});

describe("sources that are refused", () => {
  test.each(cases("err"))("$name", ({ name, path, sources }) => {
    const compilation = compile(sources);
    expect(compilation.workflows).toEqual([]);
    const about = name.slice(0, name.indexOf("-")).toUpperCase();
    expect(compilation.diagnostics.map(({ id }): string => id)).toContain(about);
    expectFile(join(path, "expected.txt"), rendered(compilation, sources));
    for (const [file, text] of sources) {
      // The other compiler takes twice as long for each parenthesis around another.
      if (file.endsWith(".heddle") || file.endsWith(".txt") || text.includes("))))))))))")) continue;
      const theirs = file.endsWith(".nemo") ? askText(text, file) : askVisual(documentOf(text), file);
      if (theirs.ok && !/HD1009|HD1004/.test(about)) expect(differencesOf(text).map(({ accepts }) => accepts)).toContain("theirs");
    }
  });
});

test("every diagnostic of the frontends is in a fixture, but those that only size brings about", () => {
  const seen = new Set(
    (["ok", "err"] as const).flatMap((kind) =>
      cases(kind).flatMap(({ sources }) => compile(sources).diagnostics.map(({ id }): string => id)),
    ),
  );
  const missing = Object.keys(diagnosticRegistry).filter((id) => id.startsWith("HD1") && !seen.has(id));
  expect(missing).toEqual(["HD1000", "HD1011"]);
});
