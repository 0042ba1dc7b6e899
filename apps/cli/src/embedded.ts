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
  /** Resolves when it cannot go on. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

const noteName = "embedded.json";

/** Starts it. Errors: `data-folder-locked`, and what the store throws. */
export async function startEmbedded(context: CliContext, dataDir: string): Promise<Embedded> {
  const { loadConfig, startDaemon } = await import("@heddle/daemon");
  const loaded = loadConfig({ flags: { dataDir }, env: context.env, cwd: context.cwd });
  // Whatever address a daemon would serve: this one is for this command, and for those who find it by the lock.
  const config = { ...loaded.config, grpc: { host: "127.0.0.1", port: 0 }, http: { ...loaded.config.http, enabled: false } };
  const daemon = await startDaemon({
    config,
    env: context.env,
    log: (level, message) => {
      if (level === "error") context.stderr.write(`${message}\n`);
    },
  });
  const { address, tokenFile } = daemon;
  writeNote(dataDir, address);
  return {
    address,
    failed: new Promise((resolve) => {
      void daemon.ended.then((end) => {
        if (end.kind === "failed") resolve(end.error);
      });
    }),
    close: async () => {
      await daemon.close();
      if (isEmbedded(dataDir, address)) rmSync(join(dataDir, noteName), { force: true });
      // Its port was for this process alone, and so was the token file of that port.
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
