import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "./compile.ts";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** Every text and drawing among the fixtures, right or wrong. */
function sources(): readonly (readonly [path: string, text: string])[] {
  return ["ok", "err"].flatMap((kind) =>
    readdirSync(join(fixtures, kind), { recursive: true, encoding: "utf8" })
      .filter((path) => /\.(?:nemo|heddle|visual\.json)$/.test(path))
      .map((path) => [path, readFileSync(join(fixtures, kind, path), "utf8")] as const),
  );
}

test("the same bytes give the same workflows and the same words, in whatever order sources come", () => {
  const all = sources();
  expect(all.length).toBeGreaterThan(300);
  const told = (given: typeof all): ReadonlyMap<string, string> =>
    new Map(
      given.map(([path, text]) => {
        const { workflows, diagnostics } = compile(new Map([[path, text]]));
        return [path, JSON.stringify([workflows.map(({ ir }) => ir), diagnostics])];
      }),
    );
  const first = told(all);
  const again = told([...all].reverse());
  for (const [path, text] of first) expect(again.get(path)).toBe(text);
});
