/** Content hashes: how bundles, payload files and large values are named. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import * as z from "zod";
import { canonicalJson, type JsonValue } from "./json.ts";

/** SHA-256 of the bytes, as `sha256:` and 64 lower-case hex digits. */
export const ContentHash = z.string().regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hex digits");
export type ContentHash = z.infer<typeof ContentHash>;

export function hashBytes(bytes: Uint8Array): ContentHash {
  return `sha256:${bytesToHex(sha256(bytes))}`;
}

export function hashText(text: string): ContentHash {
  return hashBytes(utf8ToBytes(text));
}

/** Names a value by its canonical text: equal values have equal hashes. */
export function hashJson(value: JsonValue): ContentHash {
  return hashText(canonicalJson(value));
}
