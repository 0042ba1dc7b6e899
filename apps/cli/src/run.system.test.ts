// `heddle run` as people and programs meet it: terminals, pipes, other terminals, interruptions.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { approvalSource, greetingSource, Workspace, waitingSource } from "./testing/workspace.ts";

describe("heddle run", () => {
  let space: Workspace;

  beforeEach(() => {
    space = new Workspace();
    space.write("greeting.ts", greetingSource);
    space.write("approval.ts", approvalSource);
    space.write("waiting.ts", waitingSource);
  });

  afterEach(async () => {
    await space[Symbol.asyncDispose]();
  }, 60_000);

  it("asks on a terminal, again when an answer does not fit, and also for runs below", async () => {
    const run = space.start(["run", "approval.ts", "--embedded"], { interactive: true });
    await run.sees("stderr", /\? Publish\?\n {2}yes or no: /);
    run.type("perhaps");
    await run.sees("stderr", /yes or no: {3}yes or no: /);
    run.type("yes");
    await run.sees("stderr", /\? How many copies\?\n {2}number, or !decline: /);
    run.type("many");
    await run.sees("stderr", /expected number\n {2}number, or !decline: /);
    run.type("3");
    await run.sees("stderr", /\? Sure about the child\?\n {4}go\n {2}yes or no: /);
    run.type("no");
    expect(await run.exit).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ approved: true, copies: 3 });
  });

  it("takes a question from the screen when somebody else answers it", async () => {
    await space.daemon();
    const run = space.start(["run", "approval.ts"], { interactive: true });
    await run.sees("stderr", /\? Publish\?\n {2}yes or no: /);
    const runId = /run_\w{26}/.exec(run.stderr)?.[0] ?? "";
    expect(await space.heddle("runs", "answer", runId, "yes")).toMatchObject({ code: 0 });
    await run.sees("stderr", /\? How many copies\?/);
    run.type("!decline");
    await run.sees("stderr", /Sure about the child\?/);
    run.type("yes");
    expect(await run.exit).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ copies: null, sure: true });
  });

  it("says yes by itself with --yes, and tells where values are answered", async () => {
    const run = space.start(["run", "approval.ts", "--yes", "--data", "d"]);
    const asked = await run.sees("stderr", /heddle runs answer (run_\w+) <value> --activation 2 --data d\n/);
    expect(run.stderr).toContain("answering yes, as --yes says: Publish?");
    expect(await space.heddle("runs", "answer", String(asked?.[1]), "2", "--data", "d")).toMatchObject({ code: 0 });
    expect(await run.exit).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual({ approved: true, copies: 2, sure: true });
  });

  it("prints events and the end as JSON lines, and nothing else on standard output", async () => {
    const run = space.start(["run", "greeting.ts", "--json", "--input-file", "-"], { input: '{"name":"ada"}' });
    expect(await run.exit, run.stderr).toBe(0);
    const lines = run.jsonLines;
    expect(lines[0]).toMatchObject({ seq: 1, event: { kind: "run-started", input: { name: "ada" } } });
    expect(lines.at(-2)).toMatchObject({ event: { kind: "run-succeeded" } });
    expect(lines.at(-1)).toEqual({ status: "succeeded", output: "hello ada" });
  });

  it("gives the same run for the same idempotency key, and refuses another input", async () => {
    await space.daemon();
    const argv = ["run", "greeting.ts", "--idempotency-key", "k", "--detach"];
    const first = await space.heddle(...argv, "--input", "name=ada");
    expect((await space.heddle(...argv, "--input", "name=ada")).stdout).toBe(first.stdout);
    expect((await space.heddle(...argv, "--input", "name=eve")).stderr).toMatch(/\(idempotency-conflict\)/);
    expect((await space.heddle("run", "--attach", first.stdout.trim())).stdout).toBe("hello ada\n");
  });

  it("refuses wrong inputs before anything starts", async () => {
    const missing = await space.heddle("run", "greeting.ts");
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("the workflow takes name: string") });
    expect(missing.stderr).not.toContain("embedded");
    expect(await space.heddle("run", "greeting.ts", "--workflow", "greting", "--json")).toMatchObject({
      code: 2,
      json: { error: { message: expect.stringContaining("did you mean greeting?") } },
    });
    expect((await space.heddle("run", "nowhere.ts")).stderr).toMatch(/does not exist/);
  });

  it("detaches at Ctrl-C, and the run goes on at its daemon", async () => {
    await space.daemon();
    const run = space.start(["run", "waiting.ts"]);
    await run.sees("stderr", /payment#1 waits/);
    run.interrupt();
    expect(await run.exit).toBe(130);
    const runId = /heddle run --attach (run_\w+)\n/.exec(run.stderr)?.[1] ?? "";
    const again = space.start(["run", "--attach", runId]);
    await again.sees("stderr", /attached to run \w+ of waiting \(waiting\)/);
    expect(await space.heddle("runs", "signal", runId, "paid", "7")).toMatchObject({ code: 0 });
    expect([await again.exit, again.stdout]).toEqual([0, "7\n"]);
  });

  it("goes on in its own process when the command whose daemon it used has ended", async () => {
    const host = space.start(["run", "waiting.ts"]);
    await host.sees("stderr", /payment#1 waits/);
    const guest = space.start(["run", "waiting.ts"]);
    await guest.sees("stderr", /payment#1 waits/);
    expect(guest.stderr).not.toContain("embedded");
    host.interrupt();
    expect(await host.exit).toBe(130);
    await guest.sees("stderr", /running embedded in \.\/\.heddle/);
    const runId = /run (run_\w+) of waiting started/.exec(guest.stderr)?.[1] ?? "";
    expect(await space.heddle("runs", "signal", runId, "paid", "8")).toMatchObject({ code: 0, stderr: "" });
    expect([await guest.exit, guest.stdout]).toEqual([0, "8\n"]);
  });

  it("uses the live daemon of a folder instead of embedding, and says so", async () => {
    await space.daemon("d");
    const run = await space.heddle("run", "greeting.ts", "--input", "name=ada", "--embedded", "--data", "d");
    expect(run.stderr).toMatch(/the data folder d has a live daemon at 127\.0\.0\.1:\d+; using that one/);
    expect(run.stdout).toBe("hello ada\n");
  });

  it("does not detach from a daemon that would end with it", async () => {
    const run = await space.heddle("run", "greeting.ts", "--input", "name=ada", "--detach");
    expect(run).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/heddle daemon \(daemon-unreachable\)$/m) });
  });

  it("fails where the named daemon does not answer, instead of bringing its own", async () => {
    const run = await space.heddle("run", "greeting.ts", "--input", "name=ada", "--target", "localhost:1");
    expect(run).toMatchObject({
      code: 1,
      stderr: "error: no daemon answers at localhost:1; start one with: heddle daemon --grpc-port 1 (daemon-unreachable)\n",
    });
  });
});
