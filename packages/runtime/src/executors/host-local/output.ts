/**
 * What a program prints: captured within a bound while it runs, and told line by line in the log.
 *
 * Nothing here grows with what is printed: of standard output as much is kept as may be, of standard
 * error the end, of a long line the beginning, and of very many lines the first ones.
 */
import { StringDecoder } from "node:string_decoder";
import { logTextBytesMax } from "@heddle/core";

/** The beginning of a stream, up to a bound. */
export class Head {
  readonly #chunks: Buffer[] = [];
  readonly #max: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#max = bytesMax;
  }

  /** False: there was more than fits, and it is not kept. */
  take(bytes: Buffer): boolean {
    const fits = bytes.length <= this.#max - this.#bytes;
    if (fits) this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    return fits;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

/** The end of a stream, up to a bound. */
export class Tail {
  #kept: Buffer = Buffer.alloc(0);
  readonly #max: number;
  #isCut = false;

  constructor(bytesMax: number) {
    this.#max = bytesMax;
  }

  take(bytes: Buffer): void {
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    this.#isCut ||= all.length > this.#max;
    this.#kept = all.length > this.#max ? Buffer.from(all.subarray(all.length - this.#max)) : all;
  }

  /** Without the line that the bound cut through. */
  text(): string {
    const text = this.#kept.toString("utf8");
    return this.#isCut ? text.slice(text.indexOf("\n") + 1) : text;
  }
}

/** Lines of one stream that are told for one attempt. */
const linesMax = 1_000;

export interface LinesOptions {
  /** Characters that a line is kept beyond its bound, so that what is redacted is not cut through. */
  readonly slack: number;
  readonly redact: (text: string) => string;
  readonly tell: (line: string) => void;
}

/** Splits a stream into lines of at most {@link logTextBytesMax} characters. */
export class Lines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #options: LinesOptions;
  #rest = "";
  #told = 0;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  take(bytes: Buffer): void {
    if (this.#told > linesMax) return;
    const lines = this.#decoder.write(bytes).split("\n");
    const last = lines.pop() as string;
    for (const line of lines) {
      this.#tell(this.#rest + line);
      this.#rest = "";
    }
    this.#rest = (this.#rest + last).slice(0, logTextBytesMax + this.#options.slack);
  }

  /** Tells what came after the last line end. */
  end(): void {
    this.#tell(this.#rest + this.#decoder.end());
    this.#rest = "";
  }

  #tell(line: string): void {
    const text = line.slice(0, logTextBytesMax + this.#options.slack).trimEnd();
    if (text === "" || ++this.#told > linesMax + 1) return;
    if (this.#told > linesMax) this.#options.tell(`more than ${linesMax} lines: the others are not kept`);
    else this.#options.tell(this.#options.redact(text).slice(0, logTextBytesMax));
  }
}

const beaconPrefix = "__MN_AGENT_BEACON__";

/** Signs of life that a worker prints among its output are no part of it. */
export function withoutBeacons(text: string): string {
  if (!text.includes(beaconPrefix)) return text;
  return text
    .split("\n")
    .filter((line) => !line.startsWith(beaconPrefix))
    .join("\n");
}
