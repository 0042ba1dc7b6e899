/** What docs/plugins.md shows is what works: its plugins are loaded, pass the gate, and are called. */
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { type AnyPlugin, checkPlugin } from "./index.ts";
import { callAction } from "./testing/index.ts";

const guide = readFileSync(new URL("../../../docs/plugins.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);

async function loaded(start: string): Promise<Readonly<Record<string, unknown>>> {
  const block = blocks.find((text) => text.includes(start)) ?? "";
  const folder = mkdtempSync(join(tmpdir(), "heddle-docs-"));
  symlinkSync(fileURLToPath(new URL("../../../node_modules", import.meta.url)), join(folder, "node_modules"));
  const file = join(folder, "plugin.mjs");
  writeFileSync(file, stripTypeScriptTypes(block));
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
}

test("the plugin as a value", async () => {
  const plugin = (await loaded("definePlugin({"))["plugin"] as AnyPlugin;
  expect(checkPlugin(plugin)).toEqual([]);
  const called = await callAction(plugin, { action: "forecast", params: { city: "Bonn", units: "K" } });
  expect(called).toMatchObject({ kind: "succeeded", result: { days: [{}, {}, { day: 3, station: 17 }] } });
  expect(await callAction(plugin, { action: "forecast", params: { city: "Atlantis" } })).toMatchObject({ failure: { code: "no-city" } });
});

test("the plugin as a class", async () => {
  const Weather = (await loaded("extends Plugin"))["Weather"] as new () => AnyPlugin;
  const plugin = new Weather();
  expect(checkPlugin(plugin)).toEqual([]);
  const called = await callAction(plugin, { params: { action: "get_status", station: "a" } });
  expect(called).toMatchObject({ kind: "succeeded", result: { result: { station: "a", status: "ok" } } });
});
