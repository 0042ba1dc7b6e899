/** Our visual frontend against the other compiler, on a document with something of everything and changes of it. */
import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "@heddle/core";
import { expect, test } from "vitest";
import { askVisual, type Verdict } from "../../../test/nemo-oracle.ts";
import { changedDocument, visualDocument } from "../../../test/visual-documents.ts";
import { printNemoIr } from "../../backends/nemo/print-nemo-ir.ts";
import { compile } from "../../compile.ts";

const documents = Number(process.env["HEDDLE_ORACLE_PROGRAMS"] ?? "2000");
const firstSeed = Number(process.env["HEDDLE_ORACLE_SEED"] ?? "1");

function ours(document: JsonValue): Verdict {
  const { workflows, diagnostics } = compile(new Map([["canvas.visual.json", JSON.stringify(document)]]));
  const [workflow] = workflows;
  if (workflow === undefined) return { ok: false, message: diagnostics.map(({ id, message }) => `${id} ${message}`).join("; ") };
  const printed = printNemoIr(workflow.ir);
  return printed.ok ? { ok: true, ir: printed.ir } : { ok: false, message: printed.problems.map(({ message }) => message).join("; ") };
}

test("a document with something of everything prints back equal", () => {
  const theirs = askVisual(visualDocument, "canvas.visual.json");
  expect(theirs.ok).toBe(true);
  expect(ours(visualDocument)).toEqual(theirs);
});

test(
  `${documents} changed documents are refused by both or mean the same to both`,
  () => {
    const found: string[] = [];
    let accepted = 0;
    for (let seed = firstSeed; seed < firstSeed + documents; seed++) {
      const document = changedDocument(seed);
      const mine = ours(document);
      const theirs = askVisual(document, "canvas.visual.json");
      if (mine.ok) accepted++;
      if (mine.ok && theirs.ok ? isDeepStrictEqual(mine.ir, theirs.ir) : mine.ok === theirs.ok) continue;
      found.push(`seed ${seed}: ours ${mine.ok ? "accepts" : mine.message}; theirs ${theirs.ok ? "accepts" : theirs.message}`);
    }
    expect(found.slice(0, 5)).toEqual([]);
    expect(accepted).toBeGreaterThan(documents / 20);
  },
  20_000 + documents * 20,
);
