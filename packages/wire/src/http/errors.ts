/** Errors on HTTP: the status of the registry, and `{ "error": { code, message, details } }`. */
import { type ErrorCode, type ErrorDetails, errorCodes, HeddleError, isErrorCode, publicError } from "@heddle/core";
import * as z from "zod";

/** The body of every answer that is an error. */
export const HttpErrorBody = z.object({
  error: z.object({
    /** Stable: branch on it. */
    code: z.string(),
    /** One sentence for people. */
    message: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  }),
});

/** An error as it leaves. */
export interface HttpFailure {
  readonly status: number;
  readonly code: ErrorCode;
  readonly body: string;
}

/** Any error, as a stranger may see it. What we did not raise leaves as "internal error" without text. */
export function encodeHttpError(error: unknown): HttpFailure {
  const { code, message, details } = publicError(error);
  return { status: errorCodes[code].http, code, body: JSON.stringify({ error: { code, message, details } }) };
}

/** An answer that is an error, as one of ours. One that no daemon wrote came from something in between. */
export function decodeHttpError(status: number, text: string): HeddleError {
  const body = bodyOf(text);
  if (body === undefined) {
    const away = status === 502 || status === 503 || status === 504;
    const message = `the answer has status ${status} and is not of a daemon`;
    return new HeddleError(away ? "daemon-unreachable" : "internal", message, { details: { status } });
  }
  const { code, message, details = {} } = body;
  return new HeddleError(isErrorCode(code) ? code : "internal", message, { details });
}

function bodyOf(text: string): { code: string; message: string; details?: ErrorDetails | undefined } | undefined {
  try {
    return HttpErrorBody.parse(JSON.parse(text)).error;
  } catch {
    return undefined;
  }
}
