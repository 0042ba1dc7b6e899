/**
 * What a side has to say: everything of one turn of the event loop goes as one frame. While the other
 * side is slow the frames grow instead of their number. A frame is closed at about a mebibyte, so that
 * no message outgrows what a side accepts.
 */
import type { ByteStream } from "./byte-stream.ts";

const frameCharsTarget = 1024 * 1024;

/** How frames of one side are made. */
export interface FrameForm<Frame> {
  empty(): Frame;
  encode(frame: Frame): Buffer;
}

/** Collects items into frames, and sends these. Items leave in the order in which they came. */
export class Outbox<Frame> {
  readonly #stream: ByteStream;
  readonly #form: FrameForm<Frame>;
  #full: Frame[] = [];
  #open: Frame | undefined;
  #chars = 0;
  #isSlow = false;
  #isDue = false;
  #isClosed = false;

  constructor(stream: ByteStream, form: FrameForm<Frame>) {
    this.#stream = stream;
    this.#form = form;
  }

  /** Nothing has to leave. */
  get isEmpty(): boolean {
    return this.#open === undefined && this.#full.length === 0;
  }

  /** The frame that takes an item of so many characters. It leaves at the end of this turn. */
  frame(chars = 0): Frame {
    if (this.#isClosed) return this.#form.empty();
    if (this.#open !== undefined && this.#chars + chars > frameCharsTarget) {
      this.#full.push(this.#open);
      this.#open = undefined;
    }
    if (this.#open === undefined) {
      this.#open = this.#form.empty();
      this.#chars = 0;
    }
    this.#chars += chars;
    if (!this.#isDue && !this.#isSlow) {
      this.#isDue = true;
      setImmediate(() => this.flush());
    }
    return this.#open;
  }

  /** Says something, so that the lease is renewed. What is on its way already does that too. */
  beat(): void {
    if (this.#isSlow || this.#isClosed) return;
    this.frame();
    this.flush();
  }

  /** Sends what there is. */
  flush(): void {
    this.#isDue = false;
    if (this.#isClosed) return;
    while (!this.#isSlow) {
      const frame = this.#full.shift() ?? this.#open;
      if (frame === undefined) return;
      if (frame === this.#open) this.#open = undefined;
      this.#isSlow = !this.#stream.write(this.#form.encode(frame));
    }
  }

  /** The other side takes messages again. */
  drained(): void {
    this.#isSlow = false;
    this.flush();
  }

  /** Sends what there is, whether the other side is slow or not, and takes nothing more. */
  close(): void {
    this.#isSlow = false;
    while (!this.#isClosed && !this.isEmpty) {
      this.flush();
      this.#isSlow = false;
    }
    this.#isClosed = true;
  }

  /** Drops what has not left, and takes nothing more. */
  discard(): void {
    this.#isClosed = true;
    this.#full = [];
    this.#open = undefined;
  }
}
