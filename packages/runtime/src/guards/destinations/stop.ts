/** One end for all that a request waits for: its time is up, or somebody wants it to stop. */
import type { Clock } from "@heddle/ports";
import { type Refusal, refuse } from "../refusal.ts";

export class Stop {
  /** Why; undefined while it may go on. */
  refusal: Refusal | undefined;
  readonly #controller = new AbortController();
  readonly #disarm: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#stop(refuse("aborted", "the request was stopped: it may have been carried out by the other side"));

  constructor(clock: Clock, timeMs: number, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#disarm = clock.setTimer(timeMs, () => {
      this.#stop(refuse("request-timed-out", `the request took longer than ${timeMs} ms: ask for less, or raise the limit`));
    });
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the promise gives; the refusal as soon as there is one. A promise that is left behind may reject unseen. */
  async race<T>(promise: Promise<T>): Promise<T | Refusal> {
    if (this.refusal !== undefined) {
      promise.catch(() => undefined);
      return this.refusal;
    }
    const stopped = Promise.withResolvers<Refusal>();
    const onStop = (): void => stopped.resolve(this.refusal!);
    this.signal.addEventListener("abort", onStop, { once: true });
    try {
      return await Promise.race([promise, stopped.promise]);
    } catch (error) {
      if (this.refusal !== undefined) return this.refusal;
      throw error;
    } finally {
      this.signal.removeEventListener("abort", onStop);
      promise.catch(() => undefined);
    }
  }

  end(): void {
    this.#disarm();
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  #stop(refusal: Refusal): void {
    this.refusal ??= refusal;
    this.#controller.abort();
  }
}
