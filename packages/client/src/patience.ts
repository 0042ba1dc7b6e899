/**
 * Coming back to a daemon that went away: which errors are worth another try, how long to wait before
 * it, and when to give up. Waiting grows from 50 ms to 2 s, with jitter so that many clients spread out.
 * It knows no transport, and runs in browsers too.
 */
import { type ErrorCode, HeddleError } from "@heddle/core";
import type { SdkLog } from "./sdk-log.ts";

const delayMsMin = 50;
const delayMsMax = 2_000;

/** After these the same call may succeed, and nothing was done by the one that failed. */
const passing: ReadonlySet<ErrorCode> = new Set(["daemon-unreachable", "shutting-down", "journal-fenced", "follower-slow"]);

/** What a transport tells of itself. */
export interface Reach {
  /** True once its daemon has answered anything. */
  readonly reached: boolean;
  /** Aborts when the client closes. */
  readonly closing: AbortSignal;
}

/** What patience rests on. */
export interface PatienceOptions {
  readonly transport: Reach;
  readonly log: SdkLog;
  readonly reattachMs: number;
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** For the log. */
  readonly what: string;
}

/** The state of one wish that is tried until it is granted. */
export class Patience {
  readonly #options: PatienceOptions;
  #failures = 0;
  #progressAt = performance.now();
  #attachedAt: number | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** The daemon took the call on. Alone that is no progress, or a daemon that always fails would be asked for ever. */
  attached(): void {
    this.#attachedAt = performance.now();
  }

  /** Something came. */
  progressed(): void {
    this.#failures = 0;
    this.#progressAt = performance.now();
  }

  /** Returns when it is time for another try; throws the error when there shall be none. */
  async wait(error: unknown): Promise<void> {
    const { transport, log, reattachMs, deadline, signal, what } = this.#options;
    if (!HeddleError.is(error) || !passing.has(error.code)) throw error;
    const now = performance.now();
    // A call that was held for a while had its daemon, even if nothing happened in it.
    if (this.#attachedAt !== undefined && now - this.#attachedAt > delayMsMax) this.progressed();
    this.#attachedAt = undefined;
    // A daemon that never answered is told at once: most likely there is none.
    if (!transport.reached) throw error;
    const ceiling = Math.min(delayMsMax, delayMsMin * 2 ** this.#failures++);
    const delay = ceiling * (0.5 + Math.random() / 2);
    if (now - this.#progressAt + delay > reattachMs || Date.now() + delay > deadline) {
      log("error", `${what}: gave up: ${error.message} [${error.code}]`);
      throw error;
    }
    log("warn", `${what}: trying again in ${Math.round(delay)} ms: ${error.message} [${error.code}]`);
    const stop = signal === undefined ? transport.closing : AbortSignal.any([signal, transport.closing]);
    await sleep(delay, stop);
    transport.closing.throwIfAborted();
    if (signal?.aborted === true) throw new HeddleError("cancelled", "the call was cancelled", { cause: signal.reason });
  }
}

/** Resolves after the delay, or with the signal. */
function sleep(delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    stop.addEventListener("abort", done, { once: true });
  });
}

/** Tries until it is granted or patience ends. The wish must be safe to repeat. */
export async function patiently<Value>(options: PatienceOptions, attempt: (trying: Patience) => Promise<Value>): Promise<Value> {
  const patience = new Patience(options);
  for (;;) {
    try {
      return await attempt(patience);
    } catch (error) {
      await patience.wait(error);
    }
  }
}
