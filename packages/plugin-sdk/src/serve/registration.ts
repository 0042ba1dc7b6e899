/**
 * Being known to the daemon: registers until that succeeds, then says from time to time that it is there,
 * and begins anew when the daemon does not know it any more. Nothing that goes wrong here ends the plugin.
 */
import { type ErrorCode, HeddleError, type PluginInfo } from "@heddle/core";
import type { SetTimer } from "@heddle/wire";
import type { DaemonCalls } from "./daemon-calls.ts";

export interface RegistrationOptions {
  readonly info: PluginInfo;
  readonly address: string;
  readonly instance: string;
  readonly target: string;
  readonly calls: Pick<DaemonCalls, "register" | "heartbeat">;
  readonly retry: { readonly firstMs: number; readonly maxMs: number };
  readonly setTimer: SetTimer;
  readonly log: (line: string) => void;
  /** The daemon knows it now. Called after each registration that succeeded. */
  readonly onRegistered: () => void;
}

/** A registration that goes on until it is stopped. */
export interface Registration {
  /** The daemon let go of it, or is gone: registers again now, and not only when a heartbeat tells. */
  again(): void;
  stop(): void;
}

/** What only a person can change. It tries again all the same: somebody may. */
const needPerson: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthenticated: "set HEDDLE_TOKEN, or run it as the user whose daemon it is",
  "permission-denied": "its token has not the role that registering asks for",
  "plugin-invalid": "the plugin has to be mended",
};

/** What fails again in the same way is told once, and then every so often. */
const toldEvery = 10;

/** Starts to register, at once. */
export function startRegistration(options: RegistrationOptions): Registration {
  const { info, address, instance, target, calls, retry, setTimer, log, onRegistered } = options;
  let isStopped = false;
  let cancel: () => void = () => undefined;
  let isRegistering = false;
  let failed = 0;
  let refused = 0;
  let lastRefusal: string | undefined;
  /** Of the round that counts: a heartbeat under way when another round begins has no say any more. */
  let round = 0;

  const later = (delayMs: number, then: () => Promise<void>): void => {
    if (isStopped) return;
    // Each step handles what it awaits.
    cancel = setTimer(delayMs, () => void then());
  };

  const register = async (delayMs: number): Promise<void> => {
    isRegistering = true;
    round++;
    try {
      const { heartbeatIntervalMs } = await calls.register(info, address, instance);
      if (isStopped) return;
      isRegistering = false;
      lastRefusal = undefined;
      failed = 0;
      log(`${info.name}: registered with ${target}`);
      onRegistered();
      later(heartbeatIntervalMs, () => heartbeat(heartbeatIntervalMs));
    } catch (error) {
      if (isStopped) return;
      const text = describe(error);
      refused = text === lastRefusal ? refused + 1 : 0;
      lastRefusal = text;
      if (refused % toldEvery === 0) log(`${info.name}: not registered: ${text}; trying again in ${delayMs / 1_000} s`);
      later(delayMs, () => register(Math.min(2 * delayMs, retry.maxMs)));
    }
  };

  const heartbeat = async (intervalMs: number): Promise<void> => {
    const mine = round;
    try {
      const { registered, heartbeatIntervalMs } = await calls.heartbeat(info.name, instance);
      if (isStopped || mine !== round) return;
      if (failed > 0) log(`${info.name}: heard again by ${target}`);
      failed = 0;
      if (registered) return later(heartbeatIntervalMs, () => heartbeat(heartbeatIntervalMs));
      log(`${info.name}: ${target} does not know it any more, registering again`);
      await register(retry.firstMs);
    } catch (error) {
      if (isStopped || mine !== round) return;
      if (failed++ % toldEvery === 0) log(`${info.name}: heartbeat failed: ${describe(error)}`);
      later(intervalMs, () => heartbeat(intervalMs));
    }
  };

  void register(retry.firstMs);
  return {
    again() {
      if (isStopped || isRegistering) return;
      cancel();
      void register(retry.firstMs);
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

function describe(error: unknown): string {
  if (!HeddleError.is(error)) return error instanceof Error ? error.message : String(error);
  const hint = needPerson[error.code];
  return `${error.message} [${error.code}]${hint === undefined ? "" : `: ${hint}`}`;
}
