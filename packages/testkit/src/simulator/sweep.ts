/** The sweep: seeds that bring one death each, so that a range of them covers every port call of a run. */
import type { Death } from "./port-calls.ts";

/** Of so many seeds, one is of the sweep. */
const sweepEvery = 4;

/** The death that a seed of the sweep brings: in turn at each port call of an undisturbed run, before it and after it. */
export function sweepOf(seed: number, calls: number): Death | undefined {
  if (seed % sweepEvery !== 0 || calls === 0) return undefined;
  const turn = seed / sweepEvery - 1;
  return { n: (turn % calls) + 1, mode: Math.floor(turn / calls) % 2 === 0 ? "after" : "before" };
}

/** How many seeds it takes until the sweep has been at every port call. */
export function sweepSeeds(calls: number): number {
  return sweepEvery * 2 * calls;
}
