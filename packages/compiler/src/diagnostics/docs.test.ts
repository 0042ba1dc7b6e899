import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { diagnosticRegistry } from "./index.ts";

const text = readFileSync(fileURLToPath(new URL("../../../../docs/diagnostics.md", import.meta.url)), "utf8");

test("every diagnostic has a section with its title and severity, and every section a diagnostic", () => {
  const sections = [...text.matchAll(/^## (HD\d{4})\n\n\*\*(.+)\*\* \((error|warning|hint)\)\n\n(?:.+\n)+\nWhat to do: .+/gm)];
  const documented = sections.map(([, id, title, severity]) => [id, { title, severity }]);
  expect(documented.map(([id]) => id)).toEqual([...new Set(documented.map(([id]) => id))]);
  expect(Object.fromEntries(documented)).toEqual(diagnosticRegistry);
  expect([...text.matchAll(/^## /gm)]).toHaveLength(sections.length);
});
