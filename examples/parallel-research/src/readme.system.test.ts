// What the README says, typed: sources that are read at the same time, one that is empty, and a reviewer.
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandsOf, Typed } from "./typed.ts";

const here = fileURLToPath(new URL("..", import.meta.url));
const [check = [], run = [], again = []] = commandsOf(readFileSync(join(here, "README.md"), "utf8"));

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-research-")));
  for (const name of ["src", "sources"]) cpSync(join(here, name), join(folder, name), { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function done(words: readonly string[]): Promise<Typed> {
  const typed = new Typed(words, folder);
  expect(await typed.exit, typed.said).toBe(0);
  return typed;
}

test("the commands of the README do what it says", async () => {
  expect((await done(check)).said).not.toMatch(/error|warning/);

  const first = await done(run);
  expect(JSON.parse(first.output)).toEqual({
    summary: [
      "When does the ferry run?",
      "- The ferry crosses in forty minutes when the tide is high. The last ferry of the day leaves at nine in the evening. (harbour.md)",
      "- Each waits for the ferry if it is late. (railway.md)",
      "- In a storm the ferry does not run, whatever the tide. (weather.md)",
    ].join("\n"),
    words: 54,
    problems: [],
    rounds: 1,
    accepted: true,
  });

  writeFileSync(join(folder, "sources", "unwritten.md"), "");
  const second = await done(again);
  expect(JSON.parse(second.output)).toMatchObject({ problems: ["unwritten.md is empty"], accepted: true });
  expect(second.said.match(/unwritten.md is empty \(source-empty\)/g)).toHaveLength(3);
}, 120_000);
