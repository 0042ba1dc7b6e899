import { expect, test } from "vitest";
import { createSandboxProbe, type ProbeParts } from "./probe.ts";

function partsOf(parts: Partial<ProbeParts> = {}): ProbeParts & { readonly started: string[][] } {
  const started: string[][] = [];
  return {
    platform: "linux",
    path: "relative:/opt/bin:/usr/bin",
    isProgram: (path) => Promise.resolve(path === "/usr/bin/bwrap"),
    system: () => Promise.resolve({ folders: ["/usr"], links: [], settings: [] }),
    run({ line }) {
      started.push([...line]);
      return Promise.resolve({ exitCode: 0, output: line[1] === "--version" ? "bubblewrap 0.8.0\n" : "" });
    },
    ...parts,
    started,
  };
}

test("a sandbox is there once an empty program has run in one, and that is tried once", async () => {
  const parts = partsOf();
  const probe = createSandboxProbe(parts);
  expect(await Promise.all([probe(), probe()])).toMatchObject([{ kind: "available", name: "bubblewrap 0.8" }, { kind: "available" }]);
  expect(parts.started).toEqual([
    ["/usr/bin/bwrap", "--version"],
    ["/usr/bin/bwrap", "--args", "3", "--", "/bin/sh", "-c", ":"],
  ]);
});

test("without the program it says what to install", async () => {
  const probe = createSandboxProbe(partsOf({ isProgram: () => Promise.resolve(false) }));
  expect(await probe()).toEqual({
    kind: "unavailable",
    why: "there is no program bwrap in PATH",
    remedy: expect.stringContaining("apt-get install bubblewrap"),
  });
});

test("where it may not make namespaces it says so in the words of the program, and what to allow", async () => {
  const run: ProbeParts["run"] = ({ line }) =>
    Promise.resolve(
      line[1] === "--version"
        ? { exitCode: 0, output: "bubblewrap 0.11.0" }
        : { exitCode: 1, output: "bwrap: No permissions to create new namespace\n" },
    );
  expect(await createSandboxProbe(partsOf({ run }))()).toEqual({
    kind: "unavailable",
    why: "/usr/bin/bwrap is there and cannot make a sandbox: bwrap: No permissions to create new namespace",
    remedy: expect.stringContaining("allow user namespaces"),
  });
});

test("a program of that name that does not run gives none", async () => {
  const run: ProbeParts["run"] = () => Promise.resolve({ exitCode: undefined, output: "EACCES" });
  expect(await createSandboxProbe(partsOf({ run }))()).toMatchObject({ kind: "unavailable" });
});

test.each(["darwin", "win32"] as const)("there is none on %s", async (platform) => {
  expect(await createSandboxProbe(partsOf({ platform }))()).toMatchObject({ kind: "unavailable", why: expect.stringContaining(platform) });
});
