import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeddleError, parseDaemonConfig, type RuntimeApi } from "@heddle/core";
import { describe, expect, it } from "vitest";
import { startDaemon } from "./daemon.ts";
import type { Engine, EngineOptions } from "./engine.ts";

interface Steps {
  readonly seen: string[];
  fatal?: (error: Error) => void;
}

function engine(steps: Steps, failing: Partial<Engine> = {}) {
  return ({ onFatal }: EngineOptions): Engine => {
    steps.seen.push("open");
    steps.fatal = onFatal;
    const group = {};
    return {
      api: { bundles: group, runs: group, calls: group, tokens: group, runtime: group } as unknown as RuntimeApi,
      ready: async () => {
        steps.seen.push("ready");
      },
      authenticate: async () => undefined,
      ensureAdminToken: async (known) => (known === "secret" ? undefined : "secret"),
      close: async ({ graceMs }) => {
        steps.seen.push(`close ${graceMs}`);
      },
      ...failing,
    };
  };
}

const setting = (more: object = {}) => {
  const root = mkdtempSync(join(tmpdir(), "heddle-daemon-"));
  const dataDir = join(root, "data");
  const home = join(root, "home");
  const config = parseDaemonConfig({ dataDir, grpc: { port: 0 }, http: { port: 0 }, shutdown: { graceMs: 100 } }, more);
  return { dataDir, home, config, env: { HEDDLE_HOME: home } };
};

describe("a daemon", () => {
  it("opens in order and closes in reverse, once", async () => {
    const steps: Steps = { seen: [] };
    const { config, env, dataDir, home } = setting();
    const daemon = await startDaemon({ config, env, openEngine: engine(steps) });
    expect(readFileSync(daemon.tokenFile, "utf8")).toBe("secret\n");
    const lock = JSON.parse(readFileSync(join(dataDir, "daemon.lock"), "utf8"));
    expect(lock).toMatchObject({ address: daemon.address, http: daemon.httpAddress });
    expect((await fetch(`http://${daemon.httpAddress}/health`)).status).toBe(200);
    await Promise.all([daemon.close(), daemon.close()]);
    await daemon.close();
    expect(steps.seen).toEqual(["open", "ready", "close 100"]);
    expect(await daemon.ended).toEqual({ kind: "closed" });
    expect(readdirSync(dataDir)).toEqual(["admin.token"]);
    const again = await startDaemon({ config, env, openEngine: engine(steps) });
    expect(readdirSync(join(home, "tokens")).length).toBeGreaterThan(0);
    await again.close();
  });

  it("tells of a fatal error of its engine", async () => {
    const steps: Steps = { seen: [] };
    const { config, env } = setting();
    await using daemon = await startDaemon({ config, env, openEngine: engine(steps) });
    const error = new HeddleError("storage-failed", "the disk is gone");
    steps.fatal?.(error);
    expect(await daemon.ended).toEqual({ kind: "failed", error });
  });

  it("undoes what it did when a later step fails", async () => {
    const steps: Steps = { seen: [] };
    const { config, env, dataDir } = setting();
    const broken = new HeddleError("journal-corrupt", "unreadable");
    const failing = { ready: () => Promise.reject(broken) };
    await expect(startDaemon({ config, env, openEngine: engine(steps, failing) })).rejects.toBe(broken);
    expect(steps.seen).toEqual(["open", "close 100"]);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it("serves no HTTP when told so", async () => {
    const { config, env, dataDir } = setting({ http: { enabled: false, host: "0.0.0.0" } });
    await using daemon = await startDaemon({ config, env, openEngine: engine({ seen: [] }) });
    expect(daemon.httpAddress).toBeUndefined();
    expect(JSON.parse(readFileSync(join(dataDir, "daemon.lock"), "utf8"))).toMatchObject({ http: "" });
  });

  it("stops gRPC where HTTP cannot be served, and says which port is taken", async () => {
    const steps: Steps = { seen: [] };
    const first = setting();
    await using daemon = await startDaemon({ ...first, openEngine: engine({ seen: [] }) });
    const port = Number(daemon.httpAddress?.split(":")[1]);
    const { config, env, dataDir } = setting({ http: { port } });
    await expect(startDaemon({ config, env, openEngine: engine(steps) })).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringMatching(`127.0.0.1:${port}.*--http-port`),
    });
    expect(steps.seen).toEqual(["open", "ready", "close 100"]);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each(["grpc", "http"])("serves beyond loopback only when told to (%s)", async (wire) => {
    const steps: Steps = { seen: [] };
    const open = { [wire]: { host: "0.0.0.0" } };
    const refused = setting(open);
    await expect(startDaemon({ ...refused, openEngine: engine(steps) })).rejects.toMatchObject({ code: "config-invalid" });
    expect(steps.seen).toEqual([]);
    const { dataDir: _, ...told } = setting({ ...open, insecure: true });
    const daemon = await startDaemon({ ...told, openEngine: engine(steps) });
    expect(daemon.tokenFile).toMatch(/localhost_\d+$/);
    await daemon.close();
  });
});
