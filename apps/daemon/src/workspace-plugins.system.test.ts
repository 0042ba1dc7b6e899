/** A daemon with plugins inside it: what they throw, in a call or outside of one, never ends it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@heddle/client";
import { afterEach, describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("../bin/heddled.js", import.meta.url));
const fixtures = fileURLToPath(new URL("../fixtures/workspace", import.meta.url));
const workspace = fileURLToPath(new URL("../../../plugins", import.meta.url));
const cleanup: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

async function daemonWith(...plugins: readonly string[]): Promise<{ child: ChildProcess; client: Client; errors: () => string }> {
  const cwd = mkdtempSync(join(tmpdir(), "heddle-workspace-"));
  writeFileSync(join(cwd, "heddle.yaml"), `plugins: ${JSON.stringify(plugins)}\nhttp: { enabled: false }\ngrpc: { port: 0 }\n`);
  const env = { ...process.env, HEDDLE_HOME: join(cwd, "home") };
  const child = spawn(process.execPath, [program], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  cleanup.push(() => child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += String(text);
  });
  const lines = createInterface({ input: child.stdout });
  const exit = once(child, "close").then(() => Promise.reject(new Error(`the daemon ended: ${errors}`)));
  exit.catch(() => undefined);
  const [line] = await Promise.race([once(lines, "line"), exit]);
  const client = createClient({ target: /grpc=(\S+)/.exec(String(line))?.[1] ?? "", env: { HEDDLE_HOME: join(cwd, "home") } });
  cleanup.push(() => client.close());
  return { child, client, errors: () => errors };
}

const start = (client: Client, plugin: string, action: string, params = {}) => client.plugins.invoke({ plugin, action, params });

async function instanceOf(client: Client, plugin: string) {
  return (await client.plugins.list({})).find(({ name }) => name === plugin)?.instances[0];
}

/** Asks until the plugin stands so. */
async function stands(client: Client, plugin: string, status: string) {
  for (let i = 0; i < 5_000; i++) {
    const instance = await instanceOf(client, plugin);
    if (instance?.status === status) return instance;
  }
  throw new Error(`${plugin} never was ${status}`);
}

describe("a daemon with a workspace", () => {
  test("offers the plugins of this repository", async () => {
    const { client } = await daemonWith(workspace);
    expect(await instanceOf(client, "text_tools")).toMatchObject({ id: "workspace", status: "connected" });
    const { runId } = await start(client, "text_tools", "cut", { text: "one two three", characters: 9 });
    expect(await client.runs.result({ runId })).toMatchObject({ status: "succeeded", output: { text: "one two…", wasCut: true } });
  });

  test("starts in spite of plugins that cannot be loaded, and lists each with its reason", async () => {
    const { client, errors } = await daemonWith(fixtures);
    const plugins = await client.plugins.list({});
    const quarantined = plugins.filter(({ instances }) => instances[0]?.status === "quarantined").map(({ name }) => name);
    expect(quarantined).toEqual(["absent", "invalid", "nothing", "outside", "throws_early", "unreadable"]);
    expect(errors()).toContain("the plugin throws_early of the workspace cannot be loaded: TypeError: at the top");
  });

  test("goes on when one throws in a call", async () => {
    const { client } = await daemonWith(fixtures);
    const { runId } = await start(client, "bomb", "throws");
    expect(await client.runs.result({ runId })).toMatchObject({ status: "failed", failure: { message: "in the call" } });
    expect(await instanceOf(client, "bomb")).toMatchObject({ status: "connected" });
  });

  test("goes on when one throws elsewhere, and puts that one in quarantine", async () => {
    const { client, errors } = await daemonWith(fixtures);
    const { runId } = await start(client, "bomb", "timer");
    expect(await stands(client, "bomb", "quarantined")).toMatchObject({ message: "its code threw outside of a call: in a timer" });
    const [why] = await client.runs.why({ runId });
    expect(why?.kind).toMatch(/executor-missing|retry-backoff/);
    const { runId: other } = await start(client, "classic", "add", { a: 1, b: 2 });
    expect(await client.runs.result({ runId: other })).toMatchObject({ output: { result: 3 } });
    expect(errors()).toContain("the plugin bomb is in quarantine until the next start");
  });

  test("goes on when one throws as it is told to stop", async () => {
    const { client } = await daemonWith(fixtures);
    const { runId } = await start(client, "careless", "wait");
    for (let i = 0; (await client.runs.logs({ runId })).length === 0; i++) expect(i).toBeLessThan(5_000);
    await client.runs.cancel({ runId });
    expect(await stands(client, "careless", "quarantined")).toMatchObject({ message: expect.stringContaining("in a listener") });
    expect(await client.runs.result({ runId })).toMatchObject({ status: "cancelled" });
  });

  test("still ends when it throws in its own name", async () => {
    const loader = JSON.stringify(new URL("../dist/workspace-plugins.js", import.meta.url).href);
    const script = `const { loadWorkspacePlugins } = await import(${loader});
      const { watch } = await loadWorkspacePlugins([${JSON.stringify(fixtures)}]);
      watch((plugin) => console.log("fault of " + plugin));
      setTimeout(() => { throw new Error("our own"); }, 1);
      setTimeout(() => console.log("it lives on"), 60_000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
    cleanup.push(() => child.kill("SIGKILL"));
    let said = "";
    for (const output of [child.stdout, child.stderr]) {
      output.on("data", (text) => {
        said += String(text);
      });
    }
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(said).toContain("our own");
    expect(said).not.toMatch(/fault of|it lives on/);
  });
});
