/**
 * Messages as a run holds them. Both forms are immutable, so that a draft may share them with the state
 * and change its own at the cost of the change.
 */

/** A list that grows at its end, newest first. */
export interface HeldOf<Item> {
  readonly item: Item;
  readonly before: HeldOf<Item> | undefined;
  readonly size: number;
}

export type Held = HeldOf<import("@heddle/core").SentMessage>;

export function hold<Item>(before: HeldOf<Item> | undefined, item: Item): HeldOf<Item> {
  return { item, before, size: (before?.size ?? 0) + 1 };
}

/** What is held, oldest first. */
export function heldItems<Item>(held: HeldOf<Item> | undefined): readonly Item[] {
  const items: Item[] = new Array(held?.size ?? 0);
  let index = items.length;
  for (let at = held; at !== undefined; at = at.before) items[--index] = at.item;
  return items;
}

/** First in, first out. Adding and taking cost the same however much waits. */
export class Queue<Item> {
  /** The oldest, in order; then what came after them, newest first. */
  readonly #front: HeldOf<Item> | undefined;
  readonly #back: HeldOf<Item> | undefined;

  private constructor(front: HeldOf<Item> | undefined, back: HeldOf<Item> | undefined) {
    this.#front = front;
    this.#back = back;
  }

  static empty<Item>(): Queue<Item> {
    return new Queue<Item>(undefined, undefined);
  }

  static of<Item>(items: readonly Item[]): Queue<Item> {
    let queue = Queue.empty<Item>();
    for (const item of items) queue = queue.with(item);
    return queue;
  }

  get size(): number {
    return (this.#front?.size ?? 0) + (this.#back?.size ?? 0);
  }

  /** The oldest. */
  get first(): Item | undefined {
    return this.#front?.item;
  }

  with(item: Item): Queue<Item> {
    if (this.#front === undefined) return new Queue(hold(undefined, item), undefined);
    return new Queue(this.#front, hold(this.#back, item));
  }

  /** Without the oldest. */
  rest(): Queue<Item> {
    const front = this.#front?.before;
    if (front !== undefined || this.#back === undefined) return new Queue(front, this.#back);
    let turned: HeldOf<Item> | undefined;
    for (let at: HeldOf<Item> | undefined = this.#back; at !== undefined; at = at.before) turned = hold(turned, at.item);
    return new Queue(turned, undefined);
  }

  items(): readonly Item[] {
    const items: Item[] = [];
    for (let at = this.#front; at !== undefined; at = at.before) items.push(at.item);
    items.push(...heldItems(this.#back));
    return items;
  }
}
