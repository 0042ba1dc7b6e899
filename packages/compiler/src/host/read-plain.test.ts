import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Bundle } from "../backends/bundle/create-bundle.ts";
import { buildBundle } from "./build-bundle.ts";

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "heddle-read-plain-")));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

function build(files: Readonly<Record<string, string>>): Promise<Bundle> {
  const folder = join(scratch, `project-${++folders}`);
  for (const [path, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return buildBundle(join(folder, "src/flow.ts"));
}

const head = 'import { handler, workflow } from "@heddle/compiler/authoring";\n';

test("a bundle has the workflows that are reached, the handlers where they are exported, and places in its own files", async () => {
  const bundle = await build({
    "src/flow.ts": `${head}import { child } from "./lib/child.ts";
export const first = handler({ name: "first" }, async (n: number): Promise<number> => n);
const away = handler({ name: "away", worker: true });
export default workflow({ name: "main" }, async (input: { n: number }) => {
  await away(1);
  return await child({ n: await first(input.n) });
});`,
    "src/lib/child.ts": `${head}import { second as named } from "./second.ts";
export const child = workflow({ name: "child" }, async (input: { n: number }) => named(input.n));
export const unreached = workflow({ name: "unreached" }, async () => 1);`,
    "src/lib/second.ts": `${head}const inner = handler({ name: "second" }, async (n: number): Promise<number> => n);
export { inner as second };`,
  });
  expect(bundle.problems).toEqual([]);
  if (!bundle.valid) return;
  const { manifest } = bundle;
  expect(manifest.main).toBe("main");
  expect(manifest.workflows.map(({ id, source }) => [id, source?.file])).toEqual([
    ["child", "src/lib/child.ts"],
    ["main", "src/flow.ts"],
  ]);
  expect(manifest.handlers.map(({ name, code }) => [name, code?.file, code?.export])).toEqual([
    ["away", undefined, undefined],
    ["first", "src/flow.mjs", "first"],
    ["second", "src/lib/second.mjs", "second"],
  ]);
  const node = manifest.workflows[1]?.nodes.find((one) => one.id === "first");
  expect(node?.source).toEqual({ file: "src/flow.ts", line: 7, column: 33 });
});

test("nothing of the author's is run", async () => {
  const flow = `${head}throw new TypeError("it ran");\nexport default workflow({ name: "main" }, async () => 1);`;
  const bundle = await build({ "src/flow.ts": flow });
  expect(bundle.problems).toEqual([]);
});

test("what is refused is a problem with its line and a way out", async () => {
  const bundle = await build({
    "src/flow.ts": `${head}export default workflow({ name: "main" }, async () => {\n  return Date.now();\n});`,
  });
  expect(bundle.valid).toBe(false);
  expect(bundle.problems).toEqual([
    {
      path: "src/flow.ts:3",
      message: "`Date.now()` asks the machine that runs it",
      help: "ask in a handler, whose answer is kept; to wait, `await sleep(…)`",
    },
  ]);
});

test("a handler that is not exported is a problem", async () => {
  const bundle = await build({
    "src/flow.ts": `${head}const hidden = handler({ name: "hidden" }, async (): Promise<number> => 1);\nexport default workflow({ name: "main" }, async () => hidden());`,
  });
  expect(bundle.problems.map(({ message }) => message)).toEqual([
    "handler hidden of workflow main is not exported, so the process that runs it cannot find it",
  ]);
});

describe("classes", () => {
  const agents = (mark: string): string => `import { agent } from "@heddle/compiler/authoring";
${mark}class Agents {
  @agent.defn({ name: "one" })
  one(n: number): number { return n; }
}`;
  const child = `import { workflow } from "@heddle/compiler/authoring";
import { Agents } from "./agents.ts";
@workflow.defn({ name: "child" })
export class Child {
  #agents = new Agents();
  @workflow.run
  async run(input: { n: number }): Promise<{ n: number }> { return { n: this.#agents.one(input.n) }; }
}`;
  const flow = `import { workflow } from "@heddle/compiler/authoring";
import { Child } from "./child.ts";
@workflow.defn({ name: "main" })
export default class Main {
  child = new Child();
  @workflow.run
  async run(input: { n: number }) { return await this.child.run({ n: input.n }); }
}`;

  test("a bundle has the workflows that a class starts, and agents as methods of their classes", async () => {
    const bundle = await build({ "src/flow.ts": flow, "src/child.ts": child, "src/agents.ts": agents("export ") });
    expect(bundle.problems).toEqual([]);
    expect(bundle.manifest?.main).toBe("main");
    expect(bundle.manifest?.workflows.map(({ id }) => id)).toEqual(["child", "main"]);
    expect(bundle.manifest?.handlers.map(({ name, code }) => [name, code?.export, code?.method])).toEqual([["one", "Agents", "one"]]);
    const code = [...bundle.files].filter(([path]) => path.endsWith(".mjs")).map(([, bytes]) => Buffer.from(bytes).toString("utf8"));
    expect(code.join("\n")).not.toMatch(/@agent|@workflow/);
  });

  test("a class of agents that is not exported is a problem", async () => {
    const own = flow.replace(
      'import { Child } from "./child.ts";',
      agents("").replace("import { agent }", "import { agent as agent_ }").replace("@agent.", "@agent_."),
    );
    const bundle = await build({
      "src/flow.ts": own
        .replace("child = new Child()", "agents = new Agents()")
        .replace("this.child.run({ n: input.n })", "this.agents.one(input.n)"),
    });
    expect(bundle.problems).toMatchObject([
      {
        message: "class Agents of handler one of workflow main is not exported, so the process that runs it cannot find it",
        help: "Write export class Agents",
      },
    ]);
  });
});
