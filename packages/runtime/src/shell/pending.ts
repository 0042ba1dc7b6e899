/** Commands that wait for their turn in a run, and those who wait for them. */
import type { HeddleError } from "@heddle/core";
import type { RunCommand } from "../machine/commands.ts";

export interface Pending {
  readonly command: RunCommand;
  readonly atMs: number;
  readonly random: number;
  /** Absent where nobody waits: outcomes and timers. */
  readonly settle?: (refusal: HeddleError | undefined) => void;
}

export function settleAll(batch: readonly Pending[], refusals: readonly (HeddleError | undefined)[]): void {
  for (let i = 0; i < batch.length; i++) batch[i]?.settle?.(refusals[i]);
}
