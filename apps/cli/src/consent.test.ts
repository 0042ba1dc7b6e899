// Approvals, interruptions, grants and tools on the command line, against a real daemon in this process.
// Parity: MI6, LC15.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ApprovalView } from "@heddle/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approvalSource, Workspace } from "./testing/workspace.ts";

const savingSource = `import { buildWorkflow, t } from "@heddle/compiler/authoring";

export default buildWorkflow({ id: "saving", input: { path: t.string } }, (b, input) =>
  b.tool("writeFile", { path: input.path, content: "saved" }, { id: "save", permission: "modify", capability: "fs.write" }),
);
`;

describe("consent on the command line", () => {
  let space: Workspace;

  beforeAll(async () => {
    space = new Workspace();
    space.write("saving.ts", savingSource);
    space.write("approval.ts", approvalSource);
    space.write("notes.txt", "one\ntwo\nthree\n");
    await space.daemon(".heddle", { tools: ["readFile", "writeFile"] });
  }, 60_000);

  afterAll(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  const detached = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr } = await space.heddle(...argv, "--detach");
    expect(stdout, stderr).toMatch(/^run_[0-9a-z]{26}\n$/);
    return stdout.trim();
  };
  /** What is asked of a run, once it is. */
  const asked = async (runId: string): Promise<ApprovalView> => {
    const following = space.start(["approvals", "follow", "--run", runId, "--json"]);
    await following.sees("stdout", /"asked"/);
    following.interrupt("SIGINT");
    expect(await following.exit).toBe(130);
    const { json } = await space.heddle("approvals", "show", runId, "--json");
    return json as ApprovalView;
  };
  const ended = async (runId: string) => {
    await space.heddle("runs", "follow", runId);
    return (await space.heddle("runs", "get", runId, "--json")).json;
  };
  const saving = (path: string) => detached("run", "saving.ts", "--input", `path=${path}`);

  it("an approval is listed, shown word for word, and given to what was shown", async () => {
    const runId = await saving("a.txt");
    const { id, call } = await asked(runId);
    expect((await space.heddle("approvals", "list")).stdout).toMatch(new RegExp(`^${id} +saving +save +writeFile +modify `, "m"));
    const shown = await space.heddle("approvals", "show", id);
    expect(shown.stdout).toMatch(/^tool +writeFile$/m);
    expect(shown.stdout).toMatch(new RegExp(`^hash +${call?.hash}$`, "m"));
    expect(shown.stdout).toContain("a.txt");
    expect(existsSync(join(space.folder, "a.txt"))).toBe(false);
    const given = await space.heddle("approvals", "approve", runId.slice(-8), "--comment", "fine");
    expect([given.code, given.stdout]).toEqual([0, `approved save of run ${runId}\n`]);
    expect(given.stderr).toContain(`${call?.hash}`);
    expect(await ended(runId)).toMatchObject({ status: "succeeded" });
    expect(readFileSync(join(space.folder, "a.txt"), "utf8")).toBe("saved");
    expect(await space.heddle("approvals", "approve", id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/none of the open approvals has the id .* \(approval-not-found\)\n {2}see what is asked/),
    });
  });

  it("a call that is not the one that was seen is not approved", async () => {
    const runId = await saving("b.txt");
    const { id } = await asked(runId);
    expect(await space.heddle("approvals", "approve", id, "--hash", `sha256:${"0".repeat(64)}`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\(call-changed\)\n {2}look at the call as it is now/),
    });
    expect(await space.heddle("approvals", "approve", id, "--hash", "0000")).toMatchObject({ code: 2 });
    expect(await space.heddle("approvals", "reject", runId, "--comment", "not today", "--json")).toMatchObject({
      code: 0,
      json: { id, rejected: true },
    });
    expect(await ended(runId)).toMatchObject({ status: "failed", failure: { code: "rejected", message: "not today" } });
    expect(existsSync(join(space.folder, "b.txt"))).toBe(false);
  });

  it("what means several is not guessed", async () => {
    const runs = [await saving("c.txt"), await saving("d.txt")];
    for (const runId of runs) await asked(runId);
    expect(await space.heddle("approvals", "show", "run_")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/"run_" means several: .*\(save\), .*\(save\)/),
    });
    expect(await space.heddle("approvals", "show", "nope")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("(approval-not-found)"),
    });
    expect(await space.heddle("approvals", "list", "--run", "x")).toMatchObject({ code: 2 });
    for (const runId of runs) expect(await space.heddle("approvals", "reject", runId)).toMatchObject({ code: 0 });
  });

  it("an inbox is followed as lines, and as JSON", async () => {
    const following = space.start(["approvals", "follow"]);
    const runId = await saving("e.txt");
    await following.sees("stdout", new RegExp(`^asked +${runId}/1 +saving/save +writeFile `, "m"));
    await space.heddle("approvals", "reject", runId);
    await following.sees("stdout", new RegExp(`^closed +${runId}/1$`, "m"));
    following.interrupt("SIGINT");
    expect(await following.exit).toBe(130);
  });

  it("questions are listed, answered by type and declined", async () => {
    const ask = async () => {
      const runId = await detached("run", "approval.ts");
      await asked(runId);
      expect(await space.heddle("approvals", "approve", runId)).toMatchObject({ code: 0 });
      await space.start(["runs", "follow", runId]).sees("stdout", /-> copies#2/);
      return runId;
    };
    const runId = await ask();
    expect((await space.heddle("interruptions", "list", "--run", runId)).stdout).toMatch(new RegExp(`^${runId}/2 `, "m"));
    expect(await space.heddle("interruptions", "answer", runId, "many")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("(answer-invalid)"),
    });
    expect(await space.heddle("interruptions", "answer", runId, "3", "--json")).toMatchObject({
      code: 0,
      json: { id: `${runId}/2`, answered: true },
    });
    await space.heddle("runs", "cancel", runId);
    const declined = await ask();
    expect((await space.heddle("interruptions", "decline", declined, "--comment", "ask ops")).stdout).toBe(
      `declined to answer copies of run ${declined}\n`,
    );
    expect((await space.heddle("interruptions", "list", "--run", declined)).stderr).toBe("none\n");
    expect(await space.heddle("interruptions", "decline", declined)).toMatchObject({ code: 1 });
    await space.heddle("runs", "cancel", declined);
  });

  it("grants let calls go ahead, as many as they say, and are revoked", async () => {
    const bundle = (await space.heddle("bundles", "put", "saving.ts")).stdout.trim();
    const create = (...more: string[]) => space.heddle("grants", "create", "fs.write", "--bundle", bundle, ...more);
    expect(await create()).toMatchObject({ code: 2, stderr: expect.stringContaining("--reason") });
    expect(await create("--reason", "x", "--for", "soon")).toMatchObject({ code: 2 });
    expect(await create("--reason", "x", "--where", "path")).toMatchObject({ code: 2, stderr: expect.stringContaining("no expression") });
    expect(await create("--reason", "x", "--run", "run_x")).toMatchObject({ code: 2 });
    expect(await space.heddle("grants", "create", "os.shell", "--bundle", bundle, "--reason", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("(grant-invalid)"),
    });
    const made = await create("--path", "workspace:out/", "--count", "1", "--for", "1h", "--reason", "a migration", "--json");
    expect(made.json).toMatchObject({ count: 1, paths: ["workspace:out/"], reason: "a migration", by: "admin" });
    const { id } = made.json as { id: string };
    const runId = await saving("out/1.txt");
    expect(await ended(runId)).toMatchObject({ status: "succeeded" });
    expect((await space.heddle("grants", "list")).stderr).toBe("none\n");
    expect((await space.heddle("grants", "list", "--ended")).stdout).toMatch(
      new RegExp(`^${id} +fs\\.write +any .* 1 of 1 .*a migration`, "m"),
    );
    expect(await space.heddle("grants", "revoke", id)).toMatchObject({ code: 0, stdout: `grant ${id} is revoked\n` });
    expect(await space.heddle("grants", "revoke", "x")).toMatchObject({ code: 2 });
    expect(await space.heddle("grants", "revoke", `grt_${"0".repeat(26)}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("(grant-not-found)"),
    });
  });

  it("tools are listed and called, and ask before they change something", async () => {
    expect((await space.heddle("tools", "list")).stdout).toMatch(/^readFile +fs\.read +read +path \[offset\] \[limit\] /m);
    expect((await space.heddle("tools", "list", "--capability", "fs.write", "--json")).json).toMatchObject({
      rows: [{ name: "writeFile" }],
    });
    const read = await space.heddle("tools", "call", "readFile", "--arg", "path=notes.txt", "--arg", "limit=2");
    expect(read.code, read.stderr).toBe(0);
    expect(JSON.parse(read.stdout)).toMatchObject({ content: "one\ntwo\n", truncated: true });
    const runId = await detached("tools", "call", "writeFile", "--arg", "path=f.txt", "--arg", "content=12");
    expect((await asked(runId)).call).toMatchObject({ tool: "writeFile" });
    expect(await space.heddle("approvals", "approve", runId)).toMatchObject({ code: 0 });
    expect(await ended(runId)).toMatchObject({ status: "succeeded" });
    expect(readFileSync(join(space.folder, "f.txt"), "utf8")).toBe("12");
    expect(await space.heddle("tools", "call", "readFlie")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/did you mean readFile\?\) \(tool-not-found\)\n {2}see which tools there are/),
    });
    expect(await space.heddle("tools", "call", "readFile", "--arg", "pth=x")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("(input-invalid)"),
    });
    expect(await space.heddle("tools", "call", "readFile", "--arg", "path=../secret")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/path-escapes-root|call-denied/),
    });
  });
});
