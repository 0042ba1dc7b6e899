/**
 * Errors on gRPC. The code travels in the metadata `heddle-error-code`, the details as JSON in
 * `heddle-error-details`, the sentence as the status message; the status code follows the registry.
 *
 * What we did not raise leaves as "internal error" without text, and `cause` never leaves. A status
 * that carries no code of ours comes from the transport, and is told in our codes all the same.
 */

import { Metadata, status } from "@grpc/grpc-js";
import { type ErrorCode, type ErrorDetails, errorCodes, HeddleError, isErrorCode, publicError } from "@heddle/core";

const codeKey = "heddle-error-code";
const detailsKey = "heddle-error-details";

/** HTTP/2 headers are bounded, and percent encoding triples the text: longer sentences and details are cut. */
const messageCharsMax = 2_048;
const detailsCharsMax = 4_096;

/** What a gRPC call ends with. */
export interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Any error, as a stranger may see it. */
export function encodeError(error: unknown): GrpcFailure {
  const { code, message, details } = publicError(error);
  const metadata = new Metadata();
  metadata.set(codeKey, code);
  const text = asciiJson(details);
  if (text !== "{}" && text.length <= detailsCharsMax) metadata.set(detailsKey, text);
  return { code: errorCodes[code].grpc, details: headerText(message), metadata };
}

/** True when the other side, and not the transport, raised it. */
export function isRemoteError(error: unknown): boolean {
  return remoteCode(error) !== undefined;
}

/** A failed gRPC call as an error of ours. Unknown codes become `internal`; a cut connection is `daemon-unreachable`. */
export function decodeError(error: unknown): HeddleError {
  if (HeddleError.is(error)) return error;
  const { message } = statusOf(error);
  const code = remoteCode(error);
  if (code !== undefined) {
    return new HeddleError(isErrorCode(code) ? code : "internal", message, { details: detailsOf(error), cause: error });
  }
  const own = transportCode(error);
  return new HeddleError(own, transportMessages[own] ?? message, { cause: error });
}

const transportMessages: { readonly [Code in ErrorCode]?: string } = {
  "deadline-exceeded": "the daemon did not answer in time",
  cancelled: "the call was cancelled",
  "value-too-large": "the message is larger than the other side accepts",
};

/** Codes for statuses that gRPC itself raises. */
function transportCode(error: unknown): ErrorCode {
  const { code, message } = statusOf(error);
  switch (code) {
    case status.UNAVAILABLE:
      return "daemon-unreachable";
    case status.DEADLINE_EXCEEDED:
      return "deadline-exceeded";
    case status.CANCELLED:
      return "cancelled";
    case status.RESOURCE_EXHAUSTED:
      return "value-too-large";
    case status.UNIMPLEMENTED:
      return "unimplemented";
    case status.UNAUTHENTICATED:
      return "unauthenticated";
    case status.PERMISSION_DENIED:
      return "permission-denied";
    default:
      // grpc-js tells some cut connections as INTERNAL or UNKNOWN; its text is the only mark.
      return /RST_STREAM|ECONNRESET|EPIPE|GOAWAY|session/i.test(message) ? "daemon-unreachable" : "internal";
  }
}

function statusOf(error: unknown): { readonly code: number; readonly message: string } {
  if (typeof error !== "object" || error === null) return { code: status.UNKNOWN, message: "" };
  const code = "code" in error && typeof error.code === "number" ? error.code : status.UNKNOWN;
  const details = "details" in error && typeof error.details === "string" ? error.details : undefined;
  return { code, message: details ?? (error instanceof Error ? error.message : "") };
}

function metadataOf(error: unknown): Metadata | undefined {
  const held = typeof error === "object" && error !== null && "metadata" in error ? error.metadata : undefined;
  return held instanceof Metadata ? held : undefined;
}

function remoteCode(error: unknown): string | undefined {
  const code = metadataOf(error)?.get(codeKey)[0];
  return typeof code === "string" ? code : undefined;
}

function detailsOf(error: unknown): ErrorDetails {
  const text = metadataOf(error)?.get(detailsKey)[0];
  if (typeof text !== "string") return {};
  const details: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(parseObject(text))) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") details[key] = value;
  }
  return details;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Metadata values are printable ASCII. */
function asciiJson(details: ErrorDetails): string {
  return JSON.stringify(details).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** grpc-js percent-encodes the message, and that throws on a lone surrogate. */
function headerText(message: string): string {
  return message.slice(0, messageCharsMax).replace(/\p{Surrogate}/gu, "\ufffd");
}
