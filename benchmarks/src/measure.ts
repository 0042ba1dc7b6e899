/** Numbers from samples, and the conditions that they were taken under. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export function percentile(samples: readonly number[] | Float64Array, percent: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))] as number;
}

export function median(samples: readonly number[] | Float64Array): number {
  const sorted = Float64Array.from(samples).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Three significant digits, whole numbers from 1,000 on. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.sys + times.nice + times.irq, 0);
}

/** Waits, at most so long, until others use less than a third of a core; says how many cores they used last. */
export async function waitForQuiet(waitMsMax: number): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const beforeMs = performance.now();
    const before = busyMs();
    await sleep(250);
    const busy = (busyMs() - before) / (performance.now() - beforeMs);
    if (busy < 0.33 || performance.now() - startedMs >= waitMsMax) return rounded(busy);
  }
}

/** The p50 of appending 4 KiB to a file of this folder and syncing it, in milliseconds. */
export function syncMs(folder: string, count = 100): number {
  const path = join(folder, "sync-probe");
  const file = openSync(path, "w");
  const page = Buffer.alloc(4_096, 7);
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    samples.push(performance.now() - startedMs);
  }
  closeSync(file);
  rmSync(path);
  return rounded(median(samples));
}
