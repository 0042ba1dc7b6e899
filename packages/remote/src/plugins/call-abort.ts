/** The abort of one call: of its attempt, of its time, or of the host's own. Its signal is made on first use. */
import type { AbortHandle } from "@heddle/ports";

export class CallAbort implements AbortHandle {
  #reason: string | undefined;
  #controller: AbortController | undefined;
  #listeners: (() => void)[] = [];

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
    for (const listener of this.#listeners.splice(0)) listener();
  }

  onAbort(then: () => void): void {
    if (this.#reason !== undefined) then();
    else this.#listeners.push(then);
  }
}
