/** Lines that a person types, one at a time, and only while somebody waits for one. */
import { createInterface, type Interface } from "node:readline";

export class LineReader {
  readonly #input: NodeJS.ReadableStream;
  readonly #lines: string[] = [];
  #reader: Interface | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(input: NodeJS.ReadableStream) {
    this.#input = input;
  }

  /** The next line; undefined at the end of the input, and when the signal says so. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    this.#open();
    while (this.#lines.length === 0 && !this.#ended && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return signal.aborted ? undefined : this.#lines.shift();
  }

  /** Forgets what was typed before anybody asked. */
  discard(): void {
    this.#lines.length = 0;
  }

  close(): void {
    this.#ended = true;
    this.#reader?.close();
    this.#wake?.();
  }

  #open(): void {
    if (this.#reader !== undefined || this.#ended) return;
    // Not as a terminal: the terminal itself edits the line, and Ctrl-C stays a signal.
    this.#reader = createInterface({ input: this.#input, terminal: false });
    this.#reader.on("line", (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
    this.#reader.on("close", () => {
      this.#ended = true;
      this.#wake?.();
    });
  }
}
