/**
 * What two streams of one program say, within one bound that both share: each is sure of half, and what one
 * leaves unused the other may have. Kept is the beginning of each; nothing grows with what comes after.
 */
export interface KeptOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** Something is left out. */
  readonly truncated: boolean;
}

export class BoundedOutput {
  readonly #bytesMax: number;
  readonly #chunks: { readonly stdout: Buffer[]; readonly stderr: Buffer[] } = { stdout: [], stderr: [] };
  readonly #seen = { stdout: 0, stderr: 0 };

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(stream: "stdout" | "stderr", bytes: Buffer): void {
    const left = this.#bytesMax - this.#seen[stream];
    this.#seen[stream] += bytes.length;
    // A copy: the chunk may be part of a buffer that is far larger.
    if (left > 0) this.#chunks[stream].push(Buffer.from(bytes.subarray(0, left)));
  }

  kept(): KeptOutput {
    const half = Math.floor(this.#bytesMax / 2);
    const { stdout, stderr } = this.#seen;
    const errBytes = Math.min(stderr, Math.max(this.#bytesMax - half, this.#bytesMax - stdout));
    const outBytes = Math.min(stdout, this.#bytesMax - errBytes);
    return {
      stdout: textOf(this.#chunks.stdout, outBytes, outBytes < stdout),
      stderr: textOf(this.#chunks.stderr, errBytes, errBytes < stderr),
      truncated: outBytes < stdout || errBytes < stderr,
    };
  }
}

/** What a program prints need not be text; what a cut went through is left out. */
function textOf(chunks: readonly Buffer[], bytes: number, isCut: boolean): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(chunks).subarray(0, bytes), { stream: isCut });
}
