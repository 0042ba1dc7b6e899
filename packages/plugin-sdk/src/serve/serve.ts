/**
 * Serves a plugin from a process of its own: listens, makes itself known to the daemon, carries out calls,
 * and leaves in order. The only part of the SDK that speaks to the process.
 */
import { randomBytes } from "node:crypto";
import { HeddleError } from "@heddle/core";
import { formatAddress } from "@heddle/wire";
import { type ReadyPlugin, readyPlugin } from "../check-plugin.ts";
import { settingsOf } from "../config-values.ts";
import type { AnyPlugin } from "../define-plugin.ts";
import { daemonCalls } from "./daemon-calls.ts";
import { type Registration, startRegistration } from "./registration.ts";
import { resolveServe, type ServeOptions, type ServeSettings } from "./settings.ts";
import { openStreamServer } from "./stream-server.ts";

/** A plugin that serves. */
export interface ServedPlugin extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the daemon has registered it for the first time. */
  readonly registered: Promise<void>;
  /** Deregisters, lets calls finish within the grace, stops. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves a plugin until its process is told to end. The daemon need not be there: it registers when it is,
 * and again when the daemon has forgotten it.
 *
 * What is wrong with the plugin is printed, all of it, and the process exits with 1. With
 * `ownsProcess: false` it rejects instead: `plugin-invalid`, `config-invalid`.
 */
export async function serve(plugin: AnyPlugin, options: ServeOptions = {}): Promise<ServedPlugin> {
  if (options.ownsProcess === false) return start(readyPlugin(plugin), resolveServe(options));
  try {
    const settings = resolveServe(options);
    const served = await start(readyPlugin(plugin), settings);
    process.stdout.write(`HEDDLE_PLUGIN_PORT=${served.port}\n`);
    endOnSignals(served);
    return served;
  } catch (error) {
    const known = HeddleError.is(error) && error.code !== "invariant-violated";
    process.stderr.write(`${known ? `${error.message} [${error.code}]` : error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  }
}

async function start(plugin: ReadyPlugin, settings: ServeSettings): Promise<ServedPlugin> {
  const { info, form } = plugin;
  const { target, token, home, listen, slots, graceMs, retry, log } = settings;
  await form.configUpdated(settingsOf(info, settings.config));
  const instance = `inst_${randomBytes(16).toString("hex")}`;
  let registration: Registration | undefined;
  const server = await openStreamServer({ plugin, instance, listen, slots, log, onDeserted: () => registration?.again() });

  const { port } = server;
  const address = settings.advertise ?? formatAddress({ host: listen.host, port });
  const calls = daemonCalls(target, token, home);
  let isKnown = false;
  let known: () => void = () => undefined;
  const registered = new Promise<void>((resolve) => {
    known = resolve;
  });
  registration = startRegistration({
    info,
    address,
    instance,
    target,
    calls,
    retry,
    setTimer: (delayMs, fire) => {
      const timer = setTimeout(fire, delayMs);
      return () => clearTimeout(timer);
    },
    log,
    onRegistered: () => {
      isKnown = true;
      known();
    },
  });
  const leave = async (): Promise<void> => {
    registration?.stop();
    const startedAt = performance.now();
    try {
      if (isKnown) await calls.deregister(info.name, instance, Math.max(1, graceMs));
    } catch (error) {
      // A daemon that is gone has forgotten it already, or will.
      log(`${info.name}: not deregistered: ${HeddleError.is(error) ? error.message : String(error)}`);
    }
    await server.stop(Math.max(0, graceMs - (performance.now() - startedAt)));
    calls.close();
  };
  let leaving: Promise<void> | undefined;
  const close = () => {
    leaving ??= leave();
    return leaving;
  };
  return { port, registered, close, [Symbol.asyncDispose]: close };
}

function endOnSignals(served: ServedPlugin): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    let times = 0;
    process.on(signal, () => {
      if (++times > 1) process.exit(signal === "SIGINT" ? 130 : 143);
      served.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}
