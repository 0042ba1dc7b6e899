import { describe, expect, test } from "vitest";
import { type PlacedModule, pathsOf } from "./module-paths.ts";

const own = (path: string): PlacedModule => ({ kind: "own", id: `/p/${path}`, path });
const part = (name: string, version: string, folder: string, path: string): PlacedModule => ({
  kind: "package",
  id: `${folder}/${path}`,
  name,
  version,
  folder,
  path,
});

function placed(modules: readonly PlacedModule[], taken: readonly string[] = []): readonly (readonly [string, string])[] {
  return [...pathsOf(modules, new Set(taken))].sort();
}

describe("the paths of modules", () => {
  test("are those of their sources, as modules", () => {
    expect(placed(["a.ts", "lib/b.mts", "c.js", "d.cjs", "e.tsx", "f.json"].map(own)).map(([, path]) => path)).toEqual([
      "a.mjs",
      "c.mjs",
      "d.mjs",
      "e.mjs",
      "f.json.mjs",
      "lib/b.mjs",
    ]);
  });

  test("differ where names would meet, by case too, whatever the order", () => {
    const modules = ["a.ts", "a.js", "A.mjs", "b.ts"].map(own);
    const paths = placed(modules, ["b.mjs"]);
    expect(paths).toEqual([
      ["/p/A.mjs", "A.mjs"],
      ["/p/a.js", "a.js.mjs"],
      ["/p/a.ts", "a.ts.mjs"],
      ["/p/b.ts", "b.ts.mjs"],
    ]);
    expect(placed([...modules].reverse(), ["b.mjs"])).toEqual(paths);
  });

  test("of packages are below their name, with a version where there are several", () => {
    const modules = [
      part("dep", "1.0.0", "node_modules/dep", "i.js"),
      part("dep", "2.0.0", "node_modules/x/node_modules/dep", "i.js"),
      part("dep", "2.0.0", "node_modules/y/node_modules/dep", "i.js"),
      part("@s/n", "1.0.0", "../../node_modules/@s/n", "lib/i.cjs"),
    ];
    expect(placed(modules).map(([, path]) => path)).toEqual([
      "node_modules/@s/n/lib/i.mjs",
      "node_modules/dep/i.mjs",
      "node_modules/dep@2.0.0/i.mjs",
      "node_modules/dep@2.0.0-2/i.mjs",
    ]);
  });
});
