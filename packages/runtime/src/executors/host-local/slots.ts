/** A bound on how many things run at once. Those that wait are let in one by one, first come, first served. */
import type { AbortHandle } from "@heddle/ports";

export class Slots {
  readonly #waiting = new Set<(free: boolean) => void>();
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many are taken now. */
  get taken(): number {
    return this.#taken;
  }

  /** Resolves with true once there is a place, which the caller must release; with false if it was aborted before. */
  acquire(abort: AbortHandle): Promise<boolean> {
    if (abort.aborted) return Promise.resolve(false);
    if (this.#taken < this.#max) {
      this.#taken++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      abort.onAbort(() => {
        if (this.#waiting.delete(resolve)) resolve(false);
      });
    });
  }

  release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken--;
    else {
      this.#waiting.delete(next);
      next(true);
    }
  }
}
