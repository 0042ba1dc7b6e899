/** The timers of one run: at most one for each activation (0: the run itself). */
import type { Clock } from "@heddle/ports";

export class Timers {
  readonly #clock: Clock;
  readonly #armed = new Map<number, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls back after a delay, in place of the timer that the activation had. The wait is by a clock that
   * does not jump: one that is set back delays nothing.
   */
  arm(activation: number, delayMs: number, fire: () => void): void {
    this.disarm(activation);
    const cancel = this.#clock.setTimer(Math.max(0, delayMs), () => {
      this.#armed.delete(activation);
      fire();
    });
    this.#armed.set(activation, cancel);
  }

  disarm(activation: number): void {
    if (this.#armed.size === 0) return;
    this.#armed.get(activation)?.();
    this.#armed.delete(activation);
  }

  clear(): void {
    for (const cancel of this.#armed.values()) cancel();
    this.#armed.clear();
  }
}
