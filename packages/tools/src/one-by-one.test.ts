// Each tool is an entry of its own, and importing it loads no other tool.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));
const packageJson = JSON.parse(readFileSync(join(folder, "..", "package.json"), "utf8")) as {
  exports: Record<string, unknown>;
  sideEffects: boolean;
};
const entries = Object.keys(packageJson.exports).flatMap((entry) => (/^\.\/([\w-]+)$/.exec(entry) ? [entry.slice(2)] : []));
const defining = readdirSync(folder).filter(
  (file) => !file.includes(".test.") && /defineTool\(/.test(readFileSync(join(folder, file), "utf8")),
);

function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, next] of readFileSync(join(folder, file), "utf8").matchAll(/^(?:import|\}) ?(?!type ).*from "\.\/([\w-]+\.ts)";$/gm))
    loadedBy(next as string, seen);
  return seen;
}

describe("the package", () => {
  test("has an entry for every file that defines a tool", () => {
    expect(defining.length).toBeGreaterThanOrEqual(12);
    for (const file of defining) expect(entries).toContain(file.replace(/\.ts$/, ""));
  });
  test.each(defining)("%s loads no other tool", (file) => {
    expect(defining.filter((other) => other !== file && loadedBy(file).has(other))).toEqual([]);
  });
  test("does nothing when it is loaded", () => {
    expect(packageJson.sideEffects).toBe(false);
  });
});
