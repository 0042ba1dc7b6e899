/**
 * Flow control: who may start now. Pools have slots; a node may also bound how many of its attempts run at
 * once, and how many start in a span of time, by a key. What waits is let in by priority, then by turns of
 * the tenants, then first come, first served.
 *
 * It lives in memory alone: a place in a queue is not a fact of a run, and after a restart everybody
 * queues again.
 */
import type { TenantId } from "@heddle/core";
import type { Clock, TaskWaiting } from "@heddle/ports";

export interface Wanted {
  readonly tenant: TenantId;
  /** Higher goes first. */
  readonly priority: number;
  readonly pool?: { readonly name: string; readonly slots: number };
  readonly concurrency?: { readonly key: string; readonly max: number };
  readonly rate?: { readonly key: string; readonly limit: number; readonly perMs: number };
}

/** A place in a queue, and then a slot. */
export interface Ticket {
  readonly isGranted: boolean;
  /** How long it had to wait; 0 until it is granted. */
  readonly waitedMs: number;
  /** What it waits for; undefined once it is granted. */
  waiting(): TaskWaiting | undefined;
  /** Gives back what it has, or leaves the queue. */
  release(): void;
}

interface Waiter extends Wanted {
  readonly number: number;
  readonly cameAtMs: number;
  readonly granted: () => void;
  status: "waiting" | "granted" | "released";
  waitedMs: number;
}

interface Pool {
  readonly name: string;
  readonly slots: number;
  taken: number;
  /** By priority, highest first, and then by tenant: those of one tenant in the order in which they came. */
  readonly waiting: Map<number, Map<TenantId, Set<Waiter>>>;
  waitingCount: number;
}

/** Nodes that name no pool share this one, which has room for all. */
const unbounded = "";

export class FlowControl {
  readonly #clock: Clock;
  readonly #pools = new Map<string, Pool>();
  /** Attempts that run, by key of concurrency. */
  readonly #running = new Map<string, number>();
  /** When attempts were let in, by key of rate, oldest first. */
  readonly #starts = new Map<string, number[]>();
  /** When each tenant was last let in, as a count: who waited longest has the next turn. */
  readonly #turns = new Map<TenantId, number>();
  readonly #alarms = new Map<string, () => void>();
  #numbers = 0;
  #isClosed = false;

  /** @param pools slots by name */
  constructor(clock: Clock, pools: ReadonlyMap<string, number>) {
    this.#clock = clock;
    for (const [name, slots] of [...pools, [unbounded, Number.POSITIVE_INFINITY] as const]) {
      this.#pools.set(name, { name, slots, taken: 0, waiting: new Map(), waitingCount: 0 });
    }
  }

  /** Slots of a pool; undefined where there is no such pool. */
  slotsOf(name: string): number | undefined {
    return this.#pools.get(name)?.slots;
  }

  /** Lets in at once where it can; otherwise `granted` is called when it is time. A pool that does not exist never has room. */
  request(wanted: Wanted, granted: () => void): Ticket {
    const waiter: Waiter = {
      ...wanted,
      number: ++this.#numbers,
      cameAtMs: this.#clock.nowMs(),
      granted,
      status: "waiting",
      waitedMs: 0,
    };
    const pool = this.#poolOf(waiter);
    if (pool !== undefined && pool.waitingCount === 0 && this.#fits(pool, waiter)) this.#grant(pool, waiter);
    else if (pool !== undefined) {
      queueUp(pool, waiter);
      this.#pump(pool, waiter);
    }
    return this.#ticketOf(waiter, pool);
  }

  close(): void {
    this.#isClosed = true;
    for (const disarm of this.#alarms.values()) disarm();
    this.#alarms.clear();
    for (const pool of this.#pools.values()) {
      pool.waiting.clear();
      pool.waitingCount = 0;
    }
  }

  #poolOf(wanted: Wanted): Pool | undefined {
    return this.#pools.get(wanted.pool?.name ?? unbounded);
  }

  #ticketOf(waiter: Waiter, pool: Pool | undefined): Ticket {
    return {
      get isGranted() {
        return waiter.status === "granted";
      },
      get waitedMs() {
        return waiter.waitedMs;
      },
      waiting: () => (waiter.status === "waiting" ? this.#whyWaiting(waiter, pool) : undefined),
      release: () => this.#release(waiter, pool),
    };
  }

  #whyWaiting(waiter: Waiter, pool: Pool | undefined): TaskWaiting {
    if (pool === undefined) return { kind: "slot", message: `there is no pool ${waiter.pool?.name}; add it to pools in the configuration` };
    const place = placeOf(pool, waiter);
    const { concurrency, rate } = waiter;
    if (!this.#hasRoom(waiter) && concurrency !== undefined)
      return { kind: "slot", message: `${concurrency.max} at once are allowed for its key, and run` };
    if (rate !== undefined && this.#untilMs(waiter) > this.#clock.nowMs())
      return { kind: "slot", message: `${rate.limit} in ${rate.perMs} ms are allowed for its key, and have started` };
    return { kind: "slot", message: `place ${place} in the queue of pool ${pool.name}, whose ${pool.slots} slots are taken` };
  }

  #release(waiter: Waiter, pool: Pool | undefined): void {
    const was = waiter.status;
    waiter.status = "released";
    if (pool === undefined || was === "released") return;
    if (was === "waiting") {
      leaveQueue(pool, waiter);
      this.#pump(pool);
      return;
    }
    pool.taken -= waiter.pool?.slots ?? 1;
    const { concurrency } = waiter;
    if (concurrency !== undefined) {
      const left = (this.#running.get(concurrency.key) ?? 1) - 1;
      if (left > 0) this.#running.set(concurrency.key, left);
      else this.#running.delete(concurrency.key);
    }
    // Its key may hold up others in any pool.
    if (concurrency === undefined) this.#pump(pool);
    else for (const each of this.#pools.values()) this.#pump(each);
  }

  /** @param asking is told by the ticket that it is given, not called back */
  #pump(pool: Pool, asking?: Waiter): void {
    if (this.#isClosed) return;
    while (pool.waitingCount > 0) {
      const next = this.#next(pool);
      if (next === undefined || !this.#hasSlots(pool, next)) return;
      leaveQueue(pool, next);
      this.#grant(pool, next);
      if (next !== asking) next.granted();
    }
  }

  /** Who has the next turn, those left out whom a key holds up. One who needs more slots than are free is waited for. */
  #next(pool: Pool): Waiter | undefined {
    for (const tenants of pool.waiting.values()) {
      let best: Waiter | undefined;
      for (const [tenant, waiters] of tenants) {
        if (best !== undefined && this.#hasEarlierTurn(best.tenant, tenant)) continue;
        for (const waiter of waiters) {
          if (!this.#hasRoom(waiter) || !this.#isInRate(pool, waiter)) continue;
          if (best === undefined || this.#hasEarlierTurn(tenant, best.tenant) || waiter.number < best.number) best = waiter;
          break;
        }
      }
      if (best !== undefined) return best;
    }
    return undefined;
  }

  #hasEarlierTurn(a: TenantId, b: TenantId): boolean {
    return (this.#turns.get(a) ?? 0) < (this.#turns.get(b) ?? 0);
  }

  #fits(pool: Pool, waiter: Waiter): boolean {
    return this.#hasSlots(pool, waiter) && this.#hasRoom(waiter) && this.#isInRate(pool, waiter);
  }

  #hasSlots(pool: Pool, waiter: Waiter): boolean {
    return pool.taken + (waiter.pool?.slots ?? 1) <= pool.slots;
  }

  #hasRoom({ concurrency }: Waiter): boolean {
    return concurrency === undefined || (this.#running.get(concurrency.key) ?? 0) < concurrency.max;
  }

  /** Whether its rate lets it start now; otherwise the pool is looked at again when it does. */
  #isInRate(pool: Pool, waiter: Waiter): boolean {
    const { rate } = waiter;
    if (rate === undefined) return true;
    const untilMs = this.#untilMs(waiter);
    const nowMs = this.#clock.nowMs();
    if (untilMs <= nowMs) return true;
    const alarm = `${pool.name}\n${rate.key}`;
    if (!this.#alarms.has(alarm)) {
      const disarm = this.#clock.setTimer(untilMs - nowMs, () => {
        this.#alarms.delete(alarm);
        this.#pump(pool);
      });
      this.#alarms.set(alarm, disarm);
    }
    return false;
  }

  /** When its rate lets it start. */
  #untilMs({ rate }: Waiter): number {
    if (rate === undefined) return 0;
    const starts = this.#starts.get(rate.key) ?? [];
    const oldest = starts[starts.length - rate.limit];
    return oldest === undefined ? 0 : oldest + rate.perMs;
  }

  #grant(pool: Pool, waiter: Waiter): void {
    const nowMs = this.#clock.nowMs();
    waiter.status = "granted";
    waiter.waitedMs = Math.max(0, nowMs - waiter.cameAtMs);
    pool.taken += waiter.pool?.slots ?? 1;
    this.#turns.set(waiter.tenant, ++this.#numbers);
    const { concurrency, rate } = waiter;
    if (concurrency !== undefined) this.#running.set(concurrency.key, (this.#running.get(concurrency.key) ?? 0) + 1);
    if (rate === undefined) return;
    const starts = (this.#starts.get(rate.key) ?? []).filter((atMs) => atMs > nowMs - rate.perMs);
    this.#starts.set(rate.key, [...starts, nowMs]);
    this.#forgetOldStarts(nowMs);
  }

  /** Keys that nobody uses any more would add up. */
  #forgetOldStarts(nowMs: number): void {
    if (this.#starts.size <= startsKept) return;
    for (const [key, starts] of this.#starts) if ((starts.at(-1) ?? 0) < nowMs - longestSpanMs) this.#starts.delete(key);
  }
}

function queueUp(pool: Pool, waiter: Waiter): void {
  let tenants = pool.waiting.get(waiter.priority);
  if (tenants === undefined) {
    tenants = new Map();
    pool.waiting.set(waiter.priority, tenants);
    // Priorities are few, and a new one is rare.
    const sorted = [...pool.waiting].sort(([a], [b]) => b - a);
    pool.waiting.clear();
    for (const [priority, queues] of sorted) pool.waiting.set(priority, queues);
  }
  const waiters = tenants.get(waiter.tenant) ?? new Set();
  tenants.set(waiter.tenant, waiters.add(waiter));
  pool.waitingCount++;
}

function leaveQueue(pool: Pool, waiter: Waiter): void {
  const tenants = pool.waiting.get(waiter.priority);
  const waiters = tenants?.get(waiter.tenant);
  if (tenants === undefined || waiters?.delete(waiter) !== true) return;
  pool.waitingCount--;
  if (waiters.size === 0) tenants.delete(waiter.tenant);
  if (tenants.size === 0) pool.waiting.delete(waiter.priority);
}

/** As a person counts: how many of the same or a higher priority came before, and itself. */
function placeOf(pool: Pool, waiter: Waiter): number {
  let place = 1;
  for (const [priority, tenants] of pool.waiting) {
    if (priority < waiter.priority) break;
    for (const waiters of tenants.values())
      for (const other of waiters) if (priority > waiter.priority || other.number < waiter.number) place++;
  }
  return place;
}

const startsKept = 10_000;
const longestSpanMs = 24 * 60 * 60 * 1_000;
