/** The guide to the language says what compiles. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../compile.ts";
import { renderDiagnostics } from "../../diagnostics/index.ts";

const guide = readFileSync(fileURLToPath(new URL("../../../../../docs/text-language.md", import.meta.url)), "utf8");
const programs = [...guide.matchAll(/^```\n(workflow [\s\S]*?)^```$/gm)].map(([, text = ""]) => text);

test("the programs of the guide compile without a word", () => {
  expect(programs).toHaveLength(2);
  for (const [i, text] of programs.entries()) {
    const sources = new Map([[i === 0 ? "guide.nemo" : "guide.heddle", text]]);
    expect(renderDiagnostics(compile(sources).diagnostics, sources)).toBe("");
  }
});
