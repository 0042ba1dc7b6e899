/**
 * Time that passes only when it is told to. Timers fire in the order of their instants, and in the
 * order of their making where those are equal, so that a simulation takes the same path every time.
 */
import type { Clock } from "@heddle/ports";

/** The instant at which a simulation begins, unless another is given: 2025-01-01T00:00:00Z. */
export const virtualEpochMs = 1_735_689_600_000;

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  cancelled: boolean;
}

/** A clock whose wall time and whose steady time are both moved by hand. */
export class VirtualClock implements Clock {
  readonly #heap: Timer[] = [];
  #steadyMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  #armed = 0;

  constructor(startMs: number = virtualEpochMs) {
    this.#wallOffsetMs = startMs;
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#steadyMs;
  }

  /** Milliseconds since the clock was made, by the clock that does not jump. */
  get steadyMs(): number {
    return this.#steadyMs;
  }

  /** Timers that have neither fired nor been cancelled. */
  get armed(): number {
    return this.#armed;
  }

  /** How long until the next timer fires; undefined where none is armed. */
  get nextInMs(): number | undefined {
    const timer = this.#peek();
    return timer === undefined ? undefined : timer.dueMs - this.#steadyMs;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    const timer: Timer = { dueMs: this.#steadyMs + Math.max(0, delayMs), order: this.#order++, fire, cancelled: false };
    this.#push(timer);
    this.#armed++;
    return () => {
      if (timer.cancelled) return;
      timer.cancelled = true;
      this.#armed--;
    };
  }

  /** Lets time pass to the next timer and fires it. False where none is armed. */
  advance(): boolean {
    const timer = this.#peek();
    if (timer === undefined) return false;
    this.#pop();
    timer.cancelled = true;
    this.#armed--;
    this.#steadyMs = timer.dueMs;
    timer.fire();
    return true;
  }

  /** Lets time pass without firing what is due after it. Timers due within it must have been fired before. */
  pass(ms: number): void {
    this.#steadyMs += Math.min(ms, this.nextInMs ?? ms);
  }

  /** Sets the wall clock forward or back, as an operator or a time server does. Timers are not moved. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  #peek(): Timer | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (!top.cancelled) return top;
      this.#pop();
    }
    return undefined;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Timer;
      if (!isBefore(timer, above)) break;
      heap[at] = above;
      heap[parent] = timer;
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = left;
      if (right < heap.length && isBefore(heap[right] as Timer, heap[left] as Timer)) least = right;
      if (least >= heap.length || !isBefore(heap[least] as Timer, last)) break;
      heap[at] = heap[least] as Timer;
      at = least;
    }
    heap[at] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
