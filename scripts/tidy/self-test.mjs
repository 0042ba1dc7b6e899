// Shows that tidy can fail: plants each fault in a tree of its own and expects to see it reported, by its rule, in its
// file. Also the other way round: innocent code that looks like a fault must pass. A checker that cannot fail is worse
// than none, so a rule without a line here is not finished.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { measure } from "./measure.mjs";
import { tidy } from "./tidy.mjs";

// Spelled in pieces wherever the real tree must not contain the words.
const glue = (...parts) => parts.join("");
const lines = (count, text = "") => `${text}\n`.repeat(count);

const manifest = (name, extra = {}) => JSON.stringify({ name: `@heddle/${name}`, exports: { ".": "./dist/index.js" }, ...extra });
const needs = (...names) => ({ dependencies: Object.fromEntries(names.map((name) => [name, "1.0.0"])) });

const clean = {
  "package.json": JSON.stringify({ name: "tree", private: true }),
  "packages/core/package.json": manifest("core", needs("zod")),
  "packages/core/src/index.ts": "export { parseId } from './ids.ts';\n",
  "packages/core/src/ids.ts": "import { z } from 'zod';\nexport const parseId = (text: string) => z.string().parse(text);\n",
  "packages/ports/package.json": manifest("ports", needs("@heddle/core")),
  "packages/ports/src/index.ts": "export type { Journal } from './journal.ts';\n",
  "packages/ports/src/journal.ts": "import type { Id } from '@heddle/core';\nexport interface Journal { id: Id }\n",
  "packages/compiler/package.json": manifest("compiler", needs("@heddle/core")),
  "packages/compiler/src/host/scan.ts": "import { readFile } from 'node:fs/promises';\nexport const scan = readFile;\n",
  "packages/runtime/package.json": manifest("runtime", needs("@heddle/core", "@heddle/ports")),
  "packages/runtime/src/machine/decide.ts": "import { parseId } from '@heddle/core';\nexport const decide = parseId;\n",
  "packages/runtime/src/gate/perform.ts": "import { timer } from '../executors/timer.ts';\nexport const perform = timer;\n",
  "packages/runtime/src/executors/timer.ts": "export const timer = () => setTimeout(() => undefined, 1);\n",
  "packages/runtime/src/shell/driver.ts":
    "import { perform } from '../gate/perform.ts';\nexport const drive = async () => await perform();\n",
  "packages/testkit/package.json": manifest("testkit", {
    ...needs("@heddle/core", "@heddle/ports", "@heddle/runtime"),
    exports: { ".": "./dist/index.js", "./contracts": "./dist/contracts.js" },
  }),
  "packages/wire/package.json": manifest("wire", needs("@heddle/core")),
  "packages/wire/src/index.ts": "export { Run } from './gen/run.ts';\n",
  "packages/wire/src/gen/run.ts": "export const Run: any = 1;\n",
  "packages/client/package.json": manifest("client", {
    ...needs("@heddle/core", "@heddle/wire", "@grpc/grpc-js"),
    exports: { ".": "./dist/index.js", "./http": "./dist/http.js" },
  }),
  "packages/client/src/http.ts": "export { follow } from './follow.ts';\n",
  "packages/client/src/follow.ts": "export const follow = 1;\n",
  "packages/store-sqlite/package.json": manifest("store-sqlite", needs("@heddle/core", "@heddle/ports")),
  "packages/store-sqlite/src/store.ts": "import { DatabaseSync } from 'node:sqlite';\nexport const open = DatabaseSync;\n",
  "packages/store-sqlite/src/store.test.ts": "import { contracts } from '@heddle/testkit/contracts';\ncontracts();\n",
  "apps/daemon/package.json": manifest("daemon", needs("@heddle/runtime", "@heddle/wire", "@heddle/store-sqlite")),
  "apps/daemon/src/index.ts": "import { drive } from '@heddle/runtime';\nexport const start = drive;\n",
  "apps/cli/package.json": manifest("cli", needs("@heddle/daemon", "@heddle/client", "@heddle/core")),
  "apps/cli/src/run.ts": "import { start } from '@heddle/daemon';\nexport const run = start;\n",
  "apps/console/package.json": manifest("console", needs("@heddle/core", "@heddle/client")),
  "apps/console/src/main.tsx": "import { follow } from '@heddle/client/http';\nexport const App = () => <p>It's {follow}</p>;\n",
  "docs/known-gaps.md": "Nothing.\n",
};

const machine = "packages/runtime/src/machine/evolve.ts";
const inCore = "packages/core/src/value.ts";
const inShell = "packages/runtime/src/shell/loop.ts";

/** [what is planted, rule, path, text, further files] */
const faults = [
  ["core imports one of ours", "import-table", inCore, "import '@heddle/ports';\n"],
  ["core imports a built-in", "import-table", inCore, "import { join } from 'node:path';\njoin();\n"],
  ["core imports a built-in by its bare name", "import-table", inCore, "import { join } from 'path';\njoin();\n"],
  ["core imports another library", "import-table", inCore, "import yaml from 'yaml';\nyaml();\n"],
  [
    "core reaches gRPC from its entry",
    "browser",
    inCore,
    "import '@grpc/grpc-js';\n",
    { "packages/core/src/index.ts": "import './value.ts';\n" },
  ],
  ["ports import more than core", "import-table", "packages/ports/src/x.ts", "import '@heddle/runtime';\n"],
  ["the compiler imports the runtime", "import-table", "packages/compiler/src/x.ts", "import '@heddle/runtime';\n"],
  ["the runtime imports the compiler", "import-table", inShell, "import '@heddle/compiler';\n"],
  ["the runtime imports wire", "import-table", inShell, "export { Run } from '@heddle/wire';\n"],
  ["the runtime imports a backend", "import-table", inShell, "const x = import('@heddle/store-sqlite');\n"],
  ["a store imports wire", "import-table", "packages/store-sqlite/src/x.ts", "import '@heddle/wire';\n"],
  ["a store uses the testkit outside tests", "import-table", "packages/store-sqlite/src/x.ts", "import '@heddle/testkit/contracts';\n"],
  ["the testkit imports a backend", "import-table", "packages/testkit/src/x.ts", "import '@heddle/store-sqlite';\n"],
  ["the client imports the runtime", "import-table", "packages/client/src/x.ts", "import type { Run } from '@heddle/runtime';\n"],
  ["the CLI imports the runtime", "import-table", "apps/cli/src/x.ts", "import '@heddle/runtime';\n"],
  ["somebody imports the daemon", "import-table", inShell, "import '@heddle/daemon';\n"],
  ["somebody imports the inside of the daemon", "import-table", "apps/cli/src/x.ts", "import '@heddle/daemon/dist/server.js';\n"],
  ["the console imports a built-in", "import-table", "apps/console/src/x.ts", "import 'node:fs';\n"],
  ["the console imports the gRPC client", "import-table", "apps/console/src/x.ts", "import '@heddle/client';\n"],
  ["a relative import leaves its package", "import-table", inShell, "import '../../../core/src/ids.ts';\n"],
  ["a subpath that is not exported", "import-table", inShell, "import '@heddle/core/src/ids.ts';\n"],
  ["a package that does not exist", "import-table", inShell, "import '@heddle/nothing';\n"],
  ["a package without a row", "import-table", "packages/newcomer/package.json", manifest("newcomer")],
  [
    "types are allowed, values are not",
    "import-table",
    "packages/plugin-sdk/src/x.ts",
    "import { Journal } from '@heddle/ports';\n",
    { "packages/plugin-sdk/package.json": manifest("plugin-sdk", needs("@heddle/ports")) },
  ],
  ["a dependency that is not declared", "undeclared-dependency", inShell, "import 'yaml';\n"],
  ["one of ours that is not declared", "undeclared-dependency", "apps/daemon/src/x.ts", "import '@heddle/compiler';\n"],
  ["the machine imports ports", "import-path", machine, "import type { Journal } from '@heddle/ports';\n"],
  ["the machine imports the shell", "import-path", machine, "import '../shell/driver.ts';\n"],
  ["the machine imports a built-in", "import-path", machine, "import 'node:crypto';\n"],
  ["judging imports performing", "import-path", "packages/runtime/src/gate/judge.ts", "import './perform.ts';\n"],
  ["the shell imports an executor", "import-path", inShell, "import '../executors/timer.ts';\n"],
  [
    "the runtime imports tools outside its subpath",
    "import-path",
    inShell,
    "import '@heddle/tools';\n",
    { "packages/tools/package.json": manifest("tools") },
  ],
  [
    "the compiler reads files",
    "import-path",
    "packages/compiler/src/checks/x.ts",
    "import { readFileSync } from 'fs';\nreadFileSync('');\n",
  ],
  ["a check imports the host", "import-path", "packages/compiler/src/checks/x.ts", "import '../host/scan.ts';\n"],
  ["generated code from outside", "import-path", "tests/conformance/src/x.ts", "import '../../../packages/wire/src/gen/run.ts';\n"],
  ["the browser client reaches gRPC", "browser", "packages/client/src/follow.ts", "import '@grpc/grpc-js';\n"],
  ["the browser client reaches a built-in", "browser", "packages/client/src/follow.ts", "export * from 'node:net';\n"],
  ["files in a circle", "import-cycle", "packages/core/src/a.ts", "import './b.ts';\n", { "packages/core/src/b.ts": "import './a.ts';\n" }],
  ["a file that imports itself", "import-cycle", "packages/core/src/a.ts", "import './a.ts';\n"],
  [
    "packages in a circle",
    "import-cycle",
    "packages/client/package.json",
    manifest("client", {
      ...needs("@heddle/core", "@heddle/wire", "@grpc/grpc-js"),
      exports: { ".": "./a.js", "./http": "./b.js" },
    }),
    { "packages/wire/package.json": manifest("wire", { devDependencies: { "@heddle/client": "1.0.0" } }) },
  ],
  ["await in the machine", "pure", machine, "export const f = async (x: Promise<void>) => { await x; };\n"],
  ["the clock in the machine", "pure", machine, "export const now = () => Date.now();\n"],
  ["a date in the machine", "pure", machine, "export const now = new Date(5);\n"],
  ["dice in the machine", "pure", machine, "export const f = () => Math.random();\n"],
  ["a stopwatch in core", "pure", inCore, "export const f = () => performance.now();\n"],
  ["a voice in core", "pure", inCore, "export const f = () => console.log('x');\n"],
  ["a timer in core", "pure", inCore, "export const f = () => setTimeout(() => {}, 1);\n"],
  ["the environment in core", "pure", inCore, "export const f = () => process.env['X'];\n"],
  ["the present in core", "pure", inCore, "export const f = () => new Date();\n"],
  ["the present in core, in a template", "pure", inCore, "export const f = () => `at ${" + "new Date()}`;\n"],
  ["a random id in judging", "pure", "packages/runtime/src/gate/judge-call.ts", "export const f = () => crypto.randomUUID();\n"],
  ["any as a type", "any", inShell, "export const f = (x: any) => x;\n"],
  ["any as an argument", "any", inShell, "export const f = (x: Record<string, any>) => x;\n"],
  ["any as a cast", "any", inShell, "export const f = (x: unknown) => x as any;\n"],
  ["any as an element", "any", inShell, "export const f = (x: any[]) => x;\n"],
  ["a schema of any", "any", inShell, "import { z } from '@heddle/core';\nexport const s = z.any();\n"],
  ["a silenced compiler", "ts-ignore", inShell, glue("// @ts-", "ignore\nexport const x = 1;\n")],
  ["an expected error outside tests", "ts-ignore", inShell, glue("// @ts-", "expect-error\nexport const x = 1;\n")],
  ["a bare error", "bare-error", inShell, "export const f = () => { throw new Error('x'); };\n"],
  ["a bare type error", "bare-error", inShell, "export const f = () => TypeError('x');\n"],
  ["everything exported", "export-star", "packages/ports/src/index.ts", "export * from './journal.ts';\n"],
  ["every type exported", "export-star", "packages/ports/src/index.ts", "export type * from './journal.ts';\n"],
  ["a default export", "default-export", inShell, "export default 1;\n"],
  ["a renamed default export", "default-export", inShell, "const x = 1;\nexport { x as default };\n"],
  ["a cast behind new", "emit-bug", inShell, "export const f = (g: unknown) => new (g as { C: typeof Map }).C();\n"],
  ["a capital in a file name", "file-name", "packages/core/src/runState.ts", "export const x = 1;\n"],
  ["an underscore in a file name", "file-name", "packages/core/src/run_state.ts", "export const x = 1;\n"],
  ["a file named for nothing", "file-name", "packages/core/src/time-utils.ts", "export const x = 1;\n"],
  ["a folder named for nothing", "file-name", "packages/core/src/helpers/time.ts", "export const x = 1;\n"],
  ["a long file", "file-length", inShell, `// Long.\n${lines(400, "export {};")}`],
  ["a long daemon file", "file-length", "apps/daemon/src/x.ts", `// Long.\n${lines(200, "export {};")}`],
  ["a long test", "file-length", "packages/core/src/x.test.ts", lines(601, "export {};")],
  ["no first word", "header", inShell, lines(41, "export {};")],
  ["unfinished work", "todo", inShell, glue("// TO", "DO: finish\nexport {};\n")],
  ["unfinished work tracked nowhere", "todo", inShell, glue("// FIX", "ME(docs/nothing.md)\nexport {};\n")],
  ["an emoji", "emoji", "docs/x.md", "Done \u{1F389}\n"],
  ["an emoji in code", "emoji", inShell, "export const x = '\u2705';\n"],
  ["a machine path", "machine-path", "docs/x.md", glue("See /wo", "rk/tree/file.\n")],
  ["a registry", "registry-host", "docs/x.md", glue("From https://regis", "try.npmjs.org/x.\n")],
  [
    "a registry in the lock file",
    "registry-host",
    "package-lock.json",
    '{ "packages": { "a": { "resolved": "https://x.invalid/a.tgz" } } }\n',
  ],
  ["a folder outside", "outside", inShell, glue("// See sha", "red/x.\nexport {};\n")],
  ["a folder above", "outside", "docs/x.md", glue("See ../../sha", "red/x.\n")],
  ["a document that is not there", "outside", "docs/x.md", glue("As HOU", "SE.md says.\n")],
  ["the number of an issue", "outside", inShell, glue("// Fixes #", "12.\nexport {};\n")],
  [
    "an exception without a reason",
    "exceptions",
    "scripts/tidy/exceptions.json",
    '[{ "rule": "any", "path": "packages/runtime/src/shell/loop.ts" }]',
    { [inShell]: "export const f = (x: any) => x;\n" },
  ],
  ["an exception that is not needed", "exceptions", "scripts/tidy/exceptions.json", '[{ "rule": "any", "path": "x.ts", "reason": "r" }]'],
  [
    "more lines than the exception allows",
    "file-length",
    inShell,
    `// Long.\n${lines(500, "export {};")}`,
    {
      "scripts/tidy/exceptions.json":
        '[{ "rule": "file-length", "path": "packages/runtime/src/shell/loop.ts", "maxLines": 450, "reason": "r" }]',
    },
  ],
];

/** [what looks like a fault, path, text, further files] */
const innocents = [
  [
    "words in strings and comments",
    inCore,
    "// await new Date() process.env any\nexport const x = 'await Date.now() console.log as any';\n",
  ],
  ["words in templates", inCore, glue("export const x = (y: string) => `await $", "{y} Math.random() $", "{`process.env $", "{y}`}`;\n")],
  ["words in regular expressions", inCore, "export const x = /await [/'] process.env/.test('') || /new Date\\(\\)/.test('');\n"],
  ["division is not a regular expression", inCore, "export const f = (a: number, b: number) => (a / b) / 2 + 'x'.length;\n"],
  ["a date of a given time in core", inCore, "export const f = (ms: number) => new Date(ms).toISOString();\n"],
  ["any as a name", inShell, "export const kind = { any: 1, all: 2 };\nexport const f = kind.any + Promise.length;\n"],
  ["a property called process", inCore, "export const x = { process: 1, console: 2 };\nexport const y = x.process + x.console;\n"],
  ["a constructor type", inShell, "export type C = new (x: string) => object;\n"],
  ["an expected error in a test", "packages/core/src/x.test.ts", glue("// @ts-", "expect-error\nexport const x = 1;\n")],
  ["a bare error in a test", "packages/core/src/x.test.ts", "export const f = () => new Error('x');\n"],
  ["a class of errors", inShell, "export class HeddleError extends Error {}\n"],
  [
    "types from ports in the plugin SDK",
    "packages/plugin-sdk/src/x.ts",
    "import type { Journal } from '@heddle/ports';\nexport type J = Journal;\n",
    { "packages/plugin-sdk/package.json": manifest("plugin-sdk", needs("@heddle/ports")) },
  ],
  ["tracked unfinished work", inShell, glue("// TO", "DO(docs/known-gaps.md): finish\nexport {};\n")],
  [
    "a long file with a reason",
    inShell,
    `// Long.\n${lines(430, "export {};")}`,
    {
      "scripts/tidy/exceptions.json":
        '[{ "rule": "file-length", "path": "packages/runtime/src/shell/loop.ts", "maxLines": 450, "reason": "r" }]',
    },
  ],
  ["arrows and signs", "docs/x.md", "a \u2192 b \u2194 c \u2713 \u00a9\n"],
  [
    "the executors behind the gate",
    "packages/runtime/src/create-runtime.ts",
    "import { timer } from './executors/timer.ts';\nexport const t = timer;\n",
  ],
  ["generated code", "packages/wire/src/gen/other_name.ts", lines(900, 'export type { any } from "x";')],
];

function inTree(files, look) {
  const root = mkdtempSync(join(tmpdir(), "heddle-tidy-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return look(tidy(root));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const show = (found) => found.map(({ path, rule, message }) => `    ${path}: ${rule}: ${message}`).join("\n");
const failures = [];
const expect = (holds, name, found) => {
  if (!holds) failures.push(`${name}\n${show(found) || "    nothing was reported"}`);
};

inTree(clean, ({ faults: found }) => expect(found.length === 0, "the clean tree has no faults", found));
for (const [name, rule, path, text, further] of faults) {
  inTree({ ...clean, ...further, [path]: text }, ({ faults: found }) => {
    expect(
      found.some((fault) => fault.rule === rule && fault.path === path),
      `not caught: ${name}`,
      found,
    );
  });
}
for (const [name, path, text, further] of innocents) {
  inTree({ ...clean, ...further, [path]: text }, ({ faults: found }) => {
    expect(found.length === 0, `wrongly caught: ${name}`, found);
  });
}
const casts = "import { a as b } from '@heddle/core';\nexport const x = [b as string, b as const, (b) as number];\nexport { x as y };\n";
inTree({ ...clean, [inShell]: casts }, ({ tree }) => {
  const told = measure(tree).find((line) => line.startsWith("casts"));
  expect(told?.startsWith("casts: 2,") === true, `casts are miscounted: ${told}`, []);
});

for (const failure of failures) process.stderr.write(`tidy self-test: ${failure}\n`);
process.stdout.write(`tidy self-test: ${faults.length} faults planted, ${innocents.length} innocents, ${failures.length} wrong\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
