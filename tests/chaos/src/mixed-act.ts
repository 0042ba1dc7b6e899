/**
 * What every step of the mixed workflow does, wherever it runs: it writes to its peer's own log that it
 * begins, works for a while, writes that it has done it, and answers a little later. Each line is on the
 * disk before the next thing happens, so a kill at any point leaves a log that says what took place.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A line of a log. `void`: whoever settles the call has decided that this attempt does not count. */
export interface LogLine {
  readonly at: "begin" | "done" | "void";
  readonly step: string;
  readonly key: string;
  /** 0 where the peer is not told. */
  readonly attempt: number;
  readonly pid: number;
  readonly result?: number;
}

export interface Given {
  /** The folder of the logs. */
  readonly logs: string;
  readonly value: number;
}

export interface Call {
  readonly place: string;
  readonly step: string;
  readonly key: string;
  readonly attempt: number;
  readonly signal?: AbortSignal;
}

/** Appends a line in one write, and returns once it is durable. */
export function note(logs: string, place: string, line: LogLine): void {
  const file = openSync(join(logs, `${place}.log`), "a");
  try {
    writeSync(file, `${JSON.stringify(line)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What a step makes of a value. */
export function next(value: number, step: string): number {
  return [...step].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003, value);
}

/** Carries out one attempt. An abort before it is done ends it; afterwards it has been done. */
export async function act({ logs, value }: Given, { place, step, key, attempt, signal }: Call): Promise<number> {
  const line = { step, key, attempt, pid: process.pid };
  note(logs, place, { at: "begin", ...line });
  // What a node server carries out may outlive a daemon, and is then asked for again while it runs.
  const longer = step === "blend" && Math.random() < 0.5 ? 2_000 : 0;
  await pause(30 + Math.random() * 90 + longer, signal);
  const result = next(value, step);
  note(logs, place, { at: "done", ...line, result });
  await pause(20 + Math.random() * 60);
  return result;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const stop = (): void => {
      clearTimeout(timer);
      reject(new Error("it was asked to stop"));
    };
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}
