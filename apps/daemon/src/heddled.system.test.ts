import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClient } from "@heddle/client";
import { afterEach, describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("../bin/heddled.js", import.meta.url));
const lockModule = fileURLToPath(new URL("../dist/lock.js", import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

const folder = () => mkdtempSync(join(tmpdir(), "heddled-"));

interface Started {
  readonly child: ChildProcess;
  /** The first line on stdout; undefined when there was none. */
  readonly line: string | undefined;
  readonly errors: () => string;
  readonly exit: Promise<number | null>;
}

async function start(cwd: string, ...words: string[]): Promise<Started> {
  const env = { ...process.env, HEDDLE_HOME: join(cwd, "home") };
  const child = spawn(process.execPath, [program, ...words], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let errors = "";
  child.stderr?.on("data", (text) => {
    errors += String(text);
  });
  const exit = once(child, "close").then(([code]) => code as number | null);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const line = await Promise.race([once(lines, "line").then(([text]) => String(text)), exit.then(() => undefined)]);
  return { child, line, errors: () => errors, exit };
}

const anyPort = ["--grpc-port", "0", "--http-port", "0"] as const;
const addressOf = ({ line }: Started) => /grpc=(\S+)/.exec(line ?? "")?.[1] ?? "";

describe("heddled", () => {
  it("says when it is ready, answers who holds its token file, and ends in order", async () => {
    const cwd = folder();
    const daemon = await start(cwd, ...anyPort);
    const data = join(cwd, ".heddle");
    expect(daemon.line).toMatch(/^heddled ready grpc=127\.0\.0\.1:\d+ http=127\.0\.0\.1:\d+ data=\S+ pid=\d+$/);
    expect(daemon.line).toContain(`data=${data} pid=${daemon.child.pid}`);
    const target = addressOf(daemon);
    const tokens = join(cwd, "home", "tokens");
    expect(readdirSync(tokens)).toEqual([`localhost_${target.split(":")[1]}`]);
    for (const path of [join(tokens, readdirSync(tokens)[0] as string), join(data, "admin.token")]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    await using client = createClient({ target, env: { HEDDLE_HOME: join(cwd, "home") } });
    expect(await client.runtime.status()).toMatchObject({ storage: { kind: "sqlite", healthy: true } });
    expect(JSON.parse(readFileSync(join(data, "daemon.lock"), "utf8"))).toMatchObject({ pid: daemon.child.pid, address: target });
    daemon.child.kill("SIGTERM");
    expect(await daemon.exit).toBe(0);
    expect(existsSync(join(data, "daemon.lock"))).toBe(false);
  });

  it("keeps a second one out, names the first, and is succeeded after kill -9, token and all", async () => {
    const cwd = folder();
    const first = await start(cwd, ...anyPort, "--json");
    const { grpc } = JSON.parse(first.line ?? "{}") as { grpc: string };
    const second = await start(cwd, ...anyPort);
    expect(await second.exit).toBe(1);
    expect(second.errors()).toContain("data-folder-locked");
    expect(second.errors()).toContain(grpc);
    first.child.kill("SIGKILL");
    await first.exit;
    const third = await start(cwd, ...anyPort);
    await using client = createClient({ target: addressOf(third), env: { HEDDLE_HOME: join(cwd, "home") } });
    expect((await client.tokens.list()).rows).toHaveLength(1);
  });

  it("leaves one winner where many take over at once", async () => {
    const dataDir = folder();
    const dead = { pid: 2 ** 22 + 1, start: "x/1", address: "", startedAtMs: 1, incarnation: "inc_dead" };
    writeFileSync(join(dataDir, "daemon.lock"), JSON.stringify(dead));
    const contend = `
      const { lockDataFolder } = await import(${JSON.stringify(lockModule)});
      process.stdout.write('up\\n');
      process.stdin.once('data', () => {
        try { lockDataFolder(${JSON.stringify(dataDir)}, 'inc_' + process.pid, 1); process.stdout.write('won\\n'); }
        catch (error) { process.stdout.write(error.code + '\\n'); }
      });`;
    const contenders = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", contend], { stdio: ["pipe", "pipe", "inherit"] });
        children.push(child);
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        await lines.next();
        return { child, lines };
      }),
    );
    for (const { child } of contenders) child.stdin.write("go\n");
    const outcomes = await Promise.all(contenders.map(async ({ lines }) => String((await lines.next()).value)));
    expect(outcomes.sort()).toEqual([...Array.from({ length: 5 }, () => "data-folder-locked"), "won"]);
  });

  it.each([
    [["--grpc-host", "0.0.0.0"], "beyond loopback"],
    [["--http-host", "0.0.0.0"], "http.host is 0.0.0.0"],
    [["--grpc-prot", "1"], "did you mean --grpc-port?"],
    [["--config", "none.yaml"], "none.yaml"],
  ])("refuses %j with exit code 2", async (words, message) => {
    const cwd = folder();
    const daemon = await start(cwd, ...words);
    expect(await daemon.exit).toBe(2);
    expect(daemon.errors()).toContain(message);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("refuses a port that is taken, and lets go of the folder", async () => {
    const cwd = folder();
    const first = await start(cwd, ...anyPort);
    const other = folder();
    const second = await start(other, "--grpc-port", addressOf(first).split(":")[1] as string, "--http-port", "0");
    expect(await second.exit).toBe(2);
    expect(second.errors()).toContain("cannot listen");
    expect(existsSync(join(other, ".heddle", "daemon.lock"))).toBe(false);
  });
});
