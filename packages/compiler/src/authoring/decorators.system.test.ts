/** What authors write type-checks, whichever kind of decorators their project is set to. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const fixtures = here("../../fixtures/ok/");
const sources = readdirSync(fixtures).filter((name) => /^ts-(?:class|option)-/.test(name));
const wrong = `import { agent, workflow } from "@heddle/compiler/authoring";
class Agents {
  @agent.defn({ name: "work", retries: { max_attempts: 2 } })
  work(): number { return 1; }
}
@workflow.defn({ nome: "main" })
class Main {
  agents = new Agents();
  @workflow.run
  run(): number { return this.agents.work(); }
}
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-decorators-"));
  for (const name of sources) writeFileSync(join(folder, `${name}.ts`), readFileSync(join(fixtures, name, "flow.ts"), "utf8"));
  writeFileSync(join(folder, "wrong.ts"), wrong);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles sources of the folder without writing anything; what TypeScript says of them. */
function complaints(files: readonly string[], experimentalDecorators: boolean): string {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2023",
    lib: ["es2023", "esnext"],
    module: "nodenext",
    types: [],
    skipLibCheck: true,
    experimentalDecorators,
    paths: {
      "@heddle/compiler/authoring": [here("../../dist/authoring/index.d.ts")],
      "@heddle/core": [here("../../../core/dist/index.d.ts")],
    },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  try {
    return execFileSync(process.execPath, [here("../../../../node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"], {
      encoding: "utf8",
      timeout: 120_000,
    });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout ?? error);
  }
}

describe.each([
  ["the standard", false],
  ["the experimental", true],
])("%s decorators", (_, experimental) => {
  test("take every fixture that compiles", { timeout: 120_000 }, () => {
    expect(sources.length).toBeGreaterThan(8);
    expect(
      complaints(
        sources.map((name) => `${name}.ts`),
        experimental,
      ),
    ).toBe("");
  });

  test("refuse options that do not exist", { timeout: 120_000 }, () => {
    const said = complaints(["wrong.ts"], experimental);
    expect(said).toMatch(/wrong\.ts\(3,\d+\).*max_attempts/);
    expect(said).toMatch(/wrong\.ts\(6,\d+\).*nome/);
  });
});
