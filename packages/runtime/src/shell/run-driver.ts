/**
 * The driver of one run: it owns every await, and no rule.
 *
 * Commands that arrive while a commit is in flight are decided together in the next turn. A turn is:
 * decide over a draft, append, and only after the commit fold the facts into the state, answer the
 * callers and start what became due. There is no recovery code: a driver made from a journal takes
 * the same path.
 */
import { type ErrorCode, HeddleError, type RunEvent, type RunId, type TenantId } from "@heddle/core";
import type { Outcome, StreamAppend } from "@heddle/ports";
import type { RunCommand } from "../machine/commands.ts";
import {
  type Conditions,
  DraftRun,
  decide,
  dueEffects,
  evolve,
  foldFormat,
  type LiveRun,
  type RunEffect,
  snapshotOf,
} from "../machine/index.ts";
import { Attempts } from "./attempts.ts";
import type { LoadedWorkflow } from "./bundles.ts";
import type { EngineParts } from "./engine-parts.ts";
import { encodeEvents } from "./event-codec.ts";
import { type Pending, settleAll } from "./pending.ts";
import { summaryOf } from "./run-summary.ts";
import { Timers } from "./timers.ts";

/** Events between two saved folds of a run: what a restart reads at most, besides the fold. */
const foldEvery = 4_096;

const storageRetryMinMs = 500;
const storageRetryMaxMs = 30_000;

/** A turn that was decided, and waits for its commit. */
interface Turned {
  readonly batch: readonly Pending[];
  readonly events: readonly RunEvent[];
  readonly times: readonly number[];
  readonly refusals: readonly (HeddleError | undefined)[];
  readonly draft: DraftRun;
}

export class RunDriver {
  readonly id: RunId;
  readonly tenant: TenantId;
  readonly stream: string;
  readonly live: LiveRun;
  seq: number;
  /** Its workflow, loaded. Facts need the plan; effects also need the code behind it. */
  workflow: LoadedWorkflow;
  storageProblem: string | undefined;

  readonly #parts: EngineParts;
  readonly #attempts: Attempts;
  readonly #timers: Timers;
  /** Delays that a timer has waited out, whatever the clock says now. */
  readonly #matured = new Set<number>();
  // Most runs never ask anybody.
  #asking: Set<number> | undefined;
  #queue: Pending[] = [];
  #busy = false;
  #draining = false;
  #closed = false;
  #foldSeq: number;
  #storageDelayMs = storageRetryMinMs;
  #storageTimer: (() => void) | undefined;

  constructor(parts: EngineParts, id: RunId, tenant: TenantId, workflow: LoadedWorkflow, live: LiveRun, seq: number) {
    this.#parts = parts;
    this.#timers = new Timers(parts.clock);
    this.#attempts = new Attempts(parts, this, (command) => this.#enqueue(command));
    this.id = id;
    this.tenant = tenant;
    this.stream = `run:${id}`;
    this.workflow = workflow;
    this.live = live;
    this.seq = seq;
    this.#foldSeq = seq;
  }

  get conditions(): Conditions {
    return {
      nowMs: this.#nowMs(),
      bundleProblem: this.workflow.problem,
      storageProblem: this.storageProblem,
      waitingFor: (activation) => this.#attempts.waitingFor(activation),
    };
  }

  /** The present as this run knows it: a clock that was set back does not take it behind its own facts. */
  #nowMs(): number {
    return Math.max(this.#parts.clock.nowMs(), this.live.head.lastAtMs);
  }

  /** Resolves once the command's facts are durable. Rejects with the code of a refusal, or `storage-full`. */
  submit(command: RunCommand): Promise<void> {
    if (this.#closed) return Promise.reject(new HeddleError("shutting-down", "the runtime is shutting down"));
    return new Promise((resolve, reject) => {
      this.#enqueue(command, (refusal) => (refusal === undefined ? resolve() : reject(refusal)));
    });
  }

  /** Takes up what the state owes: after a load, and when what stood in the way is gone. */
  wake(): void {
    if (this.#closed) return;
    if (this.storageProblem !== undefined) this.#retryStorage();
    this.#startEffects();
  }

  /** Touches every open activation, so that the next look finds all that is due. */
  wakeAll(): void {
    for (const activation of this.live.activations()) this.live.touch(activation.id);
    this.live.touch(0);
    this.wake();
  }

  /** Starts nothing new; what runs may end. */
  drain(): void {
    this.#draining = true;
  }

  /** Aborts what runs, and forgets the timers. Nothing is journalled: the state still owes it all. */
  async stop(reason: string): Promise<void> {
    this.#closed = true;
    this.#timers.clear();
    this.#storageTimer?.();
    this.#attempts.abortAll(reason);
    const waiting = this.#queue;
    this.#queue = [];
    for (const pending of waiting) pending.settle?.(new HeddleError("shutting-down", "the runtime is shutting down"));
  }

  /** Attempts that are being carried out now. */
  get inFlight(): number {
    return this.#attempts.size;
  }

  #enqueue(command: RunCommand, settle?: (refusal: HeddleError | undefined) => void, notBeforeMs = 0): void {
    if (this.#closed) return;
    const atMs = Math.max(this.#parts.clock.nowMs(), notBeforeMs);
    const random = this.#parts.random.unit();
    const pending: Pending = settle === undefined ? { command, atMs, random } : { command, atMs, random, settle };
    // The usual queue holds one, and a list that grows by a push makes room for sixteen more.
    if (this.#queue.length === 0) this.#queue = [pending];
    else this.#queue.push(pending);
    if (!this.#busy && this.storageProblem === undefined) this.#turn();
  }

  #turn(): void {
    const batch = this.#queue;
    if (batch.length === 0 || this.#closed) return;
    this.#queue = [];
    const draft = new DraftRun(this.live);
    const events: RunEvent[] = [];
    const times: number[] = [];
    const refusals: (HeddleError | undefined)[] = [];
    try {
      for (const pending of batch) {
        const refusal = decide(this.workflow.plan, draft, pending.command, pending, events);
        refusals.push(refusal === undefined ? undefined : new HeddleError(refusal.code, refusal.message));
        const atMs = Math.max(pending.atMs, draft.head.lastAtMs);
        while (times.length < events.length) times.push(atMs);
      }
    } catch (bug) {
      this.#stopOnBug(bug, batch);
      return;
    }
    if (events.length === 0) {
      this.#letGo(batch);
      settleAll(batch, refusals);
      // Taken up for a wish that it refused.
      if (this.live.head.phase !== "open") this.#retire();
      return;
    }
    this.#busy = true;
    this.#commit({ batch, events, times, refusals, draft });
  }

  #commit(turn: Turned): void {
    const encoded = encodeEvents(turn.events, turn.times);
    const summary = summaryOf(turn.events, turn.draft, this.workflow);
    const item: { -readonly [Key in keyof StreamAppend]: StreamAppend[Key] } = {
      stream: this.stream,
      tenant: this.tenant,
      expectedSeq: this.seq,
      epoch: this.#parts.epoch,
      events: encoded.events,
    };
    if (encoded.blobs !== undefined) item.blobs = encoded.blobs;
    if (summary !== undefined) item.summary = summary;
    this.#parts.append(this, turn.events, item).then(
      (outcome) => {
        try {
          if (outcome.kind === "appended") this.#committed(turn);
          else this.#lose(outcome.kind === "fenced" ? "journal-fenced" : "journal-contended", turn.batch);
        } catch (bug) {
          this.#stopOnBug(bug, turn.batch);
        }
      },
      (error: unknown) => this.#refuse(error, turn.batch),
    );
  }

  #committed({ batch, events, times, refusals }: Turned): void {
    this.storageProblem = undefined;
    this.#storageDelayMs = storageRetryMinMs;
    for (let i = 0; i < events.length; i++) evolve(this.live, events[i] as RunEvent, times[i] as number);
    this.seq += events.length;
    this.#letGo(batch);
    settleAll(batch, refusals);
    this.#busy = false;
    if (this.#closed) return;
    this.#startEffects();
    if (this.seq - this.#foldSeq >= foldEvery) this.#saveFold();
    if (this.#queue.length > 0 && !this.#busy) this.#turn();
    if (this.live.head.phase !== "open" && !this.#busy) this.#retire();
  }

  #letGo(batch: readonly Pending[]): void {
    for (const { command } of batch) {
      if (command.kind === "settle-attempt" || command.kind === "prepare-call" || command.kind === "satisfy-need")
        this.#attempts.letGo(command.activation, command.attempt);
    }
  }

  /** It has ended, or was never started: nothing will be asked of it any more. */
  #retire(): void {
    void this.stop("ended");
    this.#parts.ended(this);
  }

  #saveFold(): void {
    this.#foldSeq = this.seq;
    this.#parts.store.journal.saveFold(this.stream, {
      seq: this.seq,
      format: foldFormat,
      text: JSON.stringify(snapshotOf(this.live)),
    });
  }

  /** Another writer has the run. What it knows is in the journal; this driver is of no more use. */
  #lose(code: ErrorCode, batch: readonly Pending[]): void {
    const error = new HeddleError(code, `run ${this.id} is driven by another process`);
    settleAll(
      batch,
      batch.map(() => error),
    );
    void this.stop("superseded");
    this.#parts.superseded(this, error);
  }

  /** The storage wrote nothing. Wishes are told; outcomes are kept, and tried again. */
  #refuse(error: unknown, batch: readonly Pending[]): void {
    this.#busy = false;
    if (!HeddleError.is(error, "storage-full")) {
      settleAll(
        batch,
        batch.map(() => (HeddleError.is(error) ? error : new HeddleError("storage-failed", "the storage failed", { cause: error }))),
      );
      if (HeddleError.is(error, "shutting-down")) return;
      void this.stop("storage-failed");
      this.#parts.fatal(error);
      return;
    }
    this.storageProblem = error.message;
    for (const pending of batch) pending.settle?.(error);
    this.#queue = [...batch.filter((pending) => pending.settle === undefined), ...this.#queue];
    if (this.live.head.phase !== "open") {
      this.#retire();
      return;
    }
    this.#storageTimer = this.#parts.clock.setTimer(this.#storageDelayMs, () => this.#retryStorage());
    this.#storageDelayMs = Math.min(this.#storageDelayMs * 2, storageRetryMaxMs);
  }

  #retryStorage(): void {
    this.#storageTimer?.();
    this.#storageTimer = undefined;
    this.storageProblem = undefined;
    if (!this.#busy) this.#turn();
  }

  #stopOnBug(bug: unknown, batch: readonly Pending[]): void {
    settleAll(
      batch,
      batch.map(() => new HeddleError("internal", "internal error", { cause: bug })),
    );
    void this.stop("bug");
    this.#parts.bug(this, bug);
  }

  #startEffects(): void {
    for (const effect of dueEffects(this.live, this.#parts.incarnation)) this.#start(effect);
  }

  #start(effect: RunEffect): void {
    switch (effect.kind) {
      case "execute-attempt":
        if (this.#asking !== undefined) this.#askNobody(effect.activation);
        if (!this.#isDue(effect)) return;
        if (this.workflow.bounded.size > 0 && this.workflow.bounded.has(effect.node))
          this.#enter(effect, () => this.#attempts.execute(effect));
        else this.#attempts.execute(effect);
        return;
      case "journal-attempt":
        this.#askNobody(effect.activation);
        if (this.#isDue(effect)) this.#enter(effect, () => this.#startAttempt(effect));
        return;
      case "forget-attempt":
        this.#enqueue({ kind: "forget-attempt", activation: effect.activation, attempt: effect.attempt });
        return;
      case "run-child":
        if (this.#isDue(effect)) this.#attempts.runChild(effect);
        return;
      case "prepare-call":
        if (this.#isDue(effect)) this.#attempts.prepareCall(effect);
        return;
      case "satisfy-need":
        this.#askNobody(effect.activation);
        if (this.#isDue(effect)) this.#attempts.satisfyNeed(effect);
        return;
      case "abort-attempt":
        if (this.#attempts.abort(effect.activation)) return;
        this.#abandon(effect.activation, effect.attempt);
        return;
      case "arm-timer":
        this.#timers.arm(effect.activation, effect.atMs - this.#nowMs(), () =>
          this.#enqueue({ kind: "fire-timer", activation: effect.activation }, undefined, effect.atMs),
        );
        return;
      case "ask-person":
        this.#asking ??= new Set();
        this.#asking.add(effect.activation);
        this.#parts.inbox.tell({ driver: this, activation: effect.activation, asks: true });
        return;
      case "release":
        this.#askNobody(effect.activation);
        this.#timers.disarm(effect.activation);
        this.#attempts.abort(effect.activation);
        return;
      default:
    }
  }

  /** An attempt that may start as far as its run is concerned: it may have to wait for slots. */
  #enter(effect: { readonly activation: number; readonly attempt: number }, go: () => void): void {
    this.#attempts.enter(effect, go, (activation) => {
      if (this.#closed || this.live.head.paused) {
        this.#attempts.leave(activation);
        return;
      }
      this.live.touch(activation);
      this.#startEffects();
    });
  }

  #askNobody(activation: number): void {
    if (this.#asking?.delete(activation) === true) this.#parts.inbox.tell({ driver: this, activation, asks: false });
  }

  #startAttempt({ activation, attempt }: { readonly activation: number; readonly attempt: number }): void {
    this.#enqueue({ kind: "start-attempt", activation, attempt, incarnation: this.#parts.incarnation });
  }

  /** An attempt that is to stop, and that no executor of this process carries out. */
  #abandon(activation: number, attempt: number): void {
    const open = this.live.activation(activation);
    if (open?.does?.kind === "child") this.#attempts.endChild(activation, attempt);
    else if (open?.startedIn === undefined) this.#settle(activation, attempt, { kind: "aborted" });
    else this.#settle(activation, attempt, { kind: "lost", message: "the process that ran it is gone", counted: false });
  }

  /** Whether an attempt may start now: it is not under way, its time has come, and its code is loaded. */
  #isDue(effect: { readonly activation: number; readonly attempt: number; readonly notBeforeMs: number }): boolean {
    if (this.#attempts.has(effect.activation) || this.workflow.problem !== undefined || this.#draining) return false;
    if (this.#matured.delete(effect.activation) || effect.notBeforeMs <= this.#nowMs()) {
      this.#timers.disarm(effect.activation);
      return true;
    }
    this.#timers.arm(effect.activation, effect.notBeforeMs - this.#nowMs(), () => {
      this.#matured.add(effect.activation);
      this.live.touch(effect.activation);
      this.#startEffects();
    });
    return false;
  }

  #settle(activation: number, attempt: number, outcome: Outcome): void {
    this.#enqueue({ kind: "settle-attempt", activation, attempt, outcome });
  }
}
