// One vitest run for the whole repository. Every workspace folder is a project of its own, found by looking, so that a
// new package is tested from its first commit. HEDDLE_TEST_TIER narrows the run; docs/testing.md says what the tiers are.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));
const tier = process.env.HEDDLE_TEST_TIER ?? "all";

function foldersIn(parent: string): string[] {
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);
}

const unitFolders = [...foldersIn("packages"), ...foldersIn("apps"), ...foldersIn("plugins"), "benchmarks", "scripts"];
const systemFolders = [...foldersIn("tests"), ...foldersIn("examples")];

const never = ["**/node_modules/**", "**/dist/**", "**/fixtures/**"];
const unitTests = ["**/*.test.{ts,tsx}"];
const systemTests = ["**/*.system.test.{ts,tsx}"];
/** Need a program that npm cannot bring (Python, bubblewrap): run by `npm run test:system` alone. */
const hostTests = ["**/*.host.test.{ts,tsx}"];

interface Selection {
  readonly folder: string;
  readonly include: string[];
  readonly exclude: string[];
}

function selections(): Selection[] {
  const system = systemFolders.map((folder) => ({
    folder,
    include: unitTests,
    exclude: tier === "all" ? [...never, ...hostTests] : never,
  }));
  if (tier === "quick") {
    return unitFolders.map((folder) => ({ folder, include: unitTests, exclude: [...never, ...systemTests, ...hostTests] }));
  }
  if (tier === "system") {
    return [...unitFolders.map((folder) => ({ folder, include: [...systemTests, ...hostTests], exclude: never })), ...system];
  }
  return [...unitFolders.map((folder) => ({ folder, include: unitTests, exclude: [...never, ...hostTests] })), ...system];
}

export default defineConfig({
  test: {
    projects: selections()
      .filter(({ folder }) => existsSync(join(root, folder)))
      .map(({ folder, include, exclude }) => {
        const own = ["vitest.config.ts", "vitest.config.mts"].find((name) => existsSync(join(root, folder, name)));
        const whole = systemFolders.includes(folder);
        return {
          ...(own ? { extends: `./${folder}/${own}` } : {}),
          root: join(root, folder),
          test: {
            name: folder,
            include,
            exclude,
            environment: "node",
            testTimeout: whole ? 60_000 : 20_000,
            hookTimeout: whole ? 60_000 : 20_000,
            restoreMocks: true,
          },
        };
      }),
  },
});
