/**
 * The edge of HTTP: who asks, until when, and how answers and errors leave. A route decodes a request,
 * calls one method of RuntimeApi and encodes its answer; this file has the form that all of them share.
 */
import { type Caller, HeddleError, type Principal } from "@heddle/core";
import { encodeHttpError, type HttpMethod, type HttpRequestParts, responseBytesMax } from "@heddle/wire/http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What every request is served with. */
export interface HttpEdgeContext {
  authenticate(secret: string): Promise<Principal | undefined>;
  /** Aborts when the daemon stops: ends what would otherwise go on for ever. */
  readonly stopping: AbortSignal;
  /** Told of errors that leave as "internal error". */
  report(path: string, error: unknown): void;
}

/** A caller whose signal says when nobody listens any more. */
export type PresentCaller = Caller & { readonly signal: AbortSignal };

/** One route, ready to be registered. */
export interface HttpRoute {
  readonly verb: string;
  readonly path: string;
  /** Resolves with the text of the answer, or with nothing where it has been sent already. */
  serve(context: HttpEdgeContext): (request: FastifyRequest, reply: FastifyReply) => Promise<string | undefined>;
}

/** A request, an answer. `waits`: it may take for ever, so a daemon that stops ends it as `shutting-down`. */
export function json<Request, Response>(
  method: HttpMethod<Request, Response>,
  answer: (request: Request, caller: PresentCaller) => Promise<Response>,
  options: { readonly waits?: boolean } = {},
): HttpRoute {
  const { verb, path } = method;
  return {
    verb,
    path,
    serve: (context) => async (request, reply) => {
      const caller = callerOf(context, request, reply, options.waits === true);
      const asked = method.decodeRequest(partsOf(request));
      const text = method.encodeResponse(await orAborted(answer(asked, caller), caller.signal));
      if (method.answer === "nothing") {
        reply.code(204);
        return "";
      }
      if (text.length > responseBytesMax) {
        const message = `the answer has ${text.length} bytes, and at most ${responseBytesMax} are sent; ask for less`;
        throw new HeddleError("value-too-large", message);
      }
      reply.type("application/json; charset=utf-8");
      return text;
    },
  };
}

/** The parts of a request that routes decode. */
export function partsOf(request: FastifyRequest): HttpRequestParts {
  return {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string | readonly string[]>,
    body: typeof request.body === "string" ? request.body : undefined,
  };
}

/** Who asks, as the guard found it, and a signal that aborts when the connection is gone. */
export function callerOf(context: HttpEdgeContext, request: FastifyRequest, reply: FastifyReply, waits: boolean): PresentCaller {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort(new HeddleError("cancelled", "the caller has gone"));
  });
  const signal = waits ? AbortSignal.any([gone.signal, context.stopping]) : gone.signal;
  signal.throwIfAborted();
  return { principal: request.getDecorator<Principal>("principal"), signal };
}

/** Work for a caller who waits so long at most; for ever, where it does not say. */
export async function within<Value>(
  caller: PresentCaller,
  waitMs: number | undefined,
  work: (caller: PresentCaller) => Promise<Value>,
): Promise<Value> {
  if (waitMs === undefined) return work(caller);
  const enough = new AbortController();
  const late = () => enough.abort(new HeddleError("deadline-exceeded", `it did not come within ${waitMs} ms; ask again`));
  const timer = setTimeout(late, waitMs);
  const signal = AbortSignal.any([caller.signal, enough.signal]);
  try {
    return await orAborted(work({ ...caller, signal }), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The value, or the reason of the signal when that comes first. */
export function orAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    value.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Sends any error. */
export function sendError(context: HttpEdgeContext, request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  const known = httpError(error);
  const { status, code, body } = encodeHttpError(known);
  if (body.includes('"internal error"')) context.report(`${request.method} ${request.routeOptions.url ?? ""}`, error);
  if (code === "unauthenticated") reply.header("www-authenticate", 'Bearer realm="heddle"');
  // What is left of a body that is not read would be taken for the next request.
  if (code === "value-too-large" || code === "shutting-down") reply.header("connection", "close");
  reply.code(status).type("application/json; charset=utf-8").send(body);
}

/** What the server itself refuses, in our codes. */
function httpError(error: unknown): unknown {
  if (HeddleError.is(error) || typeof error !== "object" || error === null || !("code" in error)) return error;
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new HeddleError("value-too-large", "the body of a request has at most 16 MiB", { cause: error });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new HeddleError("request-invalid", "the body of a request is JSON: content-type: application/json", { cause: error });
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new HeddleError("request-invalid", "the body has another length than its header says", { cause: error });
    case "FST_ERR_BAD_URL":
      return new HeddleError("request-invalid", "the path cannot be read", { cause: error });
    default:
      return error;
  }
}
