import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildBundle } from "@heddle/compiler";
import { createRuntime } from "@heddle/runtime";
import { expect, test } from "vitest";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const readme = readFileSync(here("../../../README.md"), "utf8");
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);

test("the code blocks of the README are the files of this example", () => {
  const files = ["flow.ts", "release-notes.ts", "embedded.ts"].map((name) => readFileSync(here(`./${name}`), "utf8"));
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

test("the plain form says the same, in a process of its own for each handler", async () => {
  const bundle = await buildBundle(here("./flow.ts"));
  if (!bundle.valid) throw new TypeError("the bundle is not valid");
  await using runtime = createRuntime({ confirm: () => true, handlerProcesses: { count: 1, memoryMb: 256, graceMs: 1_000 } });
  const caller = { principal: { subject: "reader", tenant: "default", roles: ["engineer" as const] } };
  const files = [...bundle.files].map(([path, bytes]) => ({ path, bytes }));
  const { hash } = await runtime.api.bundles.put({ manifest: bundle.manifest, files }, caller);
  const { runId } = await runtime.api.runs.start({ bundle: hash, input: { changes: ["fix the clock", "add a map"] } }, caller);
  for await (const _ of runtime.api.runs.follow({ runId }, caller)) {
    const { questions } = await runtime.api.runs.get({ runId }, caller);
    if (questions.length > 0) await runtime.api.runs.answer({ runId, answer: true }, caller);
  }
  const { output } = await runtime.api.runs.result({ runId }, caller);
  expect(output).toEqual({ lines: ["- fix: fix the clock", "- feature: add a map"], published: true });
});
