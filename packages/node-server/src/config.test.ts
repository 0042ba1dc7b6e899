// Parity: NA1.
import { describe, expect, test } from "vitest";
import { isLoopback, parseNodeServerConfig } from "./config.ts";

const required = { domain: "local.nanograph", serverName: "Mine", serverUid: "mine" };

describe("the configuration", () => {
  test("has defaults for all but domain, name and uid", () => {
    expect(parseNodeServerConfig(required, {})).toEqual({
      ...required,
      port: 3_017,
      host: "127.0.0.1",
      nodesPath: "nodes",
      autoWatch: true,
      watchDebounceTime: 500,
      allowedOrigins: [],
      insecure: false,
      messageBytesMax: 64 * 1024 * 1024,
      heartbeatIntervalMs: 30_000,
      stopGraceMs: 1_000,
      keepMs: 600_000,
      listInputs: false,
      nanocoreHttpEndpoint: null,
    });
    expect(() => parseNodeServerConfig({}, {})).toThrow(/domain: .*serverName: .*serverUid: /);
  });

  test("is read in snake case", () => {
    const given = {
      domain: "d",
      server_name: "n",
      server_uid: "u",
      port: 1,
      nodes_path: "p",
      auto_watch: false,
      watch_debounce_time: 1_000,
    };
    expect(parseNodeServerConfig(given, {})).toMatchObject({
      domain: "d",
      serverName: "n",
      serverUid: "u",
      port: 1,
      nodesPath: "p",
      autoWatch: false,
      watchDebounceTime: 1_000,
    });
  });

  test("is overruled by the environment, where that says anything", () => {
    const environment = { DOMAIN: "e", SERVER_DISPLAY_NAME: "E", SERVER_UID: "eu", SERVER_PACKAGE_ID: "ep", PORT: "24002" };
    expect(parseNodeServerConfig(required, environment)).toMatchObject({
      domain: "e",
      serverName: "E",
      serverUid: "eu",
      serverPackageId: "ep",
      port: 24_002,
    });
    expect(parseNodeServerConfig(required, { DOMAIN: "", PORT: "" })).toMatchObject({ domain: "local.nanograph", port: 3_017 });
    expect(() => parseNodeServerConfig(required, { PORT: "many" })).toThrow(/port: /);
    expect(() => parseNodeServerConfig(required, { PORT: "70000" })).toThrow(/port: /);
  });

  test("with an unknown key is refused with the one that was meant", () => {
    expect(() => parseNodeServerConfig({ ...required, serverNam: "x", zzz: 1 }, {})).toThrow(
      /unknown key serverNam \(did you mean serverName\?\); unknown key zzz$/,
    );
    for (const given of [undefined, null, "x", []]) expect(() => parseNodeServerConfig(given, {})).toThrow(/expected an object/);
  });

  test("beyond loopback asks for a token, or for the wish to have none", () => {
    expect(() => parseNodeServerConfig({ ...required, host: "0.0.0.0" }, {})).toThrow(/0.0.0.0 is reached from elsewhere/);
    expect(parseNodeServerConfig({ ...required, host: "0.0.0.0", token: "t" }, {}).host).toBe("0.0.0.0");
    expect(parseNodeServerConfig({ ...required, host: "0.0.0.0", insecure: true }, {}).host).toBe("0.0.0.0");
  });

  test("knows loopback by its names", () => {
    expect(["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "::", "127.0.0.1.example", "localhost.example", "10.0.0.1"].some(isLoopback)).toBe(false);
  });
});
