/**
 * A plugin inside this process. It is trusted code: what it throws in a call fails the call; one whose code
 * throws elsewhere is put in quarantine, for nobody knows in what state it left itself.
 */
import { Failure, failureOf, failureOfThrown, isSafeToRepeat, outcomeOfResult, type PluginInstance, toolName } from "@heddle/core";
import type { AbortHandle, Clock, LocalPlugin, Outcome } from "@heddle/ports";
import { CallAbort } from "./call-abort.ts";
import { actionsOf, type Instance, type InstanceCall } from "./instance.ts";

/** Calls at a time: each costs no more than its own promise. */
const slotsMax = 10_000;

export interface LocalInstanceOptions {
  readonly plugin: LocalPlugin;
  readonly clock: Clock;
  /** How long an aborted call may go on before it is left behind. */
  readonly graceMs: number;
}

export class LocalInstance implements Instance {
  readonly info;
  readonly actions;
  readonly slots = slotsMax;
  readonly #options: LocalInstanceOptions;
  readonly #sinceMs: number;
  readonly #open = new Set<(outcome: Outcome) => void>();
  #quarantine: string | undefined;
  #health: string | undefined;

  constructor(options: LocalInstanceOptions) {
    this.#options = options;
    this.info = options.plugin.info;
    this.actions = actionsOf(this.info);
    this.#sinceMs = options.clock.nowMs();
  }

  get isReady(): boolean {
    return this.#quarantine === undefined;
  }

  get inFlight(): number {
    return this.#open.size;
  }

  view(): PluginInstance {
    const message = this.#quarantine ?? this.#health;
    return {
      id: "workspace",
      status: this.isReady ? "connected" : "quarantined",
      ...(message === undefined ? {} : { message }),
      inFlight: this.inFlight,
      sinceMs: this.#sinceMs,
    };
  }

  call({ task, request, abort: wish }: InstanceCall): Promise<Outcome> {
    const { clock, graceMs } = this.#options;
    const { timeoutMs } = task.node;
    const abort = new CallAbort();
    return new Promise((resolve) => {
      let disarm: (() => void) | undefined;
      let outOfTime: (() => void) | undefined;
      const settle = (outcome: Outcome): void => {
        if (!this.#open.delete(settle)) return;
        disarm?.();
        outOfTime?.();
        resolve(abort.reason === "timeout" ? timed(outcome, task, timeoutMs) : outcome);
      };
      this.#open.add(settle);
      wish.onAbort(() => abort.abort("cancelled"));
      if (timeoutMs !== undefined) outOfTime = clock.setTimer(timeoutMs, () => abort.abort("timeout"));
      abort.onAbort(() => {
        disarm = clock.setTimer(graceMs, () => settle({ kind: "aborted" }));
      });
      const deadline = timeoutMs === undefined ? {} : { deadlineMs: clock.nowMs() + timeoutMs };
      this.#execute({ ...request, ...deadline }, task, abort).then(
        (value) => settle(outcomeOfResult(value, toolName(this.info.name, request.action))),
        (thrown: unknown) => settle(abort.aborted ? { kind: "aborted" } : { kind: "failed", failure: failureIn(thrown) }),
      );
    });
  }

  /** Its code threw outside of any call. What it carries out is lost, and it takes no more. */
  quarantine(message: string): void {
    if (this.#quarantine !== undefined) return;
    this.#quarantine = message;
    for (const settle of [...this.#open]) settle({ kind: "lost", message, counted: false });
  }

  checkHealth(withinMs: number): Promise<void> {
    const check = this.#options.plugin.healthCheck?.bind(this.#options.plugin);
    if (check === undefined || !this.isReady) return Promise.resolve();
    return new Promise((resolve) => {
      const told = (health: string | undefined): void => {
        cancel();
        this.#health = health;
        resolve();
      };
      const cancel = this.#options.clock.setTimer(withinMs, () => told(`not healthy: its health check took longer than ${withinMs} ms`));
      new Promise<void>((done) => done(check())).then(
        () => told(undefined),
        (error: unknown) => told(`not healthy: ${failureOfThrown(error).message}`),
      );
    });
  }

  async drain(): Promise<void> {
    await this.#options.plugin.close?.();
  }

  end(why: string): void {
    this.quarantine(why);
  }

  /** A function that throws before it waits is no different from one that throws after. */
  async #execute(request: InstanceCall["request"], task: InstanceCall["task"], abort: AbortHandle): Promise<unknown> {
    return this.#options.plugin.execute(request, abort.signal, (level, text, fields) => {
      task.services.log({ level, source: "log", text: String(text), ...(fields === undefined ? {} : { fields }) });
    });
  }
}

/** What a call gives once its time is up is not its answer, unless repeating it would do harm. */
function timed(outcome: Outcome, { node }: InstanceCall["task"], timeoutMs = 0): Outcome {
  if (outcome.kind === "lost" || (outcome.kind === "succeeded" && !isSafeToRepeat(node))) return outcome;
  const failure = failureOf("timeout", `${node.id} took longer than ${timeoutMs} ms`, "timeout", { retryable: true, node: node.id });
  return { kind: "failed", failure };
}

/** What the SDK throws brings its failure along; anything else is told as any thrown value is. */
function failureIn(thrown: unknown): Failure {
  const brought = typeof thrown === "object" && thrown !== null && "failure" in thrown ? Failure.safeParse(thrown.failure) : undefined;
  return brought?.success === true ? brought.data : failureOfThrown(thrown);
}
