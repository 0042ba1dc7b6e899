/** `heddle plugins`, `heddle nodes` and `heddle deadletters`, as processes, against a daemon whose far ends answer from memory. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDaemonConfig } from "@heddle/core";
import { type Daemon, startDaemon } from "@heddle/daemon";
import { createRuntime, type Runtime } from "@heddle/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, temporaryFolder } from "./fake-engine.ts";
import { FakeNodeServerHost, FakePluginHost, weather } from "./fake-hosts.ts";

const launcher = fileURLToPath(new URL("../../../apps/cli/bin/heddle.js", import.meta.url));
const home = temporaryFolder();
const plugins = new FakePluginHost();
const nodes = new FakeNodeServerHost();
const children: ChildProcess[] = [];
const caller = { principal: admin };
let daemon: Daemon;
let runtime: Runtime;

beforeAll(async () => {
  const config = parseDaemonConfig({ dataDir: join(home, "data"), grpc: { port: 0 }, http: { enabled: false }, shutdown: { graceMs: 0 } });
  daemon = await startDaemon({
    config,
    env: { HEDDLE_HOME: home },
    openEngine: () => {
      runtime = createRuntime({ executors: { tools: plugins, remotes: nodes } });
      return runtime;
    },
  });
  await runtime.api.plugins.register({ info: weather, address: "127.0.0.1:9", instance: "i1" }, caller);
});

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await daemon.close();
});

interface Said {
  out: string;
  err: string;
}

/** A command under way: what it says, and the way to wait until it has said something. */
function start(
  args: readonly string[],
  input = "",
): { readonly said: Said; sees(pattern: RegExp): Promise<string>; readonly code: Promise<number> } {
  const child = spawn(process.execPath, [launcher, ...args, "--target", daemon.address], {
    env: { PATH: process.env["PATH"], HEDDLE_HOME: home, HOME: home },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.push(child);
  child.stdin.end(input);
  const said: Said = { out: "", err: "" };
  child.stdout.on("data", (text: Buffer) => {
    said.out += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    said.err += text.toString();
  });
  const closed = once(child, "close") as Promise<[number]>;
  return {
    said,
    code: closed.then(([code]) => code),
    async sees(pattern) {
      const ended = closed.then(() => "ended" as const);
      for (;;) {
        const found = pattern.exec(said.err);
        if (found !== null) return found[1] ?? found[0];
        const more = Promise.race([once(child.stderr, "data"), ended]);
        if ((await more) === "ended" && !pattern.test(said.err)) expect.fail(`it ended without ${pattern}: ${said.err}${said.out}`);
      }
    },
  };
}

async function heddle(args: readonly string[], input?: string): Promise<Said & { readonly code: number; readonly json: () => unknown }> {
  const { said, code } = start(args, input);
  return { code: await code, ...said, json: () => JSON.parse(said.out.trim().split("\n").at(-1) ?? "") as unknown };
}

describe("heddle plugins", () => {
  it("lists them, with actions and their permissions, by stage", async () => {
    const { out, code } = await heddle(["plugins", "list"]);
    expect(out).toMatch(/^weather +1\.0\.0 +registered +observe +connected +forecast \(read\), rain \(modify\)$/m);
    expect(code).toBe(0);
    expect((await heddle(["plugins", "list", "--stage", "plan"])).err).toBe("none\n");
    expect((await heddle(["plugins", "list", "--json"])).json()).toMatchObject({ rows: [{ name: "weather" }] });
    expect(await heddle(["plugins", "list", "--stage", "observ"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean observe?"),
    });
  });

  it("calls an action, reads each parameter as its type wants it, and prints the output alone", async () => {
    const args = ["plugins", "invoke", "weather", "forecast", "--params", '{"city":"Rome","days ahead":1}', "--param", "city=12"];
    const { out, err, code } = await heddle([...args, "--param", "days ahead=3"]);
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toEqual({ city: "12", "days ahead": 3 });
    expect(err).toMatch(
      /^run run_\w+ of weather\.forecast started\n {2}forecast#1 started\n {2}forecast#1 done in .*\nrun run_\w+ succeeded\n$/,
    );
  });

  it("prints events and the end as JSON lines", async () => {
    const { out } = await heddle(["plugins", "invoke", "weather", "forecast", "--param", "city=Oslo", "--json"]);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines[0]).toMatchObject({ event: { kind: "run-started" } });
    expect(lines.at(-1)).toEqual({ status: "succeeded", output: { city: "Oslo" } });
  });

  it("says what waits for a person and how to answer, and goes on once that is done", async () => {
    const before = plugins.called.length;
    const invoked = start(["plugins", "invoke", "weather", "rain"]);
    const command = await invoked.sees(/heddle (runs answer run_\w+ yes --activation 1) --target/);
    expect(invoked.said.err).toContain("rain asks: weather.rain()");
    expect(plugins.called).toHaveLength(before);
    expect(await heddle(command.split(" "))).toMatchObject({ code: 0 });
    expect(await invoked.code, invoked.said.err).toBe(0);
    expect(invoked.said.err).toContain("rain#1 approved by admin");
    expect(plugins.called.slice(before)).toEqual(["rain"]);
  });

  it("fails with what a person refused", async () => {
    const invoked = start(["plugins", "invoke", "weather", "rain"]);
    const command = await invoked.sees(/heddle (runs answer run_\w+ no --activation 1) --target/);
    await heddle(command.split(" "));
    expect(await invoked.code).toBe(1);
    expect(invoked.said.err).toMatch(/^error: run run_\w+ failed: .* \(rejected\)$/m);
    expect(invoked.said.out).toBe("");
  });

  it("does not wait with --detach, and says what is asked all the same", async () => {
    const { out, err, code } = await heddle(["plugins", "invoke", "weather", "rain", "--detach", "--idempotency-key", "d"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^run_\w{26}\n$/);
    expect(err).toContain(`heddle runs answer ${out.trim()} yes --activation 1 --target ${daemon.address}`);
    const again = await heddle(["plugins", "invoke", "weather", "rain", "--detach", "--idempotency-key", "d", "--json"]);
    expect(again.json()).toEqual({ runId: out.trim() });
    expect(again.err).toContain("was started before, under this key");
  });

  it("refuses what is not there, and says where to look", async () => {
    const wrong = await heddle(["plugins", "invoke", "weather", "forcast"]);
    expect(wrong.err).toMatch(
      /did you mean forecast\?\) \(action-not-found\)\n {2}see which plugins and actions there are: heddle plugins list\n/,
    );
    expect(wrong.code).toBe(1);
    expect(await heddle(["plugins", "invoke", "weather", "forecast", "--json"])).toMatchObject({
      code: 2,
      out: expect.stringContaining("input-invalid"),
    });
  });
});

describe("heddle nodes", () => {
  it("adds a server without showing its token, lists it, runs a node of it, and removes it", async () => {
    const added = await heddle(["nodes", "add", "ws://127.0.0.1:9000", "--token", "-"], "canary-77\n");
    expect([added.code, added.out]).toEqual([0, "node server ws://127.0.0.1:9000/ is connected, with 2 nodes\n"]);
    expect(nodes.told.at(-1)).toMatchObject({ token: "canary-77" });
    expect((await heddle(["nodes", "add", "ws://127.0.0.1:1/"])).out).toBe(
      "node server ws://127.0.0.1:1/ is kept, and not connected yet: connection refused\n",
    );
    const listed = await heddle(["nodes", "list"]);
    expect(listed.out).toMatch(/^ws:\/\/127\.0\.0\.1:9000\/ +pack +connected +0 +pack\/echo, pack\/resize$/m);
    expect(listed.out).toMatch(/^ws:\/\/127\.0\.0\.1:1\/ +failed: connection refused +0/m);
    expect(`${added.out}${added.err}${listed.out}${(await heddle(["nodes", "list", "--json"])).out}`).not.toContain("canary");
    const args = ["nodes", "invoke", "pack/echo", "--server", "pack", "--input", "image=cat", "--input", "n=[1,2]", "--param", "width=3"];
    const invoked = await heddle(args);
    expect(JSON.parse(invoked.out)).toEqual({ image: ["cat"], n: [1, 2] });
    expect(nodes.tasks.at(-1)?.node).toMatchObject({ remote: { parameters: { width: 3 } } });
    for (const url of ["ws://127.0.0.1:9000", "ws://127.0.0.1:1/"]) expect((await heddle(["nodes", "remove", url])).code).toBe(0);
    expect((await heddle(["nodes", "list"])).err).toBe("none\n");
  });

  it("refuses what is not there, and says where to look", async () => {
    const help = "see which node servers and nodes there are: heddle nodes list";
    for (const args of [
      ["nodes", "remove", "ws://127.0.0.1:2/"],
      ["nodes", "invoke", "pack/echo"],
    ]) {
      expect(await heddle(args)).toMatchObject({ code: 1, err: expect.stringContaining(help) });
    }
    expect((await heddle(["nodes", "add", "127.0.0.1:9000"])).err).toContain("the URL of a node server is like ws://host:port/");
  });
});

describe("heddle deadletters", () => {
  it("lists none of a run that loses none, and has nothing to send again", async () => {
    const run = (await heddle(["plugins", "invoke", "weather", "rain", "--detach"])).out.trim();
    expect(await heddle(["deadletters", "list", run])).toMatchObject({ code: 0, out: "", err: "none\n" });
    expect((await heddle(["deadletters", "list", run, "--json"])).json()).toEqual({ rows: [] });
    const replay = await heddle(["deadletters", "replay", run, "--letter", "1", "--letter", "2"]);
    expect(replay.err).toBe(
      `error: dead letter 1 of run ${run} does not exist (dead-letter-not-found)\n  see which dead letters there are: heddle deadletters list ${run}\n`,
    );
    expect(replay.code).toBe(1);
  });
});
