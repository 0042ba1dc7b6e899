/** The real clock and the real dice: the only place in the runtime that reads either. */
import { randomBytes } from "node:crypto";
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

export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes: (count) => randomBytes(count),
};
