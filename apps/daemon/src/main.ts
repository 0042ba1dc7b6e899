/**
 * The process edge of heddled: arguments, signals, readiness, exit code. The only file of the daemon that
 * speaks to the process. Standard output carries what was asked for, standard error everything else.
 */
import { writeSync } from "node:fs";
import { HeddleError } from "@heddle/core";
import { type Arguments, parseArguments, usage } from "./arguments.ts";
import { explainConfig, type LoadedConfig, loadConfig } from "./config.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { deferred } from "./deferred.ts";
import { createLog } from "./log.ts";
import { daemonVersion } from "./version.ts";

const log = createLog((line) => process.stderr.write(line));

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  if (asked.command === "help") return said(usage);
  if (asked.command === "version") return said(`heddled ${daemonVersion}\n`);
  const loaded = loadConfig({
    flags: asked.flags,
    env: process.env,
    cwd: process.cwd(),
    ...(asked.configFile === undefined ? {} : { file: asked.configFile }),
  });
  if (asked.command === "config") {
    return said(asked.explain ? explainConfig(loaded) : `${JSON.stringify(loaded.config, undefined, 2)}\n`);
  }
  return serve(loaded, asked);
}

async function serve({ config }: LoadedConfig, { json }: Arguments): Promise<number> {
  const stop = deferred<NodeJS.Signals>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    let times = 0;
    process.on(signal, () => {
      if (++times > 1) process.exit(signal === "SIGINT" ? 130 : 143);
      stop.resolve(signal);
    });
  }
  // A reader of the readiness line that has gone is no reason to end.
  process.stdout.on("error", () => undefined);
  const daemon = await startDaemon({ config, log });
  announce(daemon, json);
  const ended = await Promise.race([stop.promise, daemon.ended]);
  if (typeof ended === "string") {
    log("info", `${ended}: shutting down`);
    await daemon.close();
    return 0;
  }
  if (ended.kind === "closed") return 0;
  // The store can no longer say what is durable: nothing is drained, and the next start reads the journal.
  writeSync(2, `heddled: fatal: ${ended.error.message}\n`);
  return 1;
}

function announce({ address, httpAddress, dataDir }: Daemon, json: boolean): void {
  const { pid } = process;
  said(
    json
      ? `${JSON.stringify({ ready: true, grpc: address, http: httpAddress, data: dataDir, pid })}\n`
      : `heddled ready grpc=${address}${httpAddress === undefined ? "" : ` http=${httpAddress}`} data=${dataDir} pid=${pid}\n`,
  );
}

function said(text: string): number {
  process.stdout.write(text);
  return 0;
}

function failed(error: unknown): number {
  const known = HeddleError.is(error) && error.code !== "invariant-violated";
  const text = known ? `${error.message} [${error.code}]` : error instanceof Error ? error.stack : String(error);
  writeSync(2, `heddled: ${text}\n`);
  return known && error.code === "config-invalid" ? 2 : 1;
}

process.exit(await main().catch(failed));
