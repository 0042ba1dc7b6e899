import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const readme = readFileSync(here("../../../README.md"), "utf8");
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);

test("the code blocks of the README are the files of this example", () => {
  const files = ["release-notes.ts", "embedded.ts"].map((name) => readFileSync(here(`./${name}`), "utf8"));
  expect(blocks).toEqual(files);
});

test("they run as they stand", () => {
  const said = execFileSync(process.execPath, [here("./embedded.ts")], { encoding: "utf8" });
  expect(said).toMatchInlineSnapshot(`
    "- fix: fix the clock
    - feature: add a map
    1 run-started
    2 frames-opened
    3 activation-succeeded
    4 activation-succeeded
    5 activation-succeeded
    6 activation-succeeded
    7 router-passed
    8 run-succeeded
    "
  `);
});
