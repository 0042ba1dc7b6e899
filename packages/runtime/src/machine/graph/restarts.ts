/** Restart and reschedule windows: how often a node that failed is tried again, and when. Pure. */
import type { JsonObject } from "@heddle/core";

/** Restarts that a window counts, at most: what a run remembers of each node stays small. */
export const restartsMax = 1_000;

export interface RestartWindow {
  /** Within `intervalMs`. */
  readonly attempts: number;
  readonly unlimited: boolean;
  readonly intervalMs: number;
  readonly delayMs: number;
  readonly delayMaxMs: number;
  readonly delayFunction: "constant" | "exponential" | "fibonacci";
  /** When the attempts are used up: `fail`, or wait until one of them is an interval ago. */
  readonly mode: "fail" | "delay";
}

export function windowOf(given: JsonObject | undefined): RestartWindow | undefined {
  if (given === undefined) return undefined;
  const number = (name: string, otherwise: number): number => {
    const value = given[name];
    return typeof value === "number" && value >= 0 ? value : otherwise;
  };
  const delayMs = number("delayMs", 1_000);
  const fn = given["delayFunction"];
  return {
    attempts: Math.min(restartsMax, number("attempts", 0)),
    unlimited: given["unlimited"] === true,
    intervalMs: number("intervalMs", 24 * 60 * 60 * 1_000),
    delayMs,
    delayMaxMs: Math.max(delayMs, number("delayMaxMs", 30_000)),
    delayFunction: fn === "exponential" || fn === "fibonacci" ? fn : "constant",
    mode: given["mode"] === "delay" ? "delay" : "fail",
  };
}

export interface Restart {
  /** Restarts within the window, this one included. */
  readonly count: number;
  readonly atMs: number;
}

/**
 * When a node is started again; undefined when the window allows no more.
 *
 * @param before when it was started again before, oldest first
 */
export function nextRestart(window: RestartWindow | undefined, before: readonly number[], nowMs: number): Restart | undefined {
  if (window === undefined || (window.attempts === 0 && !window.unlimited)) return undefined;
  const recent = before.filter((atMs) => atMs > nowMs - window.intervalMs);
  const count = recent.length + 1;
  if (window.unlimited || count <= window.attempts) return { count, atMs: nowMs + delayOf(window, count) };
  if (window.mode === "fail") return undefined;
  // The oldest of those that fill the window leaves it first.
  const leaves = (recent[recent.length - window.attempts] ?? nowMs) + window.intervalMs;
  return { count: window.attempts, atMs: Math.max(leaves, nowMs + delayOf(window, window.attempts)) };
}

function delayOf({ delayMs, delayMaxMs, delayFunction }: RestartWindow, count: number): number {
  const factor = delayFunction === "constant" ? 1 : delayFunction === "exponential" ? 2 ** Math.min(count - 1, 60) : fibonacci(count);
  return Math.min(delayMs * factor, delayMaxMs);
}

function fibonacci(n: number): number {
  let [a, b] = [1, 1];
  for (let i = 1; i < Math.min(n, 80); i++) [a, b] = [b, a + b];
  return a;
}
