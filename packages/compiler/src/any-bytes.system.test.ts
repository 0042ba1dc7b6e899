/** Any byte sequence gives diagnostics: never a throw, never a crash, however deep or long. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../test/compile-any-bytes.ts", import.meta.url));

test.each([1, 2])(
  "whatever the bytes (seed %i), there are diagnostics",
  (seed) => {
    // A small stack: recursion that grows with the source would show.
    const args = ["--stack-size=400", "--no-warnings", program, String(seed)];
    const child = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 110_000 });
    expect({ status: child.status, signal: child.signal, stderr: child.stderr.slice(0, 2_000) }).toEqual({
      status: 0,
      signal: null,
      stderr: "",
    });
    expect(child.stdout).toMatch(/^\d+ compiled\n$/);
  },
  120_000,
);

test("TypeScript that nests or chains without end is compiled or refused, and ends no process", () => {
  const deep = fileURLToPath(new URL("../test/compile-deep-typescript.ts", import.meta.url));
  const child = spawnSync(process.execPath, ["--no-warnings", deep], { encoding: "utf8", timeout: 110_000 });
  expect({ status: child.status, signal: child.signal, stdout: child.stdout, stderr: child.stderr.slice(0, 2_000) }).toEqual({
    status: 0,
    signal: null,
    stdout: "62 compiled\n",
    stderr: "",
  });
}, 120_000);
