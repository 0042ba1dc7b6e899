// Programs of process nodes travel in the bundle of the file that names them.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { uploadsOf } from "@heddle/core";
import { afterAll, expect, test } from "vitest";
import { buildBundle } from "./build-bundle.ts";

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "heddle-programs-")));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function flow(name: string, program: string): string {
  const folder = join(scratch, name);
  mkdirSync(join(folder, "tools"), { recursive: true });
  writeFileSync(join(folder, "tools/count.py"), "print(1)\n");
  writeFileSync(
    join(folder, "flow.ts"),
    `import { buildWorkflow, t } from "@heddle/compiler/authoring";
export default buildWorkflow({ id: "counting", input: { list: t.array(t.json) } }, (b, input) =>
  b.map(input.list, (item, b) => b.process(["python3", ${program}], { item })),
);
`,
  );
  return join(folder, "flow.ts");
}

test.each([
  ["literal", `new URL("./tools/count.py", import.meta.url)`],
  ["computed", `new URL(["tools", "count.py"].join("/"), import.meta.url)`],
])("a file of a command is a payload, by the path that it has there: a %s place", async (name, program) => {
  const bundle = await buildBundle(flow(name, program));
  expect(bundle.problems).toEqual([]);
  if (!bundle.valid) return;
  const [map] = bundle.manifest.workflows[0]?.nodes ?? [];
  const node = map?.kind === "map" ? map.body.nodes[0] : undefined;
  expect(node).toMatchObject({ kind: "process", uploads: [{ source: "tools/count.py", target: "count.py" }] });
  expect(bundle.files.has("tools/count.py")).toBe(true);
  expect(node?.kind === "process" ? uploadsOf(node, bundle.manifest.files) : node).toMatchObject([{ target: "count.py" }]);
  expect(JSON.stringify(bundle.manifest)).not.toContain(scratch);
});

test("a file that is not there is told when the bundle is made", async () => {
  const { problems } = await buildBundle(flow("missing", `new URL("./tools/cuont.py", import.meta.url)`));
  expect(problems).toEqual([
    { path: "flow.ts", message: `a process is to be given ${join(scratch, "missing/tools/cuont.py")}, which is not a file` },
  ]);
});
