/** Bundles over HTTP: one JSON document with the manifest and every payload file as base64. */
import { type BundleUpload, HeddleError, JsonValueSchema } from "@heddle/core";
import * as z from "zod";
import { requestBytesMax } from "../scalars.ts";

/** The body of an upload. */
export const BundleUploadBody = z.strictObject({
  /** As `manifest.json` of the bundle. */
  manifest: JsonValueSchema,
  files: z.array(
    z.strictObject({
      /** Below `payloads/`, as in the manifest. */
      path: z.string(),
      /** The bytes of the file. */
      base64: z.string(),
    }),
  ),
});
export type BundleUploadBody = z.infer<typeof BundleUploadBody>;

/**
 * Reads an upload whole.
 *
 * @throws HeddleError `value-too-large`, as soon as it is clear that the body would have more than 16 MiB;
 * `request-invalid` where a file cannot be read.
 */
export async function packUpload(upload: BundleUpload): Promise<BundleUploadBody> {
  try {
    return await packed(upload);
  } catch (error) {
    if (HeddleError.is(error)) throw error;
    throw new HeddleError("request-invalid", "a file of the bundle cannot be read", { cause: error });
  }
}

async function packed({ manifest, files }: BundleUpload): Promise<BundleUploadBody> {
  const parts: { path: string; base64: string }[] = [];
  let chars = 0;
  for await (const { path, bytes } of files) {
    chars += path.length + Math.ceil(bytes.length / 3) * 4;
    if (chars > requestBytesMax) throw tooLarge();
    parts.push({ path, base64: encodeBase64(bytes) });
  }
  return { manifest: manifest as BundleUploadBody["manifest"], files: parts };
}

/** The upload that a body holds. Its files throw `request-invalid` where one is not base64. */
export function unpackUpload({ manifest, files }: BundleUploadBody): BundleUpload {
  return { manifest, files: unpackFiles(files) };
}

function* unpackFiles(files: BundleUploadBody["files"]): Generator<{ path: string; bytes: Uint8Array }> {
  for (const { path, base64 } of files) yield { path, bytes: decodeBase64(base64, path) };
}

/** Says where larger bundles go. */
export function tooLarge(): HeddleError {
  const message = `a bundle over HTTP has at most ${requestBytesMax} bytes as it is sent; send larger ones over gRPC`;
  return new HeddleError("value-too-large", message, { details: { bytesMax: requestBytesMax } });
}

/** Characters that are made from bytes at once: the arguments of one call are bounded. */
const sliceBytes = 0x6000;

function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += sliceBytes) {
    binary += String.fromCharCode(...bytes.subarray(start, start + sliceBytes));
  }
  return btoa(binary);
}

function decodeBase64(text: string, path: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch (error) {
    throw new HeddleError("request-invalid", `file ${path} is not base64`, { cause: error });
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
