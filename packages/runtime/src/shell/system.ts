/** The real clock and the real dice: the only place in the runtime that reads either. */
import { randomFillSync } from "node:crypto";
import type { Clock, Random } from "@heddle/ports";

/** Longest delay that one timer of Node may have; longer ones are armed again. */
const timerMsMax = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer(delayMs, fire) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timer = setTimeout(() => (leftMs > timerMsMax ? arm(leftMs - timerMsMax) : fire()), Math.min(Math.max(leftMs, 0), timerMsMax));
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};

/** Bytes are fetched ahead, and each is given out once: a call costs more than what it gives. */
const pool = new Uint8Array(4_096);
let used = pool.length;

export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes(count) {
    if (count > pool.length) return randomFillSync(new Uint8Array(count));
    if (used + count > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += count;
    return pool.slice(used - count, used);
  },
};
