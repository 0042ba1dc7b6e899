/**
 * The daemon: lock, engine, servers, token, in that order, and back. It composes and decides nothing; what
 * it opened before a step that fails, it closes.
 */
import { randomBytes } from "node:crypto";
import { type DaemonConfig, HeddleError } from "@heddle/core";
import { heddleHome, isLoopbackHost } from "@heddle/wire";
import { provideAdminToken } from "./admin-token.ts";
import { deferred } from "./deferred.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { openGrpcServer } from "./grpc/server.ts";
import type { HttpServerOptions } from "./http/server.ts";
import { lockDataFolder } from "./lock.ts";
import { type Log, silentLog } from "./log.ts";
import { daemonVersion } from "./version.ts";

/** How a daemon is started. */
export interface DaemonOptions {
  /** Complete, as `parseDaemonConfig` gives it. */
  readonly config: DaemonConfig;
  /** Default: the environment of the process. `HEDDLE_HOME` says where token files go. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log?: Log;
  /** Another engine than the runtime on SQLite: an embedding program's own, or a test's. */
  readonly openEngine?: (options: EngineOptions) => Engine | Promise<Engine>;
}

/** How a daemon ended: as asked, or because its engine cannot go on. */
export type DaemonEnd = { readonly kind: "closed" } | { readonly kind: "failed"; readonly error: Error };

/** A daemon that serves. */
export interface Daemon extends AsyncDisposable {
  /** `host:port` of its gRPC API. */
  readonly address: string;
  /** `host:port` of its HTTP API, where that is enabled. */
  readonly httpAddress: string | undefined;
  readonly dataDir: string;
  /** Where the admin token for this address was written. */
  readonly tokenFile: string;
  /** Resolves when the daemon is over. Never rejects. */
  readonly ended: Promise<DaemonEnd>;
  /** Stops serving, drains within the configured grace, closes the store, lets go of the folder. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a daemon and returns it once it answers.
 *
 * @throws HeddleError `config-invalid` (an address beyond loopback without `insecure`, or one that cannot
 * be bound), `data-folder-locked` with the address of the live daemon, and what the store throws.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { config, env = process.env, log = silentLog } = options;
  const { dataDir } = config;
  assertReachable(config);
  const undo: (() => void | Promise<void>)[] = [];
  const unwind = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  const end = deferred<DaemonEnd>();
  const onFatal = (error: Error) => end.resolve({ kind: "failed", error });
  const onBug = (what: string, bug: unknown) => log("error", `${what}: ${describe(bug)}`);
  try {
    const lock = lockDataFolder(dataDir, `inc_${randomBytes(10).toString("hex")}`, Date.now());
    undo.push(() => lock.release());
    const openEngine = options.openEngine ?? (await import("./engine.ts")).openEngine;
    const engine = await openEngine({ config, env, version: daemonVersion, onFatal, onBug, onNotice: (text) => log("info", text) });
    undo.push(() => engine.close({ graceMs: config.shutdown.graceMs }));
    await engine.ready();
    const authenticate = (secret: string) => engine.authenticate(secret);
    const edge = { api: engine.api, authenticate, report: onBug };
    const servers: { stop(graceMs: number): Promise<void> }[] = [];
    // All at once: the grace is for the daemon, not for each of its servers.
    undo.push(async () => void (await Promise.all(servers.map((server) => server.stop(config.shutdown.graceMs)))));
    const { workers } = engine;
    const grpc = await openGrpcServer({
      ...edge,
      ...(workers === undefined ? {} : { workers }),
      host: config.grpc.host,
      port: config.grpc.port,
    });
    servers.push(grpc);
    const http = await openHttp(config, edge);
    if (http !== undefined) servers.push(http);
    const { address } = grpc;
    const httpAddress = http?.address;
    const home = heddleHome(env);
    const ensureAdminToken = (known: string | undefined) => engine.ensureAdminToken(known);
    const tokenFile = await provideAdminToken({ dataDir, address, home, ensureAdminToken });
    lock.publish(address, httpAddress);
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= unwind().finally(() => end.resolve({ kind: "closed" }));
      return closing;
    };
    return { address, httpAddress, dataDir, tokenFile, ended: end.promise, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await unwind();
    throw error;
  }
}

/** Loaded only where it is wanted. */
async function openHttp(config: DaemonConfig, edge: Pick<HttpServerOptions, "api" | "authenticate" | "report">) {
  const { enabled, ...where } = config.http;
  if (!enabled) return undefined;
  const { openHttpServer } = await import("./http/server.ts");
  return openHttpServer({ ...edge, ...where, version: daemonVersion });
}

function assertReachable({ grpc, http, insecure }: DaemonConfig): void {
  const hosts = { "grpc.host": grpc.host, ...(http.enabled ? { "http.host": http.host } : {}) };
  const beyond = Object.entries(hosts).find(([, host]) => !isLoopbackHost(host));
  if (beyond === undefined || insecure) return;
  throw new HeddleError(
    "config-invalid",
    `${beyond[0]} is ${beyond[1]}, which is beyond loopback, and there is no TLS: tokens would be readable on the way. ` +
      "Listen on 127.0.0.1, or accept that with insecure: true (--insecure)",
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
