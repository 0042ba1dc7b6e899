/**
 * Restart and reschedule windows: how often a node is started again where it is, and how often elsewhere.
 * The defaults depend on the type of the job and its recovery mode; every field of a window is written
 * out, so that whoever reads the IR needs none of them.
 */
import type { JsonObject } from "@heddle/core";
import { flagAt, member, numberAt, objectAt, textAt } from "./json-access.ts";

export type JobType = "batch" | "service" | "system" | "sysbatch";

type Window = {
  readonly attempts: number;
  readonly intervalMs: number;
  readonly delayMs: number;
  readonly delayFunction: string;
  readonly delayMaxMs: number;
};
export type RestartWindow = Window & { readonly mode: string };
export type RescheduleWindow = Window & { readonly unlimited: boolean };

export interface RecoveryWindows {
  readonly restart: RestartWindow;
  readonly reschedule: RescheduleWindow;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const growing = { delayMs: 1_000, delayFunction: "exponential", delayMaxMs: 30_000 } as const;
const noRestart: RestartWindow = { attempts: 0, intervalMs: dayMs, ...growing, mode: "fail" };
const noReschedule: RescheduleWindow = {
  attempts: 0,
  intervalMs: dayMs,
  delayMs: 5_000,
  delayFunction: "constant",
  delayMaxMs: 5_000,
  unlimited: false,
};

/** The windows that a job has when it says nothing. */
export function defaultWindows(jobType: JobType, recovery: string): RecoveryWindows {
  if (recovery === "manual_recover") return { restart: noRestart, reschedule: noReschedule };
  const elsewhere = recovery === "cluster_recover";
  if (jobType === "service" || jobType === "system") {
    return {
      restart: { attempts: 3, intervalMs: 10 * minuteMs, ...growing, mode: elsewhere ? "fail" : "delay" },
      reschedule: elsewhere ? { ...noReschedule, delayFunction: "exponential", delayMaxMs: 5 * minuteMs, unlimited: true } : noReschedule,
    };
  }
  return {
    restart: { attempts: 3, intervalMs: dayMs, ...growing, mode: "fail" },
    reschedule: elsewhere ? { ...noReschedule, attempts: 1 } : noReschedule,
  };
}

/** What policies make of windows; what they leave out stays. */
export function windowsUnder(windows: RecoveryWindows, policies: JsonObject): RecoveryWindows {
  const restart = objectAt(policies, "restart") ?? {};
  const reschedule = objectAt(policies, "reschedule") ?? {};
  const legacy = numberAt(restart, "attempts") === undefined ? numberAt(policies, "max_agent_restart_attempts") : undefined;
  return {
    restart: {
      ...windowUnder(windows.restart, restart),
      ...(legacy === undefined ? {} : { attempts: legacy }),
      mode: textAt(restart, "mode") ?? windows.restart.mode,
    },
    reschedule: {
      ...windowUnder(windows.reschedule, reschedule),
      // Asking for a number of attempts is asking for no more than that.
      unlimited: flagAt(reschedule, "unlimited") ?? (member(reschedule, "attempts") === undefined && windows.reschedule.unlimited),
    },
  };
}

function windowUnder(window: Window, given: JsonObject): Window {
  const delayMs = numberAt(given, "delay_ms") ?? window.delayMs;
  return {
    attempts: numberAt(given, "attempts") ?? window.attempts,
    intervalMs: numberAt(given, "interval_ms") ?? window.intervalMs,
    delayMs,
    delayFunction: textAt(given, "delay_function") ?? window.delayFunction,
    delayMaxMs: numberAt(given, "max_delay_ms") ?? Math.max(window.delayMaxMs, delayMs),
  };
}
