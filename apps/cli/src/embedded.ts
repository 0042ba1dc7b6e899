/**
 * Runs without a daemon: the same daemon, inside this process, on a port of its own. Other commands find
 * it through the lock of the data folder like any other. A note beside the lock tells them that it ends
 * with this command.
 */
import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HeddleError } from "@heddle/core";
import type { CliContext } from "./context.ts";

export interface Embedded {
  readonly address: string;
  /** Where it serves HTTP, if it does. */
  readonly httpAddress: string | undefined;
  /** Resolves when it cannot go on. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

const noteName = "embedded.json";

/** Where an embedded daemon is found: by the lock alone, or also where clients look by themselves. */
export type EmbeddedPorts = "own" | "usual";

/** Starts it. Errors: `data-folder-locked`, and what the store throws. */
export async function startEmbedded(context: CliContext, dataDir: string, ports: EmbeddedPorts = "own"): Promise<Embedded> {
  const { loadConfig, startDaemon } = await import("@heddle/daemon");
  const { config } = loadConfig({ flags: { dataDir }, env: context.env, cwd: context.cwd });
  const start = (grpcPort: number, http: Pick<typeof config.http, "enabled" | "port">) =>
    startDaemon({
      // Whatever address a daemon would serve: this one is for this machine, and ends with this command.
      config: { ...config, grpc: { host: "127.0.0.1", port: grpcPort }, http: { ...config.http, host: "127.0.0.1", ...http } },
      env: context.env,
      log: (level, message) => {
        if (level === "error") context.stderr.write(`${message}\n`);
      },
    });
  const { enabled } = config.http;
  const daemon =
    ports === "own"
      ? await start(0, { enabled: false, port: 0 })
      : await start(config.grpc.port, { enabled, port: config.http.port }).catch((error: unknown) => {
          // Somebody else has one of the ports; any other will do.
          if (HeddleError.is(error, "config-invalid")) return start(0, { enabled, port: 0 });
          throw error;
        });
  const { address, httpAddress, tokenFile } = daemon;
  writeNote(dataDir, address);
  return {
    address,
    httpAddress,
    failed: new Promise((resolve) => {
      void daemon.ended.then((end) => {
        if (end.kind === "failed") resolve(end.error);
      });
    }),
    close: async () => {
      await daemon.close();
      if (isEmbedded(dataDir, address)) rmSync(join(dataDir, noteName), { force: true });
      // Nobody answers there any more, so its token file is of no use.
      rmSync(tokenFile, { force: true });
    },
  };
}

/** Whether the daemon at this address is one that ends with the command that started it. */
export function isEmbedded(dataDir: string, address: string): boolean {
  try {
    const note: unknown = JSON.parse(readFileSync(join(dataDir, noteName), "utf8"));
    return typeof note === "object" && note !== null && "address" in note && note.address === address;
  } catch {
    return false;
  }
}

function writeNote(dataDir: string, address: string): void {
  const path = join(dataDir, noteName);
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, `${JSON.stringify({ address })}\n`);
  renameSync(draft, path);
}

/** Whether an attempt to embed failed because somebody else was faster. */
export function isLocked(error: unknown): boolean {
  return HeddleError.is(error, "data-folder-locked");
}
