/** Settings of a client: what the caller says, then the environment, then the default. */
import { join } from "node:path";
import { HeddleError } from "@heddle/core";
import { defaultTarget, formatAddress, heddleHome, isLoopbackHost, parseAddress } from "@heddle/wire";

/** How a client is made. Each option left out comes from the environment, or has the default named here. */
export interface ClientOptions {
  /** `host:port` of the daemon. `HEDDLE_TARGET`, `MN_GRPC_TARGET`, `localhost:55051`. */
  readonly target?: string | undefined;
  /** The secret to present. `HEDDLE_TOKEN`, `MN_GRPC_AUTH_TOKEN`, the token file of the target. */
  readonly token?: string | undefined;
  /** For each unary call; streams and waiting for a result have no deadline. `HEDDLE_TIMEOUT_SECONDS`, `MN_GRPC_TIMEOUT_SECONDS`, 10 s. */
  readonly timeoutMs?: number | undefined;
  /** How long a follower tries to come back to its daemon without progress. 60 s. */
  readonly reattachMs?: number | undefined;
  /** Where warnings and errors are written. `HEDDLE_LOG_PATH`, `MN_SDK_LOG_PATH`, `~/.heddle/logs/sdk.log`. */
  readonly logPath?: string | undefined;
  /** Send the token to another machine without TLS. `HEDDLE_INSECURE`. */
  readonly insecure?: boolean | undefined;
  /** Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Settings, complete. */
export interface Settings {
  readonly target: string;
  /** Undefined: the token file is asked, at each call, until there is one. */
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly reattachMs: number;
  readonly logPath: string;
  /** The folder of the user's own files, where token files are. */
  readonly home: string;
}

/** @throws HeddleError `config-invalid` for values that make no sense, and for another machine without `insecure`. */
export function resolveSettings(options: ClientOptions): Settings {
  const { env = process.env } = options;
  const variable = (...names: readonly string[]) => names.map((name) => env[name]).find((value) => (value ?? "") !== "");
  const home = heddleHome(env);
  const address = parseAddress(options.target ?? variable("HEDDLE_TARGET", "MN_GRPC_TARGET") ?? defaultTarget);
  const insecure = options.insecure ?? ["1", "true", "yes"].includes((variable("HEDDLE_INSECURE") ?? "").toLowerCase());
  if (!isLoopbackHost(address.host) && !insecure) {
    throw new HeddleError(
      "config-invalid",
      `${formatAddress(address)} is another machine, and the token would be readable on the way: reach it through a tunnel ` +
        "that ends on localhost, or accept that with insecure: true (HEDDLE_INSECURE=true)",
    );
  }
  const seconds = variable("HEDDLE_TIMEOUT_SECONDS", "MN_GRPC_TIMEOUT_SECONDS");
  return {
    target: formatAddress(address),
    token: options.token ?? variable("HEDDLE_TOKEN", "MN_GRPC_AUTH_TOKEN"),
    timeoutMs: positive("the timeout", options.timeoutMs ?? (seconds === undefined ? 10_000 : Number(seconds) * 1_000)),
    reattachMs: positive("reattachMs", options.reattachMs ?? 60_000),
    logPath: options.logPath ?? variable("HEDDLE_LOG_PATH", "MN_SDK_LOG_PATH") ?? join(home, "logs", "sdk.log"),
    home,
  };
}

/** The largest delay that timers of JavaScript know. */
const timerMsMax = 2 ** 31 - 1;

function positive(what: string, value: number): number {
  if (value > 0 && value <= timerMsMax) return value;
  throw new HeddleError("config-invalid", `${what} is ${value}, and must be a positive time of at most ${timerMsMax} ms`);
}
