/** Attempts at remote nodes, and what they said while they ran. */
import type { JsonValue, RemoteTarget, TenantId } from "@heddle/core";
import type { AbortHandle, Clock, Executor, Outcome, Task, TaskWaiting } from "@heddle/ports";

export const tenant = "default" as TenantId;

export const realClock: Clock = {
  nowMs: () => Date.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

class Abort implements AbortHandle {
  #then: (() => void)[] = [];
  aborted = false;
  readonly #controller = new AbortController();
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  onAbort(then: () => void): void {
    if (this.aborted) then();
    else this.#then.push(then);
  }
  abort(): void {
    this.aborted = true;
    this.#controller.abort();
    for (const then of this.#then.splice(0)) then();
  }
}

export interface Attempt {
  readonly outcome: Promise<Outcome>;
  readonly logs: { readonly level: string; readonly text: string; readonly fields?: unknown }[];
  /** Every reason to wait that it gave; undefined: it waits no longer. */
  readonly waits: (TaskWaiting | undefined)[];
  /** Resolves once a reason fits. */
  waitsFor(fits: (waiting: TaskWaiting | undefined) => boolean): Promise<void>;
  /** Resolves once a record with this text is there. */
  says(text: string): Promise<void>;
  abort(): void;
}

let activations = 0;

export interface AttemptAt {
  readonly activation?: number;
  readonly attempt?: number;
}

export function attempt(host: Executor, remote: RemoteTarget, input: Record<string, JsonValue> = {}, at: AttemptAt = {}): Attempt {
  const activation = at.activation ?? ++activations;
  const abort = new Abort();
  const logs: Attempt["logs"] = [];
  const waits: Attempt["waits"] = [];
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of watchers) watcher();
  };
  const until = (fits: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!fits()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  const task: Task = {
    run: "run-1" as Task["run"],
    tenant,
    bundle: `sha256:${"0".repeat(64)}`,
    node: { kind: "remote", id: "far", remote },
    activation,
    attempt: at.attempt ?? 1,
    incarnation: "here",
    idempotencyKey: `run-1/${activation}`,
    input,
    services: {
      once: () => undefined,
      recorded: () => ({}),
      recordOnce: () => Promise.resolve(),
      call: () => Promise.resolve({ kind: "succeeded", result: null }),
      waiting(reason) {
        waits.push(reason);
        wake();
      },
      log(record) {
        logs.push(record);
        wake();
      },
    },
  };
  return {
    outcome: host.execute(task, abort),
    logs,
    waits,
    waitsFor: (fits) => until(() => waits.length > 0 && fits(waits.at(-1))),
    says: (text) => until(() => logs.some((record) => record.text === text)),
    abort: () => abort.abort(),
  };
}

/** What it failed with. */
export function failureIn(outcome: Outcome): { readonly code: string; readonly message: string } {
  return outcome.kind === "failed" ? outcome.failure : { code: outcome.kind, message: "" };
}
