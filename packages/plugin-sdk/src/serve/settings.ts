/** Where a plugin listens and with whom it registers: what the caller says, then the environment, then the default. */
import { HeddleError, type JsonObject } from "@heddle/core";
import { type Address, defaultTarget, formatAddress, heddleHome, isLoopbackHost, parseAddress } from "@heddle/wire";

/** How a plugin is served. Each option left out comes from the environment, or has the default named here. */
export interface ServeOptions {
  /** `host:port` or `:port` to listen on. `HEDDLE_PLUGIN_ADDR`, `MIRASTACK_PLUGIN_ADDR`, any free port on 127.0.0.1. */
  readonly listen?: string;
  /** Where the daemon finds it, if not there. `HEDDLE_PLUGIN_ADVERTISE_ADDR`, `MIRASTACK_PLUGIN_ADVERTISE_ADDR`. */
  readonly advertise?: string;
  /** `host:port` of the daemon. `HEDDLE_TARGET`, `MIRASTACK_ENGINE_ADDR`, `localhost:55051`. */
  readonly target?: string;
  /** `HEDDLE_TOKEN`, the token file of the target. */
  readonly token?: string;
  /** Listen on, or register with, another machine without TLS. `HEDDLE_INSECURE`. */
  readonly insecure?: boolean;
  /** Values of the settings that the plugin declares. */
  readonly config?: JsonObject;
  /** Calls at a time. Default 256. */
  readonly slots?: number;
  /** How long calls may go on once it is to stop. Default 10 s. */
  readonly graceMs?: number;
  /** Waits between attempts to register. Default 2 s, doubling to 30 s. */
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
  /** What happens, a line at a time. Default: standard error. */
  readonly log?: (line: string) => void;
  /**
   * It is the process: it prints its port, ends with SIGINT and SIGTERM, and exits with 1 when the plugin is
   * not valid. Default true; false where a program serves it among other things.
   */
  readonly ownsProcess?: boolean;
  /** Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Settings, complete. */
export interface ServeSettings {
  readonly listen: Address;
  /** Undefined: where it turns out to listen. */
  readonly advertise: string | undefined;
  readonly target: string;
  /** Undefined: the token file is asked at each attempt. */
  readonly token: string | undefined;
  readonly home: string;
  readonly config: JsonObject;
  readonly slots: number;
  readonly graceMs: number;
  readonly retry: { readonly firstMs: number; readonly maxMs: number };
  readonly log: (line: string) => void;
}

/** @throws HeddleError `config-invalid` for addresses that are none, and for other machines without `insecure`. */
export function resolveServe(options: ServeOptions): ServeSettings {
  const { env = process.env } = options;
  const variable = (...names: readonly string[]) => names.map((name) => env[name]).find((value) => (value ?? "") !== "");
  const insecure = options.insecure ?? ["1", "true", "yes"].includes((variable("HEDDLE_INSECURE") ?? "").toLowerCase());
  const listen = listenAddress(options.listen ?? variable("HEDDLE_PLUGIN_ADDR", "MIRASTACK_PLUGIN_ADDR") ?? "127.0.0.1:0");
  const target = parseAddress(options.target ?? variable("HEDDLE_TARGET", "MIRASTACK_ENGINE_ADDR") ?? defaultTarget);
  const advertise = options.advertise ?? variable("HEDDLE_PLUGIN_ADVERTISE_ADDR", "MIRASTACK_PLUGIN_ADVERTISE_ADDR");
  for (const [what, address] of [
    ["the plugin would listen on", listen],
    ["the daemon is at", target],
  ] as const) {
    if (insecure || isLoopbackHost(address.host)) continue;
    throw new HeddleError(
      "config-invalid",
      `${what} ${formatAddress(address)}, which is beyond this machine, and what is sent there could be read on the way: ` +
        "use a tunnel that ends on localhost, or accept that with insecure: true (HEDDLE_INSECURE=true)",
    );
  }
  return {
    listen,
    advertise: advertise === undefined ? undefined : formatAddress(parseAddress(advertise)),
    target: formatAddress(target),
    token: options.token ?? variable("HEDDLE_TOKEN"),
    home: heddleHome(env),
    config: options.config ?? {},
    slots: whole("slots", options.slots ?? 256, 1, 100_000),
    graceMs: whole("graceMs", options.graceMs ?? 10_000, 0, 2 ** 31 - 1),
    retry: options.retry ?? { firstMs: 2_000, maxMs: 30_000 },
    log: options.log ?? ((line) => void process.stderr.write(`${line}\n`)),
  };
}

/** `:port` is a port of this machine alone. */
function listenAddress(text: string): Address {
  return parseAddress(text.startsWith(":") ? `127.0.0.1${text}` : text);
}

function whole(what: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new HeddleError("config-invalid", `${what} is ${value}, and must be a whole number from ${min} to ${max}`);
}
