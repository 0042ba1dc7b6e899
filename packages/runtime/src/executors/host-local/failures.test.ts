import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ProcessWorld, resultOf } from "../../../test/process-world.ts";
import { redactionOf } from "./secrets.ts";

const secret = "s3cr3t-0f-th3-h0st";
let world: ProcessWorld;
beforeEach(async () => {
  world = await ProcessWorld.open({ host: { API_TOKEN: secret, ACCOUNT: "account-4711", MULTI: "first line of it\nsecond line of it" } });
});
afterEach(() => world.close());

describe("how a program fails", () => {
  test("another exit code than 0: with the last lines that it wrote to standard error", async () => {
    const code = `for (let i = 1; i <= 30; i++) console.error("line " + i); console.error(""); process.exitCode = 3;`;
    const outcome = await world.worker(code);
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: { code: "process-failed", message: "work exited with code 3: line 30", class: "handler", retryable: true, node: "work" },
    });
    expect(outcome).toMatchObject({
      failure: { details: { exitCode: 3, stderr: Array.from({ length: 20 }, (_, i) => `line ${i + 11}`) } },
    });
  });

  test("an exception that nobody caught", async () => {
    expect(await world.worker(`throw new RangeError("out of it")`)).toMatchObject({
      failure: { code: "process-failed", details: { exitCode: 1, stderr: expect.arrayContaining(["RangeError: out of it"]) } },
    });
  });

  test.each(["connection refused by peer", "upstream UNAVAILABLE", "the call timed out"])("'%s' is transient", async (text) => {
    expect(await world.worker(`console.error(${JSON.stringify(text)}); process.exit(1)`)).toMatchObject({
      failure: { class: "transient", code: "process-failed", retryable: true },
    });
  });

  test("a crash of its own is a failure; an end from outside leaves the outcome unknown", async () => {
    expect(await world.worker(`process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000)`)).toMatchObject({
      kind: "failed",
      failure: { code: "process-failed", message: "work crashed with SIGSEGV", details: { signal: "SIGSEGV" } },
    });
    const killed = `process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000)`;
    expect(await world.worker(killed)).toEqual({ kind: "lost", message: "the process of work was ended by SIGKILL", counted: false });
    expect(await world.worker(killed, {}, { attempt: 6 })).toMatchObject({ kind: "lost", counted: true });
  });

  test("a program that is not there, or may not be run", async () => {
    await world.payload("plain.txt", "no program");
    const absent = {
      code: "executor-unavailable",
      class: "handler",
      retryable: false,
      message: expect.stringContaining("there is no program"),
    };
    expect(await world.execute({ command: ["heddle-no-such-program"] })).toMatchObject({ kind: "failed", failure: absent });
    expect(await world.execute({ command: ["./absent.sh"] })).toMatchObject({ kind: "failed", failure: absent });
    const folderAsProgram = await world.execute({ command: ["./plain.txt"], upload_path: "plain.txt" });
    expect(folderAsProgram).toMatchObject({ kind: "failed", failure: { code: "process-failed" } });
  });

  test("what no program can be given", async () => {
    expect(await world.execute({ command: [process.execPath, "a\0b"] })).toMatchObject({ failure: { code: "executor-unavailable" } });
    expect(await world.worker("say({})", { content_encoding: "br" })).toMatchObject({
      failure: { code: "input-invalid", message: 'unsupported content_encoding "br"' },
    });
  });

  test("a result that is too large for a run", async () => {
    const large = "x".repeat(7 * 1024 * 1024);
    const outcome = await world.worker(`process.stdout.write("y".repeat(2e6))`, { max_output_bytes: 4_000_000 }, { input: { large } });
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "value-too-large" } });
  });
});

describe("uploads", () => {
  const listing = "say({ files: fs.readdirSync('.') })";
  const denied = { kind: "failed", failure: { code: "path-escape", class: "denied", retryable: false } };

  test.each(["..", "../other", "a/../../b", "/etc/passwd", "/", "a\\..\\..\\b", "C:/x", "a\0b"])("%j is no source", async (source) => {
    await world.payload("a/file.txt", "text");
    expect(await world.worker(listing, { uploads: [{ source, target: "x" }] })).toMatchObject(denied);
    expect(await world.worker(listing, { upload_path: source, upload_as: "x" })).toMatchObject(denied);
  });

  test.each(["..", "../x", "/opt/x", "a/../../x", "/sandbox/job/../x", "/sandbox/jobs"])("%j is no target", async (target) => {
    await world.payload("a/file.txt", "text");
    expect(await world.worker(listing, { uploads: [{ source: "a", target }] })).toMatchObject(denied);
  });

  test("that are not there", async () => {
    await world.payload("a/file.txt", "text");
    const absent = {
      kind: "failed",
      failure: { code: "bundle-invalid", class: "invalid", message: "upload source does not exist: a/fil" },
    };
    expect(await world.worker(listing, { uploads: [{ source: "a/fil" }] })).toMatchObject(absent);
    world.list("gone.txt", "text");
    const gone = await world.worker(listing, { uploads: [{ source: "gone.txt" }] });
    expect(gone).toMatchObject({ failure: { code: "bundle-invalid", message: "upload source does not exist: gone.txt" } });
  });

  test("that somebody replaced by a link, file or folder, are not followed", async () => {
    const spare = await world.spare();
    await writeFile(join(spare, "outside.txt"), "not yours");
    await symlink(join(spare, "outside.txt"), join(world.folder, "link.txt"));
    await symlink(spare, join(world.folder, "folder"));
    await symlink("inside.txt", join(world.folder, "near.txt"));
    await writeFile(join(world.folder, "inside.txt"), "inside");
    for (const path of ["link.txt", "folder/outside.txt", "near.txt"]) {
      world.list(path, "not yours");
      expect(await world.worker(listing, { uploads: [{ source: path }] })).toMatchObject({
        kind: "failed",
        failure: { code: "path-escape", class: "denied", message: `the upload "${path}" is a symbolic link` },
      });
    }
  });

  test("that would lie on each other, or on what the contract puts there", async () => {
    await world.payload("a/x.txt", "a");
    await world.payload("b/x.txt", "b");
    const both = await world.worker(listing, {
      uploads: [
        { source: "a", target: "c" },
        { source: "b", target: "c" },
      ],
    });
    expect(both).toMatchObject({
      failure: { code: "bundle-invalid", message: "two uploads of work have the place c/x.txt: a/x.txt and b/x.txt" },
    });
    const over = await world.worker(listing, { uploads: [{ source: "a/x.txt", target: "mirror_neuron_input.json" }] });
    expect(over).toMatchObject({ failure: { code: "bundle-invalid", message: expect.stringContaining("would replace") } });
    const nameless = await world.worker(listing, { uploads: [{ source: "a/x.txt", target: "." }] });
    expect(nameless).toMatchObject({ failure: { code: "bundle-invalid", message: expect.stringContaining("needs a name") } });
  });

  test("what lies in the folder and is not in the manifest is not given", async () => {
    await world.payload("a/x.txt", "a");
    await mkdir(join(world.folder, "a/more"));
    await writeFile(join(world.folder, "a/more/stray.txt"), "stray");
    const { output } = await world.result("say({ files: fs.readdirSync('a', { recursive: true }) })", { upload_path: "a" });
    expect(output).toEqual({ files: ["x.txt"] });
  });
});

test.each(["*", "AWS_*", "A?", "A=B", "", "A B"])("pass_env takes exact names, and not %j", async (name) => {
  const refused = { kind: "failed", failure: { code: "capability-denied", class: "denied" } };
  expect(await world.worker("say(env)", { pass_env: [name] })).toMatchObject(refused);
  expect(await world.worker("say(env)", {}, { node: { passEnv: [name] } })).toMatchObject(refused);
});

describe("secrets", () => {
  test("are in no log and no failure, however they are printed", async () => {
    const outcome = await world.worker(
      `console.error("token " + env.API_TOKEN + " of " + env.ACCOUNT); console.log("x".repeat(8180) + env.API_TOKEN);
       console.error(JSON.stringify(env.MULTI), env.MULTI, "password " + env.DB_PASSWORD, env.MODE, env.DB); process.exit(1)`,
      {
        pass_env: ["API_TOKEN", "ACCOUNT", "MULTI"],
        environment: { DB_PASSWORD: "hunter22", MODE: "fast-mode", DB: "postgres://me:passme@db/x" },
      },
    );
    const seen = JSON.stringify([outcome, world.said]);
    for (const gone of [secret, secret.slice(0, 8), "account-4711", "second line", "hunter22", "passme"]) expect(seen).not.toContain(gone);
    expect(seen).toContain("token [redacted] of [redacted]");
    expect(seen).toContain("fast-mode");
  });

  test("are removed from captured output, which stays JSON; plain data that was passed on stays", async () => {
    const result = await world.result("say({ token: env.API_TOKEN, account: env.ACCOUNT })", { pass_env: ["API_TOKEN", "ACCOUNT"] });
    expect(result.output).toEqual({ token: "[redacted]", account: "account-4711" });
    expect(JSON.stringify(result)).not.toContain(secret);
  });

  test("flags and small numbers are none", () => {
    const redaction = redactionOf({ AUTH_ENABLED: "true", KEY_COUNT: "5000", TOKEN: "abc" }, { HOME: "/home/somebody" });
    expect(redaction.inTelling("true 5000 abc /home/somebody")).toBe("true 5000 abc /home/somebody");
    expect(redactionOf({ KEY: "a.b*c(d" }, {}).inOutput("a.b*c(d aXbbc(d")).toBe("[redacted] aXbbc(d");
  });
});

test("the folder of an attempt is gone, whatever came of it", async () => {
  const folders = async (): Promise<readonly string[]> => {
    const result = resultOf(await world.execute({ command: 'ls -d "$(dirname "$MN_INPUT_FILE")"/../leftover-* 2>/dev/null || true' }));
    return result.sandbox.stdout.split("\n").filter((line) => line !== "");
  };
  await world.worker("process.exit(1)", { name_prefix: "leftover" });
  await world.worker("setInterval(() => {}, 1000)", { name_prefix: "leftover", timeout_seconds: 0.05 });
  await world.worker("fs.mkdirSync('a'); fs.writeFileSync('a/b', 'x'); say({})", { name_prefix: "leftover" });
  await world.worker("say({})", { name_prefix: "leftover", workdir: "../x" });
  await vi.waitFor(async () => expect(await folders()).toEqual([]));
});
