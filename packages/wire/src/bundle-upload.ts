/**
 * Bundle uploads as streams of parts: the manifest, then each file in chunks. Both directions hold one
 * chunk or one file at a time, however large the bundle is.
 */
import { type BundleUpload, HeddleError, type JsonValue, payloadBytesMax, payloadFileBytesMax } from "@heddle/core";
import type { BundlePart } from "./bundles.ts";

/** Bytes of a file in one message. */
export const chunkBytesMax = 256 * 1024;

/** Cuts an upload into parts, reading the next file only when the last one is out. */
export async function* splitUpload(upload: BundleUpload): AsyncGenerator<BundlePart, void, undefined> {
  yield { kind: "manifest", manifest: upload.manifest as JsonValue };
  for await (const { path, bytes } of upload.files) {
    let start = 0;
    do {
      const chunk = bytes.subarray(start, start + chunkBytesMax);
      start += chunkBytesMax;
      yield { kind: "chunk", path, bytes: chunk, last: start >= bytes.length };
    } while (start < bytes.length);
  }
}

/**
 * Puts an upload together again. Files come whole, each when its last chunk is in.
 *
 * @throws HeddleError `request-invalid` when parts are out of order; its files throw that too, and
 * `value-too-large` over the limits of core.
 */
export async function joinUpload(parts: AsyncIterator<BundlePart>): Promise<BundleUpload> {
  const first = await parts.next();
  if (first.done === true || first.value.kind !== "manifest") {
    throw new HeddleError("request-invalid", "an upload begins with its manifest");
  }
  return { manifest: first.value.manifest, files: joinFiles(parts) };
}

async function* joinFiles(parts: AsyncIterator<BundlePart>): AsyncGenerator<{ path: string; bytes: Uint8Array }> {
  let open: { path: string; chunks: Uint8Array[]; bytes: number } | undefined;
  let total = 0;
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
    const part = next.value;
    if (part.kind === "manifest") throw new HeddleError("request-invalid", "an upload has one manifest");
    const { path, bytes, last } = part;
    if (bytes.length > chunkBytesMax) throw new HeddleError("request-invalid", `a chunk has at most ${chunkBytesMax} bytes`);
    open ??= { path, chunks: [], bytes: 0 };
    if (open.path !== path) throw new HeddleError("request-invalid", `file ${open.path} of the upload has no last chunk`);
    open.chunks.push(bytes);
    open.bytes += bytes.length;
    total += bytes.length;
    assertWithin(`file ${path}`, open.bytes, payloadFileBytesMax);
    assertWithin("the payload of a bundle", total, payloadBytesMax);
    if (!last) continue;
    yield { path, bytes: open.chunks.length === 1 ? bytes : Buffer.concat(open.chunks, open.bytes) };
    open = undefined;
  }
  if (open !== undefined) throw new HeddleError("request-invalid", `file ${open.path} of the upload has no last chunk`);
}

function assertWithin(what: string, bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new HeddleError("value-too-large", `${what} has more than ${bytesMax} bytes`, { details: { bytesMax } });
}
