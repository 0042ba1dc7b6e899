/** What the folders of the workspace hold: packages that join, and those that cannot, each with its reason. */
import { mkdirSync, mkdtempSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LocalPlugin } from "@heddle/ports";
import { describe, expect, test } from "vitest";
import { loadWorkspacePlugins } from "./workspace-plugins.ts";

const fixtures = fileURLToPath(new URL("../fixtures/workspace", import.meta.url));
const loaded = await loadWorkspacePlugins([fixtures]);

const call = (plugin: LocalPlugin | undefined, action: string, params: Record<string, number> = {}) =>
  plugin?.execute(
    { action, params, tenant: "default", run: "run_1", node: "n", activation: 1, attempt: 1, idempotencyKey: "run_1/1" },
    new AbortController().signal,
    () => undefined,
  );
const named = (name: string) => loaded.local.find(({ info }) => info.name === name);

describe("the workspace", () => {
  test("is all packages that say that they are plugins, in the order of their folders", () => {
    expect(loaded.local.map(({ info }) => info.name)).toEqual(["bomb", "careless", "classic"]);
  });

  test("may hold a class", async () => {
    expect(await call(named("classic"), "add", { a: 1, b: 2 })).toEqual({ result: 3 });
  });

  test.each([
    ["built", 1],
    ["source", -1],
  ])("loads the newer of source and build: the %s", async (expected, ageS) => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-built-"));
    symlinkSync(fileURLToPath(new URL("../../../node_modules", import.meta.url)), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "two", type: "module", heddle: { plugin: "./src/plugin.ts" } }));
    for (const [file, from] of [
      ["src/plugin.ts", "source"],
      ["dist/plugin.js", "built"],
    ] as const) {
      mkdirSync(dirname(join(folder, file)));
      writeFileSync(
        join(folder, file),
        `import { definePlugin } from "@heddle/plugin-sdk";
        const about = { name: "two", version: "1.0.0", description: "Two", permission: "read", stages: ["build"] };
        export const plugin = definePlugin({ ...about, actions: { which: { description: "Which", execute: () => "${from}" } } });`,
      );
    }
    const nowS = 1_700_000_000;
    utimesSync(join(folder, "src/plugin.ts"), nowS, nowS);
    utimesSync(join(folder, "dist/plugin.js"), nowS + ageS, nowS + ageS);
    const { local, unloaded } = await loadWorkspacePlugins([folder]);
    expect(unloaded).toEqual([]);
    expect(await call(local[0], "which")).toBe(expected);
  });

  const reasons: readonly [string, RegExp][] = [
    ["absent", /^there is no \.\/src\/absent\.ts$/],
    ["invalid", /description is blank\n.*version is "one".*\n.*stages is empty.*\n.*actions is empty/],
    ["nothing", /^\.\/src\/plugin\.ts exports no plugin: export what definePlugin returns$/],
    ["outside", /^\.\.\/nothing\/src\/plugin\.ts is outside of its package$/],
    ["throws_early", /^TypeError: at the top$/],
    ["unreadable", /^its package\.json is not JSON$/],
  ];
  test.each(reasons)("says why %s cannot be loaded", (name, reason) => {
    expect(loaded.unloaded.find((one) => one.name === name)?.message).toMatch(reason);
  });

  test("has nothing else to say", () => {
    expect(loaded.unloaded).toHaveLength(reasons.length);
  });

  test("is empty where there is no folder", async () => {
    const { local, unloaded, watch } = await loadWorkspacePlugins([`${fixtures}/nowhere`]);
    expect([local, unloaded]).toEqual([[], []]);
    const listeners = process.listenerCount("uncaughtException");
    watch(() => undefined)();
    expect(process.listenerCount("uncaughtException")).toBe(listeners);
  });

  test("has one plugin of each name: the first", async () => {
    const twice = await loadWorkspacePlugins([`${fixtures}/classic`, `${fixtures}/classic`]);
    expect(twice.local).toHaveLength(1);
    expect(twice.unloaded[0]?.message).toBe("another plugin of the workspace has the name classic");
  });
});
