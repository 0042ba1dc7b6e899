/** Those who wait for runs to end. */
import { HeddleError, isTerminalEvent, type RunEvent, type RunEventOf, type RunId } from "@heddle/core";
import type { LiveRun } from "../machine/index.ts";

export type TerminalEvent = RunEventOf<"run-succeeded" | "run-failed" | "run-cancelled">;

export function isTerminal(event: RunEvent): event is TerminalEvent {
  return isTerminalEvent(event.kind);
}

interface Waiter {
  resolve(event: TerminalEvent): void;
  reject(error: HeddleError): void;
}

export class EndWaiters {
  readonly #waiters = new Map<RunId, Set<Waiter>>();

  /** Resolves when the run ends. Rejects with `cancelled` when the signal fires. */
  wait(run: RunId, signal: AbortSignal | undefined): Promise<TerminalEvent> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(run) ?? new Set();
      this.#waiters.set(run, waiters);
      const onAbort = (): void => {
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waiters.get(run) === waiters) this.#waiters.delete(run);
        reject(new HeddleError("cancelled", "nobody waits for the run any more"));
      };
      const waiter: Waiter = {
        resolve: (event) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(event);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      waiters.add(waiter);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  ended(run: RunId, live: LiveRun): void {
    const waiters = this.#waiters.get(run);
    if (waiters === undefined) return;
    this.#waiters.delete(run);
    const event = terminalOf(live);
    for (const waiter of waiters) waiter.resolve(event);
  }

  /** The run stands still, and nobody knows until when. */
  stuck(run: RunId, error: HeddleError): void {
    const waiters = this.#waiters.get(run);
    this.#waiters.delete(run);
    for (const waiter of waiters ?? []) waiter.reject(error);
  }

  /** Nobody will learn of an end any more. */
  release(error: HeddleError): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}

function terminalOf(live: LiveRun): TerminalEvent {
  const { head } = live;
  if (head.phase === "succeeded") return { kind: "run-succeeded", output: head.output };
  if (head.phase === "failed" && head.failure !== undefined) return { kind: "run-failed", failure: head.failure };
  return { kind: "run-cancelled" };
}
