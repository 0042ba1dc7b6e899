/** Where a response says to go instead, as the request that this would be. Pure. */
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import { type ParsedUrl, parseUrl } from "./destination.ts";
import { headersForStrangers, type RequestHeaders, withoutBodyHeaders } from "./request-headers.ts";

/** One request of a chain of redirects. */
export interface Hop {
  readonly destination: ParsedUrl;
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly body: Uint8Array | undefined;
}

const statuses = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return statuses.has(status);
}

/** Code: `redirect-refused`, with the reason for which the new place is none. */
export function nextHop(hop: Hop, status: number, location: string, alsoSecret: ReadonlySet<string>): Hop | Refusal {
  const absolute = URL.canParse(location, hop.destination.url) ? new URL(location, hop.destination.url).href : location;
  // What is written in full is read as it is written: to resolve it first would smooth over how its host is spelled.
  const target = parseUrl(/^[a-z][a-z0-9+.-]*:/i.test(location) ? location : absolute);
  if (isRefusal(target))
    return refuse("redirect-refused", `a redirect leads to no place that is reached (${target.refused}): ${target.message}`);
  if (hop.destination.scheme === "https" && target.scheme === "http") {
    return refuse(
      "redirect-refused",
      `a redirect leads from https to ${shown(target.url)}, which anybody on the way can read: ask for it by name`,
    );
  }
  const isSameOrigin =
    target.host === hop.destination.host && target.port === hop.destination.port && target.scheme === hop.destination.scheme;
  const headers = isSameOrigin ? hop.headers : headersForStrangers(hop.headers, alsoSecret);
  const asGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  if (asGet) return { destination: target, method: "GET", headers: withoutBodyHeaders(headers), body: undefined };
  return { destination: target, method: hop.method, headers, body: hop.body };
}
