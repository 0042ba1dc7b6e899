/** The abort of one attempt. Most attempts never look at it, so its signal is made on first use. */
import type { AbortHandle } from "@heddle/ports";

export class AttemptAbort implements AbortHandle {
  #reason: string | undefined;
  #controller: AbortController | undefined;
  #listeners: (() => void)[] | undefined;

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  /** Why: `timeout`, `cancelled`, `shutdown`. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
  }

  onAbort(then: () => void): void {
    if (this.#reason !== undefined) then();
    else if (this.#listeners === undefined) this.#listeners = [then];
    else this.#listeners.push(then);
  }
}
