/**
 * Who may connect: decided from the headers of a request alone.
 *
 * Architecture invariant: a page of a browser has an origin, which it cannot hide from a WebSocket; one that
 * is not allowed by name is refused, token or not.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "./config.ts";

export interface AdmissionRules {
  readonly host: string;
  readonly token?: string;
  readonly allowedOrigins: readonly string[];
}

export interface Asking {
  readonly origin: string | undefined;
  /** The header `Host`. */
  readonly host: string | undefined;
  readonly authorization: string | undefined;
  /** `?token=` */
  readonly queryToken: unknown;
}

export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

/** Undefined: it may. */
export function refusalOf(rules: AdmissionRules, asking: Asking): Refusal | undefined {
  if (asking.origin !== undefined && !rules.allowedOrigins.includes(asking.origin)) {
    return { status: 403, message: "this origin is not allowed here: add it to allowedOrigins" };
  }
  // A name of somebody else's that was made to lead here brings a page of theirs along.
  if (isLoopback(rules.host) && asking.origin === undefined && !isOwnName(asking.host)) {
    return { status: 403, message: "this server is named localhost or 127.0.0.1" };
  }
  if (rules.token === undefined) return undefined;
  const [, bearer] = /^bearer +(\S+)$/i.exec(asking.authorization ?? "") ?? [];
  const shown = bearer ?? (typeof asking.queryToken === "string" ? asking.queryToken : "");
  return isSame(shown, rules.token) ? undefined : { status: 401, message: "a token is asked for: Authorization: Bearer, or ?token=" };
}

function isOwnName(host: string | undefined): boolean {
  return host === undefined || isLoopback(host.replace(/:\d+$/, ""));
}

/** Takes the same time wherever they differ, and whatever their length. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}
