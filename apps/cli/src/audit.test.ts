// The audit on the command line: what a daemon exports is verified without it, and found out when it is not as it was.
// Parity: HE5.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workspace } from "./testing/workspace.ts";

const readingSource = `import { buildWorkflow, t } from "@heddle/compiler/authoring";

export default buildWorkflow({ id: "reading", input: { path: t.string } }, (b, input) =>
  b.tool("readFile", { path: input.path }, { id: "read", capability: "fs.read" }),
);
`;

describe("heddle audit", () => {
  let space: Workspace;
  let runId: string;

  beforeAll(async () => {
    space = new Workspace();
    space.write("reading.ts", readingSource);
    space.write("notes.txt", "one\n");
    await space.daemon(".heddle", { tools: ["readFile"] });
    const { stdout, stderr } = await space.heddle("run", "reading.ts", "--input", "path=notes.txt", "--detach");
    expect(stdout, stderr).toMatch(/^run_/);
    runId = stdout.trim();
    await space.heddle("runs", "follow", runId);
    expect((await space.heddle("audit", "export", "-o", "audit.jsonl")).code).toBe(0);
    space.write("head.json", (await space.heddle("audit", "head", "--json")).stdout);
  }, 60_000);

  afterAll(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  const lines = () => readFileSync(join(space.folder, "audit.jsonl"), "utf8").trimEnd().split("\n");
  /** Verifies an export of these lines. */
  const verify = (some: readonly string[], ...more: string[]) => {
    space.write("changed.jsonl", `${some.join("\n")}\n`);
    return space.heddle("audit", "verify", "changed.jsonl", ...more);
  };

  it("writes the same to a file and to standard output, and finds it as it was made", async () => {
    expect((await space.heddle("audit", "export")).stdout.split("\n").slice(0, -2)).toEqual(lines().slice(0, -1));
    const good = await space.heddle("audit", "verify", "audit.jsonl", "--head", "head.json", "--key", "head.json");
    expect(good.stderr).toBe("");
    expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/^audit\.jsonl is as it was made\.\ntenant +default\n/)]);
    expect((await space.heddle("audit", "verify", "audit.jsonl", "--json")).json).toMatchObject({ valid: true, tenant: "default" });
    expect((await space.heddle("audit", "verify", "audit.jsonl")).stderr).toContain("--key");
    expect(statSync(join(space.folder, ".heddle", "audit-key.pem")).mode & 0o777).toBe(0o600);
  });

  it("names the first record that is not as it was", async () => {
    expect(lines().length).toBeGreaterThan(2);
    const changed = await verify(lines().with(1, (lines()[1] ?? "").replace(/"atMs":\d/, '"atMs":9')));
    expect([changed.code, changed.stderr]).toEqual([1, "error: changed.jsonl, line 2: record 1 was changed (changed)\n"]);
    const gone = await verify(lines().toSpliced(1, 1));
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining("record 1 is missing")]);
    const cut = await verify(lines().slice(0, -1));
    expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining("(unsigned)")]);
    expect((await verify([(lines()[0] ?? "").trim(), "{}"], "--json")).json).toMatchObject({
      valid: false,
      problem: { kind: "unreadable", line: 2 },
    });
  });

  it("explains a call, and knows none that is none", async () => {
    const told = await space.heddle("audit", "explain", `${runId}/1`);
    expect([told.code, told.stderr]).toEqual([0, ""]);
    expect(told.stdout).toMatch(/^capability +fs\.read$/m);
    expect(told.stdout).toMatch(/ verified +prepared: readFile \(fs\.read, read\); it may start$/m);
    expect(told.stdout).toMatch(/ verified +succeeded$/m);
    expect((await space.heddle("audit", "explain", `${runId}/99`)).stderr).toContain("(call-not-found)");
  });

  it("says what to do about files that are none of its own", async () => {
    expect(await space.heddle("audit", "verify", "no.jsonl")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no.jsonl cannot be read (ENOENT)"),
    });
    expect(await space.heddle("audit", "verify", "audit.jsonl", "--head", "notes.txt")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("heddle audit head --json > head.json"),
    });
    expect(await space.heddle("audit", "verify", "audit.jsonl", "--key", "notes.txt")).toMatchObject({ code: 2 });
    expect((await space.heddle("audit", "verify", "notes.txt")).stderr).toContain("line 1: the first line is not that of an audit export");
    expect(await space.heddle("audit", "export", "-o", "no/such/folder.jsonl")).toMatchObject({ code: 2 });
  });
});
