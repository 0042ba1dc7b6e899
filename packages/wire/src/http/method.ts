/**
 * A method over HTTP: one route as four functions between values of core and what HTTP carries.
 *
 * The counterpart of a wire method over protobuf, with the same schemas and the same errors: a request
 * that cannot be read is `request-invalid`, an answer that cannot be read is `internal`. Nothing here
 * knows a server or a client, Node or a browser.
 */
import { adoptJson, assertJsonTextDepth, HeddleError, isOversized, type JsonValue, jsonDepthMax, valueBytesMax } from "@heddle/core";
import type * as z from "zod";
import { adopted, guarded, parsed } from "../method.ts";

export type HttpVerb = "GET" | "POST" | "DELETE";

/** How an answer is sent: one JSON document, no content, or a stream of events. */
export type HttpAnswerKind = "json" | "nothing" | "events";

/** What a stream of events says of itself. */
export interface HttpStreamInfo {
  /** One item: the data of an event. */
  readonly item: z.ZodType;
  /** The text of `id` for people. */
  readonly id: string;
  /** Whether `Last-Event-ID` resumes behind an item. Without that, a stream begins with everything there is. */
  readonly resumes: boolean;
}

/** A request as a client sends it. */
export interface HttpRequest {
  readonly verb: HttpVerb;
  /** Path and query, encoded. */
  readonly target: string;
  /** JSON text. */
  readonly body?: string;
}

/** A request as a server received it: parameters decoded, the body as text. */
export interface HttpRequestParts {
  readonly params: Readonly<Record<string, string>>;
  /** A parameter that was given twice is an array, and refused. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | undefined;
}

/** What a route looks like from outside. */
export interface HttpRouteInfo {
  readonly verb: HttpVerb;
  /** `/v1/runs/{runId}`: what is in braces are members of the request. */
  readonly path: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly answer: HttpAnswerKind;
  /** Names in the path, in order. */
  readonly params: readonly string[];
  /** Members of the request that travel in the query; all others are in the body. */
  readonly query: readonly string[];
  readonly request: z.ZodType;
  readonly response: z.ZodType;
  /** Of a route whose answer is a stream of events. */
  readonly stream?: HttpStreamInfo;
}

/** One route. `Request` and `Response` are values of core; of a stream of events, one batch of it. */
export interface HttpMethod<Request, Response> extends HttpRouteInfo {
  readonly request: z.ZodType<Request>;
  readonly response: z.ZodType<Response>;
  /** @throws HeddleError `request-invalid` when it does not fit the contract; `value-invalid`, `value-too-deep` for values in it. */
  encodeRequest(request: Request): HttpRequest;
  /** @throws HeddleError `request-invalid`, `value-too-large`, `value-too-deep`. */
  decodeRequest(parts: HttpRequestParts): Request;
  /** JSON text; empty where the answer is nothing. */
  encodeResponse(response: Response): string;
  /** @throws HeddleError `internal` when the answer does not fit the contract. */
  decodeResponse(text: string): Response;
}

/** What a route says of itself. */
interface Description<Request, Response> {
  readonly summary: string;
  readonly request: z.ZodType<Request>;
  readonly response: z.ZodType<Response>;
  readonly answer?: HttpAnswerKind;
  readonly stream?: HttpStreamInfo;
  /** Members in the query, and what their text stands for; a switch is true or false. */
  readonly query?: Readonly<Record<string, "text" | "number" | "switch">>;
  /** Members that hold values of foreign code: adopted before they are checked. */
  readonly jsonMembers?: readonly string[];
  /** How many bytes such a value may have. Default: those of any value of a run. */
  readonly valueBytesMax?: number;
  readonly toText?: (response: Response) => string;
}

/** A route: `httpMethod("GET /v1/runs/{runId}", { … })`. */
export function httpMethod<Request, Response>(
  route: `${HttpVerb} /${string}`,
  description: Description<Request, Response>,
): HttpMethod<Request, Response> {
  const { request, response, summary, answer = "json", query = {}, jsonMembers = [] } = description;
  const space = route.indexOf(" ");
  const verb = route.slice(0, space) as HttpVerb;
  const path = route.slice(space + 1);
  const params = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const queryNames = Object.keys(query);

  function encodeRequest(value: Request): HttpRequest {
    const members = { ...parsed(request, adopted(value, jsonMembers), "request-invalid", "the request") } as Record<string, unknown>;
    let target = path;
    for (const name of params) target = target.replace(`{${name}}`, encodeURIComponent(String(members[name])));
    const words = queryNames.filter((name) => members[name] !== undefined);
    if (words.length > 0) target += `?${words.map((name) => `${name}=${encodeURIComponent(String(members[name]))}`).join("&")}`;
    if (verb !== "POST") return { verb, target };
    const inBody = Object.entries(members).filter(([name]) => !params.includes(name) && !queryNames.includes(name));
    return { verb, target, body: JSON.stringify(Object.fromEntries(inBody)) };
  }

  function decodeRequest({ params: inPath, query: asked, body }: HttpRequestParts): Request {
    const members: Record<string, unknown> = verb === "POST" ? membersOf(body ?? "", params) : {};
    for (const name of jsonMembers) {
      if (Object.hasOwn(members, name)) members[name] = ownValue(name, members[name], description.valueBytesMax ?? valueBytesMax);
    }
    for (const [name, text] of Object.entries(asked)) {
      const type = Object.hasOwn(query, name) ? query[name] : undefined;
      if (type === undefined) throw new HeddleError("request-invalid", `there is no query parameter ${name} here`);
      members[name] = typeof text === "string" ? queryValue(type, text) : text;
    }
    for (const name of params) members[name] = inPath[name];
    return parsed(request, members, "request-invalid", "the request");
  }

  return {
    verb,
    path,
    summary,
    answer,
    params,
    query: queryNames,
    request,
    response,
    ...(description.stream === undefined ? {} : { stream: description.stream }),
    encodeRequest: (value) => guarded("request-invalid", "the request", () => encodeRequest(value)),
    decodeRequest: (parts) => guarded("request-invalid", "the request", () => decodeRequest(parts)),
    encodeResponse: (value) => (answer === "nothing" ? "" : (description.toText?.(value) ?? JSON.stringify(value))),
    decodeResponse: (text) =>
      guarded("internal", "the answer", () =>
        parsed(response, answer === "nothing" ? undefined : JSON.parse(text), "internal", "the answer"),
      ),
  };
}

/** The members of a body. An empty one has none: a request of which everything is optional needs no body. */
function membersOf(text: string, params: readonly string[]): Record<string, unknown> {
  if (text.trim() === "") return {};
  assertJsonTextDepth(text, jsonDepthMax + 1);
  const body = readJson(text);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new HeddleError("request-invalid", "the body is not a JSON object");
  }
  const twice = params.find((name) => Object.hasOwn(body, name));
  if (twice !== undefined) throw new HeddleError("request-invalid", `${twice} is given in the path, and may not be in the body`);
  // Not a spread: a member named __proto__ stays one, and is refused as unknown.
  return Object.fromEntries(Object.entries(body));
}

/** A text that stands for nothing of its type stays one, and the schema refuses it. */
function queryValue(type: "text" | "number" | "switch", text: string): string | number | boolean {
  if (type === "number" && /^-?\d{1,16}$/.test(text)) return Number(text);
  if (type === "switch" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HeddleError("request-invalid", "the body is not JSON", { cause: error });
  }
}

function ownValue(name: string, value: unknown, bytesMax: number): JsonValue {
  const own = adoptJson(value);
  if (!isOversized(own, bytesMax)) return own;
  throw new HeddleError("value-too-large", `${name} has more than ${bytesMax} bytes`, { details: { bytesMax } });
}
