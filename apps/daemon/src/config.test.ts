import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseArguments } from "./arguments.ts";
import { commitProbeOf } from "./commit-probe.ts";
import { explainConfig, loadConfig } from "./config.ts";

const folder = (yaml?: string) => {
  const cwd = mkdtempSync(join(tmpdir(), "heddle-config-"));
  if (yaml !== undefined) writeFileSync(join(cwd, "heddle.yaml"), yaml);
  return cwd;
};
const originOf = (loaded: ReturnType<typeof loadConfig>, key: string) => loaded.settings.find((setting) => setting.key === key);

describe("the configuration", () => {
  it("takes a flag over the environment over the file over the default, and remembers which", () => {
    const cwd = folder('grpc: { port: 1, host: "127.0.0.3" }\nhandlers: { processes: 1, memoryMb: 64 }\n');
    const env = { HEDDLE_GRPC_PORT: "2", HEDDLE_HANDLER_PROCESSES: "2" };
    const loaded = loadConfig({ flags: { "grpc.port": 3 }, env, cwd });
    expect(originOf(loaded, "grpc.port")).toEqual({ key: "grpc.port", value: 3, origin: "flag" });
    expect(originOf(loaded, "handlers.processes")).toMatchObject({ value: 2, origin: "HEDDLE_HANDLER_PROCESSES" });
    expect(originOf(loaded, "handlers.memoryMb")).toMatchObject({ value: 64, origin: join(cwd, "heddle.yaml") });
    expect(originOf(loaded, "shutdown.graceMs")).toMatchObject({ value: 5_000, origin: "default" });
    expect(loaded.config).toMatchObject({ grpc: { host: "127.0.0.3", port: 3 }, handlers: { processes: 2 } });
    expect(explainConfig(loaded)).toContain("grpc.port = 3                     (flag)\n");
  });

  it("takes where HTTP is served, and for whom", () => {
    const cwd = folder("http: { port: 1, corsOrigins: [https://a.example] }\n");
    const { config } = loadConfig({ flags: {}, env: { HEDDLE_HTTP_PORT: "0", HEDDLE_HTTP_HOST: "127.0.0.2" }, cwd });
    expect(config.http).toEqual({ enabled: true, host: "127.0.0.2", port: 0, corsOrigins: ["https://a.example"] });
  });

  it("takes which tools there are, where they may reach, and who is asked", () => {
    const cwd = folder(
      "tools: [readFile]\nroots: { workspace: ./site, data: /srv/data }\nallowedHosts: []\napprovals: { builtin: deny }\n",
    );
    const { config } = loadConfig({ flags: { tools: ["readFile"] }, env: { HEDDLE_PRIVATE_HOSTS: "127.0.0.1:8080, .lan" }, cwd });
    expect(config).toMatchObject({ tools: ["readFile"], allowedHosts: [], privateHosts: ["127.0.0.1:8080", ".lan"] });
    expect(config.roots).toEqual({ workspace: join(cwd, "site"), data: "/srv/data" });
    expect(config.approvals).toEqual({ builtin: "deny" });
  });

  it("calls no tool and allows every public host, unless it is told otherwise; the workspace is the working folder", () => {
    const cwd = folder();
    const { config } = loadConfig({ flags: {}, env: {}, cwd });
    expect(config).toMatchObject({
      tools: [],
      roots: { workspace: cwd },
      allowedHosts: ["*"],
      privateHosts: [],
      approvals: { builtin: "ask" },
    });
  });

  it("makes the data folder absolute", () => {
    const cwd = folder();
    expect(loadConfig({ flags: {}, env: {}, cwd }).config.dataDir).toBe(join(cwd, ".heddle"));
    expect(loadConfig({ flags: { dataDir: "/srv/h" }, env: {}, cwd }).config.dataDir).toBe("/srv/h");
  });

  it.each([
    ["true", true],
    ["1", true],
    ["No", false],
  ])("reads %j as a switch", (text, value) => {
    expect(loadConfig({ flags: {}, env: { HEDDLE_INSECURE: text }, cwd: folder() }).config.insecure).toBe(value);
  });

  it.each([
    ["an unknown key", "grpc: { prot: 1 }", {}, /unknown key grpc\.prot \(did you mean port\?\).*heddle\.yaml/],
    ["an unknown group", "grcp: { port: 1 }", {}, /unknown key grcp \(did you mean grpc\?\)/],
    ["a value of the wrong type", "grpc: { port: many }", {}, /grpc\.port.*heddle\.yaml/],
    ["a variable that is no number", undefined, { HEDDLE_GRPC_PORT: "x" }, /grpc\.port.*HEDDLE_GRPC_PORT/],
    ["a file that is no YAML", "grpc: [", {}, /is not YAML/],
    ["a file that is a list", "- 1", {}, /has no keys/],
  ])("refuses %s, and says where it stands", (_, yaml, env, message) => {
    expect(() => loadConfig({ flags: {}, env, cwd: folder(yaml) })).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringMatching(message) }),
    );
  });

  it("wants a file that was named, and not the usual one", () => {
    const cwd = folder();
    expect(() => loadConfig({ flags: {}, env: {}, cwd, file: "mine.yaml" })).toThrow(expect.objectContaining({ code: "config-invalid" }));
    expect(loadConfig({ flags: {}, env: {}, cwd: folder("") }).config.grpc.port).toBe(55_051);
  });
});

describe("the command line", () => {
  it("sets keys of the configuration, with their types", () => {
    const words = [
      "--data",
      "d",
      "--grpc-port=0",
      "--grpc-host",
      "::1",
      "--http-port",
      "0",
      "--http-host",
      "h",
      "--insecure",
      "--handler-processes",
      "3",
      "--pools",
      "gpu=1,io=8",
      "--config",
      "c.yaml",
    ];
    expect(parseArguments(words)).toEqual({
      command: "serve",
      flags: {
        dataDir: "d",
        "grpc.port": 0,
        "grpc.host": "::1",
        "http.port": 0,
        "http.host": "h",
        insecure: true,
        pools: { gpu: 1, io: 8 },
        "handlers.processes": 3,
      },
      configFile: "c.yaml",
      json: false,
      explain: false,
    });
    expect(parseArguments(["config", "--explain"])).toMatchObject({ command: "config", explain: true });
    expect(parseArguments(["-h"]).command).toBe("help");
    expect(parseArguments(["--version"]).command).toBe("version");
  });

  it.each([
    [["--grpc-prot", "1"], "did you mean --grpc-port?"],
    [["--zzz"], "unknown flag --zzz"],
    [["confg"], "did you mean config?"],
    [["serve", "now"], "unknown command now"],
    [["--data"], "data"],
    [["--json=1"], "json"],
  ])("refuses %j", (words, message) => {
    expect(() => parseArguments(words)).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }),
    );
  });
});

it("a commit probe needs a descriptor", () => {
  expect(commitProbeOf({})).toBeUndefined();
  expect(() => commitProbeOf({ HEDDLE_COMMIT_PROBE_FD: "x" })).toThrow(expect.objectContaining({ code: "config-invalid" }));
});
