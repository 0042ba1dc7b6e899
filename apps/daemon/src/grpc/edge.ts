/**
 * The edge of gRPC: who asks, until when, and how an error leaves. A route decodes a request, calls one
 * method of RuntimeApi and encodes its answer; this file has the one form of each kind of call.
 */
import type { handleBidiStreamingCall, handleClientStreamingCall, handleServerStreamingCall, handleUnaryCall } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import { type Caller, HeddleError, type Principal } from "@heddle/core";
import { encodeError, responseBytesMax, type WireMethod } from "@heddle/wire";

/** What every call is served with. */
export interface EdgeContext {
  authenticate(secret: string): Promise<Principal | undefined>;
  /** Aborts when the daemon stops: ends what would otherwise go on for ever. */
  readonly stopping: AbortSignal;
  /** Told of errors that leave as "internal error". */
  report(path: string, error: unknown): void;
}

type Handler =
  | handleUnaryCall<Buffer, Buffer>
  | handleServerStreamingCall<Buffer, Buffer>
  | handleClientStreamingCall<Buffer, Buffer>
  | handleBidiStreamingCall<Buffer, Buffer>;

/** One RPC, ready to be registered. */
export interface Route {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  serve(context: EdgeContext): Handler;
}

/** What all calls of grpc-js have. */
interface AnyCall {
  readonly metadata: Metadata;
  on(event: "cancelled", listener: () => void): unknown;
}

/** A request, an answer. `waits`: it may take for ever, so a daemon that stops ends it as `shutting-down`. */
export function unary<Request, Response>(
  method: WireMethod<Request, Response>,
  answer: (request: Request, caller: Caller) => Promise<Response>,
  options: { readonly waits?: boolean } = {},
): Route {
  return route(
    method,
    (context): handleUnaryCall<Buffer, Buffer> =>
      (call, callback) => {
        const work = async () => {
          const caller = await callerOf(context, call, options.waits === true);
          const request = method.decodeRequest(call.request);
          if (options.waits === true) call.sendMetadata(new Metadata());
          return encoded(method, await orAborted(answer(request, caller), caller.signal));
        };
        settle(context, method.path, work(), (bytes) => callback(null, bytes), callback);
      },
  );
}

/** Many requests, an answer. Parts are pulled one by one, so that a fast sender waits for a slow receiver. */
export function clientStream<Part, Response>(
  method: WireMethod<Part, Response>,
  answer: (parts: AsyncIterator<Part>, caller: Caller) => Promise<Response>,
): Route {
  return route(
    method,
    (context): handleClientStreamingCall<Buffer, Buffer> =>
      (call, callback) => {
        const work = async () => {
          const caller = await callerOf(context, call, false);
          const parts = decodedParts(method, call, caller.signal);
          return encoded(method, await answer(parts, caller));
        };
        settle(context, method.path, work(), (bytes) => callback(null, bytes), callback);
      },
  );
}

/** A request, many answers. The next one is asked for when the last one has left, so that a slow reader holds nothing up but itself. */
export function serverStream<Request, Response>(
  method: WireMethod<Request, Response>,
  answers: (request: Request, caller: Caller) => AsyncIterable<readonly Response[]>,
): Route {
  return route(
    method,
    (context): handleServerStreamingCall<Buffer, Buffer> =>
      (call) => {
        const work = async () => {
          const caller = await callerOf(context, call, true);
          const request = method.decodeRequest(call.request);
          call.sendMetadata(new Metadata());
          for await (const group of answers(request, caller)) {
            for (const response of group) await written(call, encoded(method, response), caller.signal);
          }
          caller.signal?.throwIfAborted();
        };
        settle(
          context,
          method.path,
          work(),
          () => call.end(),
          (failure) => call.emit("error", failure),
        );
      },
  );
}

function route<Request, Response>(method: WireMethod<Request, Response>, serve: Route["serve"]): Route {
  const { path, requestStream, responseStream } = method;
  return { path, requestStream, responseStream, serve };
}

function settle<Value>(
  context: EdgeContext,
  path: string,
  work: Promise<Value>,
  succeed: (value: Value) => void,
  fail: (failure: ReturnType<typeof encodeError>) => void,
): void {
  work.then(succeed).catch((error: unknown) => {
    const failure = encodeError(error);
    if (failure.details === "internal error") context.report(path, error);
    fail(failure);
  });
}

/**
 * Who asks, and the signal that ends the call; with `waits`, also when the daemon stops.
 *
 * @throws HeddleError `unauthenticated`.
 */
export async function callerOf(context: EdgeContext, call: AnyCall, waits: boolean): Promise<Caller & { signal: AbortSignal }> {
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort(new HeddleError("cancelled", "the caller has gone")));
  const signal = waits ? AbortSignal.any([gone.signal, context.stopping]) : gone.signal;
  const header = call.metadata.get("authorization")[0];
  const secret = typeof header === "string" ? /^Bearer (\S{1,1024})$/i.exec(header)?.[1] : undefined;
  const principal = secret === undefined ? undefined : await context.authenticate(secret);
  if (principal === undefined) {
    const why = secret === undefined ? "the call carries no token" : "the token is unknown or revoked";
    throw new HeddleError("unauthenticated", why);
  }
  signal.throwIfAborted();
  return { principal, signal };
}

function encoded<Response>(method: Pick<WireMethod<never, Response>, "encodeResponse">, response: Response): Buffer {
  const bytes = method.encodeResponse(response);
  if (bytes.length <= responseBytesMax) return bytes;
  const message = `the answer has ${bytes.length} bytes, and at most ${responseBytesMax} are sent; ask for less`;
  throw new HeddleError("value-too-large", message);
}

async function* decodedParts<Part>(
  method: Pick<WireMethod<Part, never>, "decodeRequest">,
  call: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  try {
    for await (const bytes of call) yield method.decodeRequest(bytes);
  } finally {
    // A sender that has gone has not finished, whatever the stream says.
    signal.throwIfAborted();
  }
}

/** The value, or the reason of the signal when that comes first. */
function orAborted<Value>(value: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return value;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    value.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function written(call: { write(bytes: Buffer, done: () => void): unknown }, bytes: Buffer, signal: AbortSignal | undefined): Promise<void> {
  return orAborted(new Promise<void>((resolve) => call.write(bytes, () => resolve())), signal);
}
