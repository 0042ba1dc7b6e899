// What a new user types in the first five minutes, and what is seen: the real launcher, real processes, a real daemon.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running } from "./testing/running.ts";

const greeting = `import { buildWorkflow, handler, t } from "@heddle/compiler/authoring";

export const greet = handler({ name: "greet" }, async (name: string) => "hello " + name);

export default buildWorkflow({ id: "greeting", input: { name: t.string } }, (b, input) => b.call(greet, input.name));
`;

const notes = `import { buildWorkflow, handler, t } from "@heddle/compiler/authoring";

export const draft = handler({ name: "draft" }, async (change: string) => "- " + change);

export default buildWorkflow({ id: "notes", input: { changes: t.array(t.string) } }, (b, input) => {
  const lines = b.map(input.changes, (change, item) => item.call(draft, change));
  const approval = b.approve({ id: "publish", prompt: "Publish these notes?", details: lines });
  return { lines, approved: approval.approved };
});
`;

const stubborn = `import { buildWorkflow, handler } from "@heddle/compiler/authoring";

export const sit = handler({ name: "sit" }, () => new Promise(() => setInterval(() => undefined, 1_000)));

export default buildWorkflow({ id: "stubborn" }, (b) => b.call(sit));
`;

describe("the first five minutes", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const started: Running[] = [];

  const heddle = (...words: string[]): Running => {
    const running = new Running(words, folder, env);
    started.push(running);
    return running;
  };
  const finished = async (...words: string[]) => {
    const running = heddle(...words);
    running.process.stdin.end();
    return { code: await running.exit, stdout: running.stdout, stderr: running.stderr };
  };

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-cli-")));
    const { HEDDLE_TARGET: _target, HEDDLE_DATA: _data, HEDDLE_TOKEN: _token, MN_GRPC_TARGET: _foreign, ...rest } = process.env;
    env = { ...rest, HEDDLE_HOME: join(folder, "home"), NO_COLOR: "1" };
    writeFileSync(join(folder, "greeting.ts"), greeting);
    writeFileSync(join(folder, "notes.ts"), notes);
    writeFileSync(join(folder, "stubborn.ts"), stubborn);
  });

  afterAll(async () => {
    for (const running of started) running.process.kill("SIGKILL");
    await Promise.all(started.map(({ exit }) => exit));
    rmSync(folder, { recursive: true, force: true });
  });

  it("says what it is, and checks a workflow without a daemon", async () => {
    expect(await finished("version")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^heddle \d+\.\d+\.\d+/) });
    const valid = await finished("validate", "greeting.ts");
    expect(valid.stderr).toBe("");
    expect(valid.stdout).toContain("Job bundle at 'greeting.ts' is valid.\n");
    expect(valid.code).toBe(0);
  }, 60_000);

  it("runs a workflow with nothing started, and says how to start a daemon", async () => {
    const run = await finished("run", "greeting.ts", "--input", "name=world");
    expect(run.stderr).toContain("heddle daemon");
    expect(run.stderr).toContain("greet");
    expect(run.stdout).toBe("hello world\n");
    expect(run.code).toBe(0);
  }, 60_000);

  it("leaves a run in the data folder on Ctrl-C, and goes on with it later", async () => {
    const run = heddle("run", "notes.ts", "--input", 'changes=["a map"]', "--data", "left");
    await run.sees("stderr", /heddle runs answer run_\w+ yes/);
    run.process.kill("SIGINT");
    const attach = await run.sees("stderr", /heddle run --attach (run_\w+) --data left/);
    expect(await run.exit).toBe(130);
    expect(run.stdout).toBe("");
    const later = await finished("run", "--attach", String(attach[1]), "--data", "left", "--yes");
    expect(JSON.parse(later.stdout)).toEqual({ lines: ["- a map"], approved: true });
    expect(later.code).toBe(0);
  }, 60_000);

  it("finds the daemon of the folder, waits for a person, and is answered from elsewhere", async () => {
    const daemon = heddle("daemon", "--grpc-port", "0", "--http-port", "0", "--json");
    await daemon.sees("stdout", /"ready":true/);

    const run = heddle("run", "notes.ts", "--input", 'changes=["a map","a clock"]');
    const asked = await run.sees("stderr", /heddle runs answer (run_\w+) yes/);
    const runId = String(asked[1]);
    expect(run.stderr).not.toContain("embedded");

    const why = await finished("why", runId);
    expect(why.stdout).toContain("publish asks: Publish these notes?");
    expect(why.stdout).toContain(`heddle runs answer ${runId} yes`);

    expect(await finished("runs", "answer", runId, "yes")).toMatchObject({ code: 0 });
    expect(await run.exit).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual({ lines: ["- a map", "- a clock"], approved: true });

    const listed = await finished("runs", "list", "--json");
    const { rows } = JSON.parse(listed.stdout) as { rows: { id: string; status: string }[] };
    expect(rows[0]).toMatchObject({ id: runId, status: "succeeded" });

    daemon.process.kill("SIGTERM");
    expect(await daemon.exit).toBe(0);
    const gone = await finished("runs", "list");
    expect(gone.code).toBe(1);
    expect(gone.stderr).toMatch(/^error: .*heddle daemon.* \(daemon-unreachable\)$/m);
  }, 90_000);

  it("ends at once at the second Ctrl-C, whatever a handler does", async () => {
    const run = heddle("run", "stubborn.ts", "--data", "stubborn");
    await run.sees("stderr", /sit#1 started/);
    run.process.kill("SIGINT");
    await run.sees("stderr", /heddle run --attach run_\w+ --data stubborn/);
    run.process.kill("SIGINT");
    expect(await run.exit).toBe(130);
  }, 60_000);

  it("stays with its run while the daemon is killed and started again", async () => {
    const first = heddle("daemon", "--grpc-port", "0", "--http-port", "0", "--data", "crash", "--json");
    const ready = await first.sees("stdout", /"grpc":"[^"]*:(\d+)"/);
    const run = heddle("run", "notes.ts", "--input", 'changes=["a map"]', "--data", "crash");
    const asked = await run.sees("stderr", /heddle runs answer (run_\w+) yes/);
    first.process.kill("SIGKILL");
    await first.exit;
    const second = heddle("daemon", "--grpc-port", String(ready[1]), "--http-port", "0", "--data", "crash", "--json");
    await second.sees("stdout", /"ready":true/);
    expect(await finished("runs", "answer", String(asked[1]), "yes", "--data", "crash")).toMatchObject({ code: 0 });
    expect(await run.exit).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual({ lines: ["- a map"], approved: true });
  }, 90_000);
});
