/** Tasks of one handler of one bundle of one tenant: who may carry them out, and who waits for a place. */
import type { AbortHandle, Outcome, Task, TaskWaiting } from "@heddle/ports";
import type { RuntimeSession } from "../session/runtime-session.ts";

/** A worker that has said what it serves. */
export interface Member {
  readonly session: RuntimeSession;
  readonly tenant: string;
  readonly handlers: ReadonlySet<string>;
  /** Undefined: any. */
  readonly bundles: ReadonlySet<string> | undefined;
  readonly sinceMs: number;
}

/** What a task needs of a worker. */
export interface Need {
  readonly tenant: string;
  readonly bundle: string;
  readonly handler: string;
}

export function serves({ tenant, handlers, bundles }: Member, need: Need): boolean {
  return tenant === need.tenant && handlers.has(need.handler) && (bundles === undefined || bundles.has(need.bundle));
}

/** A task that has no worker yet. It is its own reason, which says how things stand when it is read. */
export class Waiter implements TaskWaiting {
  readonly task: Task;
  readonly abort: AbortHandle;
  readonly settle: (outcome: Outcome) => void;
  /** Of all that ever waited here. */
  readonly order: number;
  readonly #lane: Lane;
  readonly #elsewhere: (need: Need) => number;
  isGone = false;

  constructor(
    lane: Lane,
    given: {
      readonly task: Task;
      readonly abort: AbortHandle;
      readonly settle: (outcome: Outcome) => void;
      readonly order: number;
      /** How many workers serve its handler for other bundles. */
      readonly elsewhere: (need: Need) => number;
    },
  ) {
    this.#lane = lane;
    this.task = given.task;
    this.abort = given.abort;
    this.settle = given.settle;
    this.order = given.order;
    this.#elsewhere = given.elsewhere;
  }

  get kind(): TaskWaiting["kind"] {
    return this.#lane.members.size === 0 ? "executor-missing" : "slot";
  }

  get message(): string {
    const { members, need } = this.#lane;
    if (members.size === 0) {
      const missing = `no worker serves ${need.handler} of bundle ${need.bundle}`;
      const others = this.#elsewhere(need);
      return others === 0 ? missing : `${missing}; connected workers that serve it for other bundles: ${others}`;
    }
    const slots = [...members].reduce((sum, { session }) => sum + (session.hello?.slots ?? 0), 0);
    return `all ${slots} slots of the workers that serve ${need.handler} are taken; its place in the queue is ${this.#lane.placeOf(this)}`;
  }
}

/** First come, first served. */
export class Lane {
  readonly need: Need;
  readonly members = new Set<Member>();
  #queue: Waiter[] = [];
  #head = 0;

  constructor(need: Need) {
    this.need = need;
  }

  /** The one whose turn it is. */
  get first(): Waiter | undefined {
    while (this.#queue[this.#head]?.isGone === true) this.#head++;
    return this.#queue[this.#head];
  }

  add(waiter: Waiter): void {
    this.#queue.push(waiter);
  }

  /** Takes the first one out. */
  next(): Waiter | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    first.isGone = true;
    this.#head++;
    if (this.#head > 1_024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  /** From 1. */
  placeOf(waiter: Waiter): number {
    let place = 0;
    for (let i = this.#head; i < this.#queue.length; i++) {
      const one = this.#queue[i];
      if (one?.isGone === false) place++;
      if (one === waiter) break;
    }
    return place;
  }

  /** The worker with the smallest share of its slots taken; undefined where all are full. */
  leastLoaded(): Member | undefined {
    let best: Member | undefined;
    let bestShare = Number.POSITIVE_INFINITY;
    for (const member of this.members) {
      const { session } = member;
      if (session.free === 0) continue;
      const share = session.inFlight / (session.inFlight + session.free);
      if (share < bestShare) {
        best = member;
        bestShare = share;
      }
    }
    return best;
  }
}
