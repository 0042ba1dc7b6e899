/** Two ends of a stream in memory. Messages arrive in a later turn; either direction can be held back, or the whole cut. */
import type { HeddleError } from "@heddle/core";
import type { ByteListener, ByteStream } from "@heddle/wire";

export interface StreamPair {
  readonly a: TestEnd;
  readonly b: TestEnd;
}

export class TestEnd implements ByteStream {
  other: TestEnd | undefined;
  /** Whether what is written here stays here. */
  isHeld = false;
  /** Whether the other side is slow. */
  isSlow = false;
  endedWith: HeddleError | undefined | "not" = "not";
  isCut = false;
  readonly written: Buffer[] = [];
  #held: Buffer[] = [];
  #early: Buffer[] = [];
  #listener: ByteListener | undefined;

  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    if (this.isHeld) this.#held.push(bytes);
    else this.#carry(bytes);
    return !this.isSlow;
  }

  end(error?: HeddleError): void {
    if (this.endedWith !== "not") return;
    this.endedWith = error;
    setImmediate(() => this.other?.closed(undefined));
  }

  cut(): void {
    this.isCut = true;
    setImmediate(() => this.other?.closed(undefined));
  }

  open(listener: ByteListener): void {
    this.#listener = listener;
    for (const bytes of this.#early.splice(0)) listener.bytes(bytes);
  }

  release(): void {
    this.isHeld = false;
    for (const bytes of this.#held.splice(0)) this.#carry(bytes);
  }

  drain(): void {
    this.isSlow = false;
    this.#listener?.drained();
  }

  closed(error: HeddleError | undefined): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.closed(error);
  }

  arrive(bytes: Buffer): void {
    if (this.#listener === undefined) this.#early.push(bytes);
    else this.#listener.bytes(bytes);
  }

  #carry(bytes: Buffer): void {
    setImmediate(() => this.other?.arrive(bytes));
  }
}

export function streamPair(): StreamPair {
  const a = new TestEnd();
  const b = new TestEnd();
  a.other = b;
  b.other = a;
  return { a, b };
}
