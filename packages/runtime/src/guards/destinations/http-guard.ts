/**
 * HTTP to destinations that may be reached, and to nothing else.
 *
 * Each request resolves, judges and dials anew; see {@link openConnection}. A redirect is never followed by
 * itself: it is given back, or put before whoever asked, who prepares and judges it as a request of its own.
 * Every answer is a value, bounded in time and bytes while it comes in.
 */
import { type IncomingMessage, request as requestHttp } from "node:http";
import type { Clock } from "@heddle/ports";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import {
  type Connection,
  type ConnectionOptions,
  type Dialer,
  openConnection,
  type Resolver,
  systemDialer,
  systemResolver,
} from "./connection.ts";
import { type ParsedUrl, parseUrl } from "./destination.ts";
import { type DestinationPolicy, placeOf } from "./judge-destination.ts";
import { type Hop, isRedirect, nextHop } from "./redirect.ts";
import { type RequestHeaders, refuseHeaders, refuseMethod } from "./request-headers.ts";
import { acceptedEncodings, readBody } from "./response-body.ts";
import { Stop } from "./stop.ts";

export interface HttpLimits {
  /** From the first look at the name to the last byte, redirects included. */
  readonly timeMs: number;
  readonly requestBytesMax: number;
  readonly headerBytesMax: number;
  /** Of a response body, unpacked. */
  readonly responseBytesMax: number;
  readonly redirectsMax: number;
}

export const httpLimitsDefault: HttpLimits = {
  timeMs: 30_000,
  requestBytesMax: 4 * 1024 * 1024,
  headerBytesMax: 32 * 1024,
  responseBytesMax: 4 * 1024 * 1024,
  redirectsMax: 5,
};

export interface HttpGuardOptions {
  readonly clock: Clock;
  /** Default: the system's. */
  readonly resolver?: Resolver;
  /** Default: TCP. */
  readonly dialer?: Dialer;
  /** Certificates, in PEM, that are trusted instead of the system's. */
  readonly trusted?: readonly string[];
  /** What is not given is {@link httpLimitsDefault}. */
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpCall {
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: RequestHeaders;
  readonly body?: string | Uint8Array;
  readonly policy: DestinationPolicy;
  /** These narrow the guard's own, and never widen them. */
  readonly limits?: Partial<HttpLimits>;
  /** Of a response with more than may be read: `refuse` (default) or `cut`. */
  readonly whenLarger?: "refuse" | "cut";
  /** Names of headers that, besides the usual ones, do not go along to another origin. */
  readonly secretHeaders?: readonly string[];
  readonly signal?: AbortSignal;
  /** Asked before each redirect. Absent: a redirect is given back as it is. */
  readonly follow?: (redirect: Redirect) => Promise<FollowAnswer> | FollowAnswer;
}

export interface Redirect {
  readonly status: number;
  readonly from: ParsedUrl;
  readonly to: ParsedUrl;
  readonly method: string;
  /** Of the first: 1. */
  readonly number: number;
}

/** `follow`: under the policy of the call, or another one for what follows; `stop`: give the redirect back. */
export type FollowAnswer = { readonly kind: "follow"; readonly policy?: DestinationPolicy } | { readonly kind: "stop" } | Refusal;

export interface HttpAnswer {
  /** Of the response: another than was asked for where redirects were followed. */
  readonly url: string;
  readonly status: number;
  /** By name in lower case; several values of one name joined by a comma, of `set-cookie` by a line end. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly truncated: boolean;
  /** The address that was judged and dialled. */
  readonly address: string;
  readonly redirects: number;
  /** Where a redirect that was not followed leads. */
  readonly redirectTo?: string;
}

export interface HttpGuard {
  request(call: HttpCall): Promise<HttpAnswer | Refusal>;
}

interface Work {
  readonly connecting: ConnectionOptions;
  readonly limits: HttpLimits;
  readonly call: HttpCall;
  readonly stop: Stop;
}

interface Exchange {
  readonly response: IncomingMessage;
  readonly connection: Connection;
}

export function createHttpGuard(options: HttpGuardOptions): HttpGuard {
  const connecting = {
    resolver: options.resolver ?? systemResolver,
    dialer: options.dialer ?? systemDialer,
    trusted: options.trusted,
  };
  const own = { ...httpLimitsDefault, ...options.limits };
  return {
    async request(call) {
      const limits = narrowLimits(own, call.limits);
      const first = firstHop(call, limits);
      if (isRefusal(first)) return first;
      const stop = new Stop(options.clock, limits.timeMs, call.signal);
      try {
        return await run({ connecting, limits, call, stop }, first);
      } finally {
        stop.end();
      }
    },
  };
}

function narrowLimits(own: HttpLimits, asked: Partial<HttpLimits> = {}): HttpLimits {
  return {
    timeMs: Math.min(own.timeMs, asked.timeMs ?? own.timeMs),
    requestBytesMax: Math.min(own.requestBytesMax, asked.requestBytesMax ?? own.requestBytesMax),
    headerBytesMax: Math.min(own.headerBytesMax, asked.headerBytesMax ?? own.headerBytesMax),
    responseBytesMax: Math.min(own.responseBytesMax, asked.responseBytesMax ?? own.responseBytesMax),
    redirectsMax: Math.min(own.redirectsMax, asked.redirectsMax ?? own.redirectsMax),
  };
}

function firstHop(call: HttpCall, limits: HttpLimits): Hop | Refusal {
  const method = call.method ?? "GET";
  const headers = call.headers ?? {};
  const refused = refuseMethod(method) ?? refuseHeaders(headers);
  if (refused !== undefined) return refused;
  const destination = parseUrl(call.url);
  if (isRefusal(destination)) return destination;
  const body = typeof call.body === "string" ? Buffer.from(call.body) : call.body;
  if (body !== undefined && body.length > limits.requestBytesMax) {
    return refuse("request-too-large", `the body has ${body.length} bytes, and ${limits.requestBytesMax} may be sent: send less`);
  }
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    return refuse("method-refused", `a ${method} request has no body: leave it out, or use POST`);
  }
  return { destination, method, headers, body };
}

async function run(work: Work, first: Hop): Promise<HttpAnswer | Refusal> {
  const { call, limits } = work;
  const alsoSecret = new Set(call.secretHeaders?.map((name) => name.toLowerCase()));
  let hop = first;
  let policy = call.policy;
  for (let redirects = 0; ; redirects++) {
    const exchange = await exchangeOf(work, hop, policy);
    if (isRefusal(exchange)) return exchange;
    try {
      const { response } = exchange;
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (location === undefined || !isRedirect(status)) return await answerOf(work, hop, exchange, { redirects });
      const next = nextHop(hop, status, location, alsoSecret);
      // Who does not follow may be told of a place that is not reached, as the refusal it would be.
      if (isRefusal(next)) return next;
      const redirect = { status, from: hop.destination, to: next.destination, method: next.method, number: redirects + 1 };
      const answer = await work.stop.race(Promise.resolve(call.follow?.(redirect) ?? ({ kind: "stop" } as const)));
      if (isRefusal(answer)) return answer;
      if (answer.kind === "stop") return await answerOf(work, hop, exchange, { redirects, redirectTo: next.destination.url });
      if (redirects >= limits.redirectsMax) {
        return refuse("redirects-too-many", `${call.url} redirects more than ${limits.redirectsMax} times: ask for the last place by name`);
      }
      policy = answer.policy ?? policy;
      hop = next;
    } finally {
      exchange.connection.stream.destroy();
    }
  }
}

/** Sends one request and waits for the head of its response. */
async function exchangeOf(work: Work, hop: Hop, policy: DestinationPolicy): Promise<Exchange | Refusal> {
  const { connecting, limits, stop } = work;
  const connection = await openConnection(hop.destination, policy, connecting, stop);
  if (isRefusal(connection)) return connection;
  const head = Promise.withResolvers<IncomingMessage>();
  const { pathname, search } = new URL(hop.destination.url);
  const request = requestHttp({
    method: hop.method,
    path: pathname + search,
    headers: { ...hop.headers, ...headersOfOurs(hop) },
    createConnection: () => connection.stream,
    setHost: false,
    maxHeaderSize: limits.headerBytesMax,
    insecureHTTPParser: false,
  });
  request.once("response", head.resolve);
  request.on("error", head.reject);
  request.once("close", () => head.reject(undefined));
  const end = (): void => void connection.stream.destroy();
  stop.signal.addEventListener("abort", end, { once: true });
  connection.stream.once("close", () => stop.signal.removeEventListener("abort", end));
  request.end(hop.body);
  try {
    const response = await stop.race(head.promise);
    if (!isRefusal(response)) return { response, connection };
    end();
    return response;
  } catch (error) {
    end();
    return stop.refusal ?? refusalOfHead(error, placeOf(hop.destination), limits);
  }
}

function headersOfOurs(hop: Hop): Record<string, string> {
  const { url } = hop.destination;
  return {
    host: new URL(url).host,
    connection: "close",
    "accept-encoding": acceptedEncodings,
    ...(hop.body === undefined ? {} : { "content-length": String(hop.body.length) }),
  };
}

function refusalOfHead(error: unknown, place: string, limits: HttpLimits): Refusal {
  const code = error instanceof Error && "code" in error ? String(error.code) : "closed";
  if (code === "HPE_HEADER_OVERFLOW") {
    return refuse("response-too-large", `${place} answers with more than ${limits.headerBytesMax} bytes of headers: raise the limit`);
  }
  if (code.startsWith("HPE_")) return refuse("response-invalid", `${place} does not answer in HTTP (${code}): see what listens there`);
  return refuse("response-incomplete", `${place} closed the connection without an answer (${code}): ask again`);
}

async function answerOf(
  work: Work,
  hop: Hop,
  exchange: Exchange,
  told: Pick<HttpAnswer, "redirects" | "redirectTo">,
): Promise<HttpAnswer | Refusal> {
  const { response, connection } = exchange;
  const { responseBytesMax: bytesMax } = work.limits;
  const place = placeOf(hop.destination);
  const body = await readBody(response, { bytesMax, place, method: hop.method, whenLarger: work.call.whenLarger ?? "refuse" });
  if (isRefusal(body)) return work.stop.refusal ?? body;
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(response.headersDistinct)) {
    if (values !== undefined) headers[name] = values.join(name === "set-cookie" ? "\n" : ", ");
  }
  const { bytes, truncated } = body;
  return {
    url: hop.destination.url,
    status: response.statusCode ?? 0,
    headers,
    body: bytes,
    truncated,
    address: connection.address,
    ...told,
  };
}
