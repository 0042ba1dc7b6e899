/**
 * Code that is run as it is, in the time of the machine: one call after the other, so that each play takes them in the
 * same order, and none while virtual time passes.
 */
import { HeddleError } from "@heddle/core";
import { systemClock } from "@heddle/runtime";

/** How long one call may take, in milliseconds of the machine. */
export const realCallMsMax = 10_000;

export class RealCalls {
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** The node whose call did not end in time. */
  late: string | undefined;

  /** Calls that have not ended. */
  get open(): boolean {
    return this.#waiting > 0 && this.late === undefined;
  }

  call(node: string, fn: () => unknown): Promise<unknown> {
    this.#waiting++;
    const own = this.#queue.then(() => this.#bounded(node, fn)).finally(() => this.#waiting--);
    this.#queue = own.catch(() => undefined);
    return own;
  }

  /** Resolves when the calls so far have ended, or one of them takes too long. */
  async ended(): Promise<void> {
    await this.#queue;
  }

  #bounded(node: string, fn: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const disarm = systemClock.setTimer(realCallMsMax, () => {
        this.late ??= node;
        reject(new HeddleError("deadline-exceeded", `${node} did not answer`));
      });
      Promise.resolve().then(fn).then(resolve, reject).finally(disarm);
    });
  }
}
