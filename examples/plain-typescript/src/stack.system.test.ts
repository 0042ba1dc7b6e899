import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildBundle } from "@heddle/compiler";
import { createRuntime } from "@heddle/runtime";
import { expect, test } from "vitest";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const caller = { principal: { tenant: "default", subject: "test", roles: ["admin"], scopes: [] } };

/** Line and column, from 1, of a text in a source. */
function placeOf(file: string, text: string): string {
  const source = readFileSync(here(file), "utf8");
  const before = source.slice(0, source.indexOf(text)).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

test("a handler that throws in its process is told with the author's file, line and column", async () => {
  const bundle = await buildBundle(here("./expenses.ts"));
  if (!bundle.valid) throw new TypeError("the bundle is not valid");
  await using runtime = createRuntime({});
  const { hash } = await runtime.api.bundles.put(
    { manifest: bundle.manifest, files: [...bundle.files].map(([path, bytes]) => ({ path, bytes })) },
    caller,
  );
  const { runId } = await runtime.api.runs.start(
    { bundle: hash, input: { employee: "nobody", receipts: [{ text: "lunch 12.00" }] } },
    caller,
  );
  const run = await runtime.api.runs.result({ runId }, caller);
  expect(run).toMatchObject({ status: "succeeded", output: { status: "failed", message: "there is no such account" } });
  const logs = await runtime.api.runs.logs({ runId }, caller);
  const [told] = logs.filter(({ level }) => level === "error");
  const place = placeOf("./receipts.ts", 'new TypeError("there is no such account")');
  expect(told?.text.split("\n").slice(0, 2)).toEqual(["TypeError: there is no such account", `    at pay (src/receipts.ts:${place})`]);
  expect(logs.map(({ text }) => text).join("\n")).not.toMatch(/\/(?:tmp|home|work|Users)\//);
});
