import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, renderDiagnostics } from "@heddle/compiler";
import { createRuntime, type RuntimeOptions } from "@heddle/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compose, listSources, readSource, review, termsOf } from "./steps.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sources = new Map(["src/research.ts", "src/steps.ts"].map((path) => [path, readFileSync(here(`../${path}`), "utf8")]));
const handlers = { terms: termsOf, sources: listSources, "read-source": readSource, compose, reviewer: review } as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-research-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function outcomeOf(more: Partial<Record<keyof typeof handlers, unknown>> = {}): Promise<unknown> {
  const { workflows, diagnostics } = compile(sources);
  expect(renderDiagnostics(diagnostics, sources)).toBe("");
  const [only] = workflows;
  if (only === undefined) throw new TypeError("nothing was compiled");
  await using runtime = createRuntime({ handlers: { ...handlers, ...more } as NonNullable<RuntimeOptions["handlers"]> });
  return (await runtime.run(only.ir, { question: "Which apples keep?", folder })).output;
}

test("sources are read at the same time", async () => {
  for (const name of ["a.md", "b.md", "c.md"]) writeFileSync(join(folder, name), "Apples keep.");
  const waiting: (() => void)[] = [];
  const together = async (input: { source: string }): Promise<unknown> => {
    // Each waits until all of them are here.
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 3) for (const go of waiting.splice(0)) go();
    });
    return { source: input.source, sentences: ["Apples keep."], problem: null };
  };
  expect(await outcomeOf({ "read-source": together })).toMatchObject({ rounds: 1, accepted: true, problems: [] });
});

test("a source that was empty at first is read again", async () => {
  writeFileSync(join(folder, "late.md"), "");
  let attempts = 0;
  const late: typeof readSource = ((input: never, ctx: never) => {
    attempts += 1;
    if (attempts === 2) writeFileSync(join(folder, "late.md"), "Russet apples keep until May.");
    return readSource(input, ctx);
  }) as typeof readSource;
  expect(await outcomeOf({ "read-source": late })).toMatchObject({ problems: [], summary: expect.stringContaining("Russet") });
  expect(attempts).toBe(2);
});

test("the reviewer sends a draft back until it is short enough", async () => {
  const long = `Apples ${"keep ".repeat(24)}well.`;
  writeFileSync(join(folder, "a.md"), `${long} ${long} ${long}`);
  expect(await outcomeOf()).toMatchObject({ rounds: 2, accepted: true });
});

test("a draft that cannot be short enough is given all the same, and said not to be accepted", async () => {
  writeFileSync(join(folder, "a.md"), `Apples ${"keep ".repeat(80)}well.`);
  expect(await outcomeOf()).toMatchObject({ rounds: 3, accepted: false });
});
