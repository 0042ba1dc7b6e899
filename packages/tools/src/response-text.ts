/** The bytes of a response as what they are: JSON, text in its character set, or bytes. Pure. */
import { HeddleError, type JsonValue, parseJson } from "@heddle/core";

/** A body, read. */
export type ResponseBody =
  | { readonly kind: "empty" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly json: JsonValue }
  /** In base64. */
  | { readonly kind: "bytes"; readonly base64: string };

/** Of a media type, in lower case and without parameters. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}

const isJson = (type: string): boolean => type === "application/json" || type.endsWith("+json");
const isText = (type: string): boolean =>
  type.startsWith("text/") ||
  type.endsWith("+xml") ||
  ["application/xml", "application/javascript", "application/x-www-form-urlencoded", "application/x-ndjson"].includes(type);

/** Bytes as text in the character set that the type names, UTF-8 where it names none; undefined where they are no such text. */
export function textOfBytes(bytes: Uint8Array, contentType: string): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(charset ?? "utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What cannot be read as its type says is given as what it can be read as: a wrong type of a server loses nothing. */
export function bodyOf(bytes: Uint8Array, contentType: string): ResponseBody {
  if (bytes.length === 0) return { kind: "empty" };
  const type = mediaTypeOf(contentType);
  const isUnknown = type === "" || !(isJson(type) || isText(type));
  const text = isUnknown && type !== "" ? undefined : textOfBytes(bytes, contentType);
  // A type that is missing may be anything; what has a zero is no text that anyone wrote.
  if (text === undefined || (type === "" && text.includes("\0"))) return { kind: "bytes", base64: Buffer.from(bytes).toString("base64") };
  if (!isJson(type)) return { kind: "text", text };
  try {
    return { kind: "json", json: parseJson(text) };
  } catch (error) {
    if (!HeddleError.is(error)) throw error;
    return { kind: "text", text };
  }
}
