/** Row MN1: the settings of a client, as they are documented. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createClient } from "./client.ts";
import { createSdkLog } from "./sdk-log.ts";
import { resolveSettings } from "./settings.ts";

describe("settings", () => {
  it("have the documented defaults", () => {
    expect(resolveSettings({ env: {} })).toEqual({
      target: "localhost:55051",
      token: undefined,
      timeoutMs: 10_000,
      reattachMs: 60_000,
      logPath: join(homedir(), ".heddle", "logs", "sdk.log"),
      home: join(homedir(), ".heddle"),
    });
  });

  const foreign = {
    MN_GRPC_TARGET: "localhost:1",
    MN_GRPC_TIMEOUT_SECONDS: "1.5",
    MN_GRPC_AUTH_TOKEN: "mn",
    MN_SDK_LOG_PATH: "/mn.log",
  };
  const own = { HEDDLE_TARGET: "localhost:2", HEDDLE_TIMEOUT_SECONDS: "2", HEDDLE_TOKEN: "own", HEDDLE_LOG_PATH: "/own.log" };

  it("are read from foreign variables, then our own, then options", () => {
    expect(resolveSettings({ env: foreign })).toMatchObject({ target: "localhost:1", timeoutMs: 1_500, token: "mn", logPath: "/mn.log" });
    expect(resolveSettings({ env: { ...foreign, ...own } })).toMatchObject({
      target: "localhost:2",
      timeoutMs: 2_000,
      token: "own",
      logPath: "/own.log",
    });
    const said = { target: "localhost:3", timeoutMs: 3, token: "said", logPath: "/said.log" };
    expect(resolveSettings({ ...said, env: { ...foreign, ...own } })).toMatchObject(said);
  });

  it("an empty variable is none", () => {
    expect(resolveSettings({ env: { ...foreign, HEDDLE_TARGET: "" } }).target).toBe("localhost:1");
  });

  it.each([
    { target: "nowhere" },
    { timeoutMs: 0 },
    { timeoutMs: Number.NaN },
    { reattachMs: -1 },
    { env: { HEDDLE_TIMEOUT_SECONDS: "soon" } },
  ])("%j is config-invalid", (options) => {
    expect(() => createClient({ env: {}, ...options })).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });

  it("another machine needs a word", async () => {
    expect(() => createClient({ target: "10.0.0.1:1", env: {} })).toThrow(expect.objectContaining({ code: "config-invalid" }));
    await createClient({ target: "10.0.0.1:1", insecure: true, env: {} }).close();
    await createClient({ target: "10.0.0.1:1", env: { HEDDLE_INSECURE: "true" } }).close();
  });

  it("a token file that others can read ends the call before anything is sent", async () => {
    const home = mkdtempSync(join(tmpdir(), "heddle-home-"));
    mkdirSync(join(home, "tokens"));
    writeFileSync(join(home, "tokens", "localhost_1"), "secret");
    chmodSync(join(home, "tokens", "localhost_1"), 0o644);
    await using client = createClient({ target: "localhost:1", env: { HEDDLE_HOME: home } });
    await expect(client.runtime.status()).rejects.toMatchObject({ code: "config-invalid" });
  });
});

describe("the log", () => {
  it("is a line each, made when first needed, and never throws", () => {
    const path = join(mkdtempSync(join(tmpdir(), "heddle-log-")), "logs", "sdk.log");
    createSdkLog(path, () => 0)("warn", "one\ntwo");
    expect(readFileSync(path, "utf8")).toBe("1970-01-01T00:00:00.000Z warn one two\n");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    createSdkLog("/dev/null/sdk.log")("error", "nowhere");
  });

  it("is put aside when it is large", () => {
    const path = join(mkdtempSync(join(tmpdir(), "heddle-log-")), "sdk.log");
    writeFileSync(path, "");
    truncateSync(path, 9 * 1024 * 1024);
    createSdkLog(path)("error", "new");
    expect(statSync(path).size).toBeLessThan(100);
    expect(statSync(`${path}.1`).size).toBe(9 * 1024 * 1024);
  });
});
