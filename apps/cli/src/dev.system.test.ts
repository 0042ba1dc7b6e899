// `heddle dev` as its user sees it: the real launcher behind pipes, files that are saved, broken, mended and deleted.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Running } from "./testing/running.ts";

const flow = (word: string): string => `import { handler, workflow } from "@heddle/compiler/authoring";

export const greet = handler({ name: "greet" }, async (name: string): Promise<string> => "${word} " + name);

export default workflow({ name: "greeting" }, async (input: { name: string }): Promise<string> => {
  return await greet(input.name);
});
`;

const asking = (word: string): string => `import { approval, handler, workflow } from "@heddle/compiler/authoring";

export const tell = handler({ name: "tell" }, async (name: string): Promise<string> => "${word} " + name);

export default workflow({ name: "asking" }, async (input: { name: string }): Promise<string> => {
  const answer = await approval({ prompt: "Tell?" });
  return answer.approved ? await tell(input.name) : "nothing";
});
`;

describe("heddle dev", { timeout: 90_000 }, () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let started: Running[];

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-dev-")));
    started = [];
    const { HEDDLE_TARGET: _target, HEDDLE_DATA: _data, HEDDLE_TOKEN: _token, MN_GRPC_TARGET: _foreign, ...rest } = process.env;
    const ports = { HEDDLE_GRPC_PORT: "0", HEDDLE_HTTP_PORT: "0", HEDDLE_HANDLER_PROCESSES: "1" };
    env = { ...rest, ...ports, HEDDLE_HOME: join(folder, "home"), NO_COLOR: "1" };
  });

  afterEach(async () => {
    for (const running of started) running.process.kill("SIGKILL");
    await Promise.all(started.map(({ exit }) => exit));
    rmSync(folder, { recursive: true, force: true });
  });

  const save = (name: string, text: string): void => writeFileSync(join(folder, name), text);
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
  const stopped = async (running: Running): Promise<number | null> => {
    running.process.kill("SIGINT");
    return running.exit;
  };

  it("compiles and loads at every save, and a broken one does not end it", async () => {
    save("flow.ts", flow("hello"));
    const dev = heddle("dev");
    const [, first] = await dev.sees("stderr", /^loaded ([0-9a-f]{8}) \(greeting of flow\.ts\)$/m);

    save("flow.ts", flow("hello").replace("input.name", "Math.random()"));
    await dev.sees("stderr", new RegExp(`flow\\.ts does not compile; ${first} stays loaded`));
    expect(dev.stderr).toContain("error[HD3213]: `Math.random()` asks the machine that runs it\n --> flow.ts:6:22\n");
    expect(dev.stderr).toContain("= help: ask in a handler");

    save("flow.ts", flow("good day"));
    const [, second] = await dev.sees("stderr", /^reloaded ([0-9a-f]{8}) /m);
    expect(second).not.toBe(first);
    expect(existsSync(join(folder, ".heddle", "daemon.lock"))).toBe(true);
    expect((await finished("bundles", "list", "--json")).stdout).toContain(String(second));

    expect(await stopped(dev)).toBe(0);
    expect(dev.stdout).toBe("");
    expect(existsSync(join(folder, ".heddle", "daemon.lock"))).toBe(false);
    expect(existsSync(join(folder, ".heddle", "embedded.json"))).toBe(false);
  });

  it("watches what the file imports, what it is about to import, and says that a file is gone", async () => {
    mkdirSync(join(folder, "parts"));
    save("words.ts", 'export const word = "hello";\n');
    const importing = (path: string) => flow("x").replace('"x "', "word").replace("\n\n", `\nimport { word } from "${path}";\n\n`);
    save("flow.ts", importing("./words.ts"));
    const dev = heddle("dev", "flow.ts");
    const [, first] = await dev.sees("stderr", /^loaded ([0-9a-f]{8})/m);

    save("words.ts", 'export const word = "hello again";\n');
    const [, second] = await dev.sees("stderr", /^reloaded ([0-9a-f]{8})/m);
    expect(second).not.toBe(first);

    save("flow.ts", importing("./parts/later.ts"));
    await dev.sees("stderr", /^error\[HD3801\]: .*later\.ts.* does not exist\n +--> flow\.ts:2:22$/m);
    dev.stderr = "";
    save("parts/later.ts", 'export const word = "later";\n');
    await dev.sees("stderr", /^reloaded [0-9a-f]{8}/m);

    renameSync(join(folder, "flow.ts"), join(folder, "away"));
    await dev.sees("stderr", /^flow\.ts is gone; [0-9a-f]{8} stays loaded\. Waiting for a change$/m);
    renameSync(join(folder, "away"), join(folder, "flow.ts"));
    await dev.sees("stderr", /^unchanged [0-9a-f]{8}/m);
    expect(await stopped(dev)).toBe(0);
  });

  it("runs each bundle with the inputs that it was given", async () => {
    save("flow.ts", flow("hello"));
    const dev = heddle("dev", "flow.ts", "--input", "name=Ada");
    await dev.sees("stdout", /^hello Ada\n$/);
    renameSync(join(folder, "flow.ts"), join(folder, "away"));
    await dev.sees("stderr", /^flow\.ts is gone/m);
    renameSync(join(folder, "away"), join(folder, "flow.ts"));
    await dev.sees("stderr", /^unchanged [0-9a-f]{8}/m);
    save("flow.ts", flow("good day"));
    await dev.sees("stdout", /good day Ada\n$/);
    expect(dev.stdout).toBe("hello Ada\ngood day Ada\n");
    expect(await stopped(dev)).toBe(0);
  });

  it("shows what handlers say, and where they throw", async () => {
    const saying = (what: string) => flow("hello").replace('"hello " + name', what).replace("(name: string)", "(name: string, ctx)");
    save("flow.ts", saying('(ctx.log.info("at work", { name }), ctx.log.warn("slow"), name)'));
    const dev = heddle("dev", "flow.ts", "--input", "name=Ada");
    await dev.sees("stdout", /^Ada\n$/);
    expect(dev.stderr).toContain('  greet#1 info: at work  {"name":"Ada"}\n  greet#1 warn: slow\n');
    save("flow.ts", saying('Promise.reject(new Error("no greeting"))'));
    await dev.sees("stderr", /^error: run run_\w+ failed: no greeting \(handler-failed\)$/m);
    await dev.sees("stderr", /^ {2}see what happened: heddle runs events run_\w+\n/m);
    expect(dev.stderr).toMatch(/^ {2}greet#1 error: Error: no greeting\n +at \S+ \(flow\.ts:3:\d+\)\n {2}greet#1 failed/m);
    expect(await stopped(dev)).toBe(0);
    const run = await finished("run", "flow.ts", "--input", "name=Ada");
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr).toMatch(/^ {2}greet#1 error: Error: no greeting\n +at \S+ \(flow\.ts:3:\d+\)\n {2}greet#1 failed/m);
  });

  it("watches what the workflow includes", async () => {
    mkdirSync(join(folder, "words"));
    save("package.json", '{ "type": "module" }');
    save("words/greeting.txt", "hello");
    const reading = flow("x")
      .replace('name: "greeting"', 'name: "greeting", includes: ["words/*.txt"]')
      .replace("\n\n", '\nimport { readFileSync } from "node:fs";\n\n')
      .replace('"x "', 'readFileSync(new URL("./words/greeting.txt", import.meta.url), "utf8") + " "');
    save("flow.ts", reading);
    const dev = heddle("dev", "flow.ts", "--input", "name=Ada");
    await dev.sees("stdout", /^hello Ada\n$/);
    save("words/greeting.txt", "good day");
    await dev.sees("stdout", /^hello Ada\ngood day Ada\n$/);
    expect(await stopped(dev)).toBe(0);
  });

  it("leaves an open run to its own bundle", async () => {
    save("flow.ts", asking("before"));
    const dev = heddle("dev", "flow.ts", "--input", "name=Ada");
    const [, run = ""] = await dev.sees("stderr", /heddle runs answer (run_\w+) yes/);
    const [, old] = /loaded ([0-9a-f]{8})/.exec(dev.stderr) ?? [];

    save("flow.ts", asking("after"));
    await dev.sees("stderr", new RegExp(`run ${run} goes on with ${old}\\. Come back to it:\n {2}heddle run --attach ${run}`));
    const [, next = ""] = await dev.sees("stderr", new RegExp(`heddle runs answer (?!${run})(run_\\w+) yes`));

    for (const id of [run, next]) expect(await finished("runs", "answer", id, "yes")).toMatchObject({ code: 0 });
    await dev.sees("stdout", /^after Ada\n$/);
    expect((await finished("run", "--attach", run)).stdout).toBe("before Ada\n");
    expect(await stopped(dev)).toBe(0);
  });

  it("uses the daemon of the data folder, and leaves it running", async () => {
    save("flow.ts", flow("hello"));
    const daemon = heddle("daemon", "--json");
    const [, address] = await daemon.sees("stdout", /"grpc":"([^"]+)"/);
    const dev = heddle("dev", "flow.ts", "--input", "name=Ada");
    await dev.sees("stdout", /^hello Ada\n$/);
    expect(dev.stderr).toContain(`using the daemon at ${address}\n`);
    expect(await stopped(dev)).toBe(0);
    expect((await finished("status")).stdout).toContain(String(address));
  });

  it("says the same to programs", async () => {
    save("flow.ts", "export {};\n");
    const dev = heddle("dev", "flow.ts", "--input", "name=Ada", "--json");
    await dev.sees("stdout", /"kind":"refused".*\n/);
    save("flow.ts", flow("hello"));
    await dev.sees("stdout", /"status":"succeeded","output":"hello Ada"\}\n/);
    expect(await stopped(dev)).toBe(0);
    const told = dev.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { readonly kind?: string });
    expect(told[0]).toMatchObject({ kind: "refused", diagnostics: expect.any(Array), problems: expect.any(Array) });
    expect(told[1]).toMatchObject({ kind: "loaded", workflow: "greeting", hash: expect.stringMatching(/^sha256:/) });
  });

  it("ends where no change of a source could help", async () => {
    expect(await finished("dev")).toMatchObject({ code: 2, stderr: expect.stringContaining("heddle init") });
    expect(await finished("dev", "absent.ts")).toMatchObject({ code: 2, stderr: expect.stringContaining("absent.ts does not exist") });
    save("flow.ts", flow("hello"));
    const wrong = await finished("dev", "flow.ts", "--input", "nme=Ada");
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean name?") });
    expect(existsSync(join(folder, ".heddle", "daemon.lock"))).toBe(false);
  });
});
