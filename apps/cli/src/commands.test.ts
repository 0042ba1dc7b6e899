// Every command against a real daemon, in this process.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approvalSource, failingSource, greetingSource, Workspace, waitingSource } from "./testing/workspace.ts";

describe("commands", () => {
  let space: Workspace;
  let target: string;

  beforeAll(async () => {
    space = new Workspace();
    space.write("greeting.ts", greetingSource);
    space.write("waiting.ts", waitingSource);
    space.write("failing.ts", failingSource);
    space.write("approval.ts", approvalSource);
    space.write(
      "broken.ts",
      'import { buildWorkflow } from "@heddle/compiler/authoring";\nimport "left-pad";\nexport default buildWorkflow({ id: "x" }, () => 1);\n',
    );
    target = (await space.daemon()).address;
  }, 60_000);

  afterAll(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  const detached = async (file: string, ...more: string[]): Promise<string> => {
    const { stdout, stderr } = await space.heddle("run", file, "--detach", ...more);
    expect(stdout, stderr).toMatch(/^run_[0-9a-z]{26}\n$/);
    return stdout.trim();
  };
  const ended = async (runId: string) => space.heddle("runs", "follow", runId);

  it("validate tells all problems with file and line, and what would do", async () => {
    const bad = await space.heddle("validate", "broken.ts");
    expect(bad.stderr).toMatch(/broken\.ts:2: imports the package left-pad/);
    expect(bad.stderr).toMatch(/^error: broken\.ts has one problem \(bundle-invalid\)$/m);
    expect([bad.code, bad.stdout]).toEqual([1, ""]);
    expect((await space.heddle("validate", "broken.ts", "--json")).json).toMatchObject({
      valid: false,
      problems: [{ path: expect.any(String), message: expect.any(String) }],
    });
    expect((await space.heddle("validate", "greeting.ts", "--json")).json).toMatchObject({ valid: true, problems: [] });
    expect((await space.heddle("validate", "greeting.ts")).stdout).toContain(
      "Job bundle at 'greeting.ts' is valid.\n  - Main workflow: greeting\n",
    );
  });

  it("run refuses a file with problems before any daemon is asked", async () => {
    const { code, stderr, stdout } = await space.heddle("run", "broken.ts", "--target", "localhost:1");
    expect(stderr).toMatch(/broken\.ts:2: /);
    expect([code, stdout]).toEqual([1, ""]);
    expect((await space.heddle("run", "broken.ts", "--json")).json).toMatchObject({
      error: { code: "bundle-invalid", details: { problems: [{ path: expect.any(String) }] } },
    });
  });

  it("bundles are stored once, shown and deleted", async () => {
    const put = await space.heddle("bundles", "put", "greeting.ts");
    const hash = put.stdout.trim();
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await space.heddle("bundles", "put", "greeting.ts")).stdout.trim()).toBe(hash);
    expect((await space.heddle("bundles", "get", hash)).stdout).toContain("greeting: the workflow takes name: string");
    expect((await space.heddle("bundles", "list", "--json")).json).toMatchObject({
      rows: expect.arrayContaining([expect.objectContaining({ hash })]),
    });
    expect(await space.heddle("bundles", "delete", hash)).toMatchObject({ code: 0 });
    const gone = await space.heddle("bundles", "get", hash);
    expect(gone.stderr).toMatch(/\(bundle-not-found\)\n {2}see which bundles there are: heddle bundles list\n/);
    expect(gone.code).toBe(1);
  });

  it("a run is listed, shown, followed and read from the start", async () => {
    const runId = await detached("greeting.ts", "--input", "name=ada");
    expect(await ended(runId)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/run-started {2}greeting[\s\S]*run-succeeded {2}"hello ada"\n$/),
    });
    expect((await space.heddle("runs", "list", "--workflow", "greeting")).stdout).toMatch(
      new RegExp(`^${runId} {2}succeeded {2}greeting`, "m"),
    );
    expect((await space.heddle("runs", "get", runId)).stdout).toMatch(/^output +"hello ada"$/m);
    expect((await space.heddle("runs", "get", runId, "--json")).json).toMatchObject({ id: runId, output: "hello ada" });
    const all = await space.heddle("runs", "events", runId, "--json");
    const later = await space.heddle("runs", "events", runId, "--json", "--after", "1");
    expect(all.stdout.split("\n").slice(1)).toEqual(later.stdout.split("\n"));
    expect((await space.heddle("runs", "logs", runId, "--follow")).stdout).toMatch(/info {3}greet#1 {2}greeting ada/);
    expect((await space.heddle("why", runId)).stdout).toMatch(/^run \w+ succeeded at /);
    expect(await space.heddle("runs", "delete", runId)).toMatchObject({ code: 0 });
    expect((await space.heddle("runs", "get", runId)).stderr).toMatch(/\(run-not-found\)\n {2}see which runs there are/);
  });

  it("a waiting run says why, is paused and resumed, takes its signal and answers a query", async () => {
    const runId = await detached("waiting.ts");
    await space.start(["runs", "follow", runId]).sees("stdout", /-> payment#1/);
    expect((await space.heddle("why", runId)).stdout).toMatch(
      /- payment waits for the signal paid\.\n {4}heddle runs signal run_\w+ paid null\n/,
    );
    expect((await space.heddle("runs", "query", runId, "step")).stdout).toBe("paying\n");
    expect((await space.heddle("runs", "query", runId, "stp")).stderr).toMatch(/\(query-not-found\)/);
    expect(await space.heddle("runs", "pause", runId, "--reason", "lunch")).toMatchObject({ code: 0 });
    expect((await space.heddle("runs", "list", "--status", "paused", "--json")).json).toMatchObject({ rows: [{ id: runId }] });
    expect(await space.heddle("runs", "resume", runId)).toMatchObject({ code: 0 });
    expect((await space.heddle("runs", "resume", runId)).stderr).toMatch(/\(run-not-paused\)\n {2}see what it waits for: heddle why run_/);
    expect(await space.heddle("runs", "signal", runId, "paid", "{amount}")).toMatchObject({ code: 2 });
    expect(await space.heddle("runs", "signal", runId, "paid", '{"amount":12}')).toMatchObject({ code: 0 });
    expect((await ended(runId)).code).toBe(0);
    expect((await space.heddle("runs", "get", runId, "--json")).json).toMatchObject({ output: { amount: 12 } });
  });

  it("questions are answered by node, and a wrong answer is told", async () => {
    const runId = await detached("approval.ts");
    const watching = space.start(["runs", "follow", runId]);
    await watching.sees("stdout", /-> publish#1/);
    expect((await space.heddle("runs", "get", runId)).stdout).toContain(`heddle runs answer ${runId} yes --activation 1`);
    expect(await space.heddle("runs", "answer", runId, "perhaps")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("neither yes nor no"),
    });
    expect(await space.heddle("runs", "answer", runId)).toMatchObject({ code: 2 });
    expect(await space.heddle("runs", "answer", runId, "yes", "--node", "publish", "--comment", "fine")).toMatchObject({ code: 0 });
    await watching.sees("stdout", /-> copies#2/);
    expect(await space.heddle("runs", "answer", runId, "many")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\(answer-invalid\)/),
    });
    expect(await space.heddle("runs", "answer", runId, "3")).toMatchObject({ code: 0 });
    expect(await space.heddle("runs", "cancel", runId, "--wait")).toMatchObject({ code: 0, stdout: `run ${runId} has ended: cancelled\n` });
    expect((await watching.exit) as number).toBe(1);
    expect((await space.heddle("runs", "cancel", runId)).stderr).toMatch(/\(run-ended\)/);
  });

  it("a failed run is told with its failure, and retried from where it failed", async () => {
    const failed = await space.heddle("run", "failing.ts", "--json");
    expect(failed.json).toMatchObject({ status: "failed", failure: { message: "out of steam" } });
    expect(failed.code).toBe(1);
    const told = await space.heddle("run", "failing.ts");
    expect([told.code, told.stdout]).toEqual([1, ""]);
    const runId = /^error: run (run_\w+) failed: out of steam/m.exec(told.stderr)?.[1] ?? "";
    expect((await space.heddle("why", runId)).stdout).toMatch(/failed at .*: out of steam/);
    const retried = await space.heddle("runs", "retry", runId, "--from", "burst");
    expect(retried.stdout).toContain(`run ${runId} goes on from burst, as activation 2`);
    expect(retried.stdout).toContain("new idempotency keys");
    expect((await space.heddle("run", "--attach", runId)).code).toBe(1);
  });

  it("calls are listed, and one that is not there cannot be settled", async () => {
    expect((await space.heddle("calls", "list", "--json")).json).toEqual({ rows: [] });
    const call = "run_00000000000000000000000000/1";
    expect(await space.heddle("calls", "settle", call)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("one of --succeeded [json], --failed [message], --retry"),
    });
    expect(await space.heddle("calls", "settle", call, "--retry", "--failed")).toMatchObject({ code: 2 });
    expect(await space.heddle("calls", "settle", call, "--succeeded", '{"a":1}')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\((call|run)-not-found\)/),
    });
    expect(await space.heddle("calls", "list", "--status", "strated")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean started?"),
    });
  });

  it("tokens are made, work at once, are listed and revoked", async () => {
    const made = await space.heddle("tokens", "create", "--subject", "ada", "--role", "operator", "--json");
    const { token, secret } = made.json as { token: { id: string }; secret: string };
    const asAda = async (...argv: string[]) => {
      const terminal = space.start([...argv, "--target", target], { env: { ...space.env, HEDDLE_TOKEN: secret } });
      return { code: await terminal.exit, stderr: terminal.stderr };
    };
    expect(await asAda("runs", "list")).toMatchObject({ code: 0 });
    expect((await asAda("tokens", "list")).stderr).toMatch(/\(permission-denied\)\n {2}an admin gives roles with: heddle tokens create/);
    expect((await space.heddle("tokens", "list")).stdout).toMatch(new RegExp(`^${token.id} {2}ada`, "m"));
    expect(await space.heddle("tokens", "revoke", token.id)).toMatchObject({ code: 0 });
    expect((await asAda("runs", "list")).stderr).toMatch(/\(unauthenticated\)/);
    expect(await space.heddle("tokens", "create", "--subject", "ada", "--role", "oprator")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean operator?"),
    });
  });

  it("status names the daemon", async () => {
    expect((await space.heddle("status")).stdout).toContain(`daemon     ${target} (version `);
    expect((await space.heddle("status", "--json")).json).toMatchObject({ target, storage: { healthy: true } });
  });
});
