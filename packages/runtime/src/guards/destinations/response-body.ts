/** The body of a response, counted while it comes in: on the wire, and again once it is unpacked. */
import type { IncomingMessage } from "node:http";
import { pipeline, type Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { HeddleError } from "@heddle/core";
import { type Refusal, refuse, shown } from "../refusal.ts";

export interface BodyOptions {
  readonly bytesMax: number;
  /** Of a body with more: `refuse` or `cut`. */
  readonly whenLarger: "refuse" | "cut";
  /** Of the request: what answers HEAD describes a body and has none. */
  readonly method: string;
  /** For people. */
  readonly place: string;
}

export interface Body {
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
}

/** What is asked for in `accept-encoding`: nothing else is understood. */
export const acceptedEncodings = "gzip, deflate, br";

/** Codes: `response-encoding`, `response-too-large`, `response-invalid` (it cannot be unpacked), `response-incomplete`. */
export async function readBody(response: IncomingMessage, options: BodyOptions): Promise<Body | Refusal> {
  const { bytesMax, place } = options;
  if (hasNoBody(response, options.method)) return { bytes: new Uint8Array(0), truncated: false };
  const stated = Number(response.headers["content-length"] ?? 0);
  const encoding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (stated > bytesMax && options.whenLarger === "refuse") return tooLarge(options);
  const stream = unpacked(response, encoding, bytesMax);
  if (stream === undefined) {
    return refuse("response-encoding", `${place} answers in the encoding ${shown(encoding)}: only one of ${acceptedEncodings} is unpacked`);
  }
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      total += chunk.length;
      chunks.push(chunk);
      if (total > bytesMax) break;
    }
  } catch (error) {
    if (HeddleError.is(error, "value-too-large")) return tooLarge(options);
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code.startsWith("Z_") || code.startsWith("ERR__ERROR") || code.startsWith("ERR_BROTLI")) {
      return refuse("response-invalid", `${place} answers with a body that cannot be unpacked (${code}): ask again, or ask somebody else`);
    }
    return refuse("response-incomplete", `${place} broke off in the middle of its answer: ask again`);
  }
  if (total <= bytesMax) {
    if (response.complete) return { bytes: Buffer.concat(chunks), truncated: false };
    return refuse("response-incomplete", `${place} broke off in the middle of its answer: ask again`);
  }
  return options.whenLarger === "cut" ? { bytes: Buffer.concat(chunks).subarray(0, bytesMax), truncated: true } : tooLarge(options);
}

function hasNoBody({ statusCode, headers }: IncomingMessage, method: string): boolean {
  return method === "HEAD" || statusCode === 204 || statusCode === 304 || headers["content-length"] === "0";
}

function tooLarge({ bytesMax, place }: BodyOptions): Refusal {
  return refuse("response-too-large", `${place} answers with more than ${bytesMax} bytes: ask for less, or raise the limit`);
}

function unpacked(response: IncomingMessage, encoding: string, bytesMax: number): Readable | undefined {
  if (encoding === "identity" || encoding === "") return response;
  const unpacker =
    encoding === "gzip" || encoding === "x-gzip"
      ? createGunzip()
      : encoding === "deflate"
        ? createInflate()
        : encoding === "br"
          ? createBrotliDecompress()
          : undefined;
  return unpacker && pipeline(response, new Meter(bytesMax), unpacker, () => undefined);
}

/** What is packed may also unpack to nothing, for ever. */
class Meter extends Transform {
  #left: number;

  constructor(bytesMax: number) {
    super();
    // Some content grows when it is packed, though never by much.
    this.#left = bytesMax + 4_096;
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: Error | null, data?: Buffer) => void): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(new HeddleError("value-too-large", "more came in than may be unpacked"));
    else done(null, chunk);
  }
}
