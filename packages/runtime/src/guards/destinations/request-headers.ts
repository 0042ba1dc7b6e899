/** What a caller may say in a request, and what goes along to another host. Pure. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import { type Refusal, refuse, shown } from "../refusal.ts";

/** By name as it is written; one value each. */
export type RequestHeaders = Readonly<Record<string, string>>;

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** They say how the message is carried, or to whom: that is the guard's to say. */
const ours = new Set([
  "host",
  "connection",
  "keep-alive",
  "content-length",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "accept-encoding",
  "http2-settings",
]);
const carriers = /^(?:proxy-|sec-websocket-)/;

const secrets = new Set(["authorization", "cookie", "x-api-key", "api-key", "x-auth-token"]);

/** Code: `method-refused`. */
export function refuseMethod(method: string): Refusal | undefined {
  if (methods.has(method)) return undefined;
  return refuse("method-refused", `the method ${shown(method)} is not sent: use one of ${[...methods].join(", ")}`);
}

/** Code: `header-refused`. */
export function refuseHeaders(headers: RequestHeaders): Refusal | undefined {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (ours.has(lower) || carriers.test(lower)) {
      return refuse("header-refused", `the header ${shown(name)} is set by the runtime alone: leave it out`);
    }
    if (seen.has(lower)) return refuse("header-refused", `the header ${shown(name)} is there twice: give it once`);
    seen.add(lower);
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      return refuse("header-refused", `the header ${shown(name)} has characters that no header may have: encode or remove them`);
    }
  }
  return undefined;
}

/** What goes to another origin: nothing that says who asks. `alsoSecret`: names, in lower case. */
export function headersForStrangers(headers: RequestHeaders, alsoSecret: ReadonlySet<string>): RequestHeaders {
  const kept = Object.entries(headers).filter(([name]) => !secrets.has(name.toLowerCase()) && !alsoSecret.has(name.toLowerCase()));
  return Object.fromEntries(kept);
}

export function withoutBodyHeaders(headers: RequestHeaders): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.toLowerCase().startsWith("content-")));
}
