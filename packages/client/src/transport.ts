/**
 * Calls over one gRPC channel: tokens, deadlines, cancellation, and errors of ours. It tries each call
 * once; who tries again is decided above.
 */
import { connectivityState, credentials, Client as GrpcClient, Metadata } from "@grpc/grpc-js";
import { HeddleError } from "@heddle/core";
import {
  type ByteStream,
  clientByteStream,
  decodeError,
  isLoopbackHost,
  isRemoteError,
  parseAddress,
  readTokenFile,
  requestBytesMax,
  responseBytesMax,
  tokenFilePath,
  type WireMethod,
} from "@heddle/wire";
import type { Settings } from "./settings.ts";

/** Said with a single call. */
export interface CallOptions {
  /** Ends the call: it rejects as `cancelled`, a follower just ends. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the client's. For streams and results, which have none by default, the time in all. */
  readonly timeoutMs?: number | undefined;
}

/** One attempt. */
export interface AttemptOptions {
  readonly signal?: AbortSignal | undefined;
  readonly deadline: number;
  /** The daemon has taken the call on. */
  readonly onAttached?: () => void;
}

interface Cancellable {
  cancel(): void;
  on(event: "metadata", listener: () => void): unknown;
}

/** How long the channel waits at most between two attempts to connect. */
const reconnectMsMax = 250;

const same = (bytes: Buffer): Buffer => bytes;

/** A channel to one daemon. */
export class Transport {
  readonly #settings: Settings;
  readonly #grpc: GrpcClient;
  readonly #active = new Set<Cancellable>();
  readonly #closing = new AbortController();
  #fileToken: string | undefined;
  #reached = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    const loopback = isLoopbackHost(parseAddress(settings.target).host);
    this.#grpc = new GrpcClient(settings.target, credentials.createInsecure(), {
      "grpc.max_receive_message_length": responseBytesMax,
      "grpc.max_send_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": loopback ? 0 : 1,
      // A daemon that comes back is found soon: how often to try is decided above.
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": reconnectMsMax,
      // A daemon whose machine has gone is noticed during calls that wait.
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 10_000,
    });
  }

  /** True once this daemon has answered anything. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Aborts when the client closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  async unary<Request, Response>(method: WireMethod<Request, Response>, request: Request, options: AttemptOptions): Promise<Response> {
    const bytes = encoded(method, request);
    const metadata = await this.#begin(options);
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const { path } = method;
      const { deadline } = options;
      const call = this.#grpc.makeUnaryRequest(path, same, same, bytes, metadata, { deadline }, (error, value) => {
        release();
        if (error === null && value !== undefined) resolve(value);
        else reject(this.#failure(error, options));
      });
      const release = this.#track(call, options);
    });
    this.#reached = true;
    return method.decodeResponse(answer);
  }

  /** Sends parts as fast as the daemon takes them. */
  async upload<Part, Response>(method: WireMethod<Part, Response>, parts: AsyncIterable<Part>, options: AttemptOptions): Promise<Response> {
    const metadata = await this.#begin(options);
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const ended = new AbortController();
      const { path } = method;
      const { deadline } = options;
      const call = this.#grpc.makeClientStreamRequest<Buffer, Buffer>(path, same, same, metadata, { deadline }, (error, value) => {
        release();
        ended.abort();
        if (error === null && value !== undefined) resolve(value);
        else reject(this.#failure(error, options));
      });
      const release = this.#track(call, options);
      const send = async () => {
        for await (const part of parts) {
          if (ended.signal.aborted) return;
          if (!call.write(encoded(method, part))) await drained(call, ended.signal);
        }
        call.end();
      };
      send().catch((error: unknown) => {
        // The files could not be read: that, and not the cancelled call, is the news.
        reject(HeddleError.is(error) ? error : new HeddleError("request-invalid", "a file of the bundle cannot be read", { cause: error }));
        call.cancel();
      });
    });
    this.#reached = true;
    return method.decodeResponse(answer);
  }

  /** Answers as they come; the daemon is asked for more only when these have been taken. */
  async *stream<Request, Response>(
    method: WireMethod<Request, Response>,
    request: Request,
    options: AttemptOptions,
  ): AsyncGenerator<Response, void, undefined> {
    const bytes = encoded(method, request);
    const metadata = await this.#begin(options);
    const { deadline } = options;
    const call = this.#grpc.makeServerStreamRequest(method.path, same, same, bytes, metadata, { deadline });
    // Whoever stops listening cancels the call, and the status of that has no reader.
    call.on("error", () => undefined);
    const release = this.#track(call, options);
    try {
      for await (const answer of call as AsyncIterable<Buffer>) yield method.decodeResponse(answer);
    } catch (error) {
      throw this.#failure(error, options);
    } finally {
      release();
      call.cancel();
    }
  }

  /** A stream of messages both ways, until either side ends it. */
  async duplex(path: string, options: AttemptOptions): Promise<ByteStream> {
    const metadata = await this.#begin(options);
    const { deadline } = options;
    const call = this.#grpc.makeBidiStreamRequest<Buffer, Buffer>(path, same, same, metadata, { deadline });
    const release = this.#track(call, options);
    call.on("status", release);
    return clientByteStream(call, (error) => this.#failure(error, options));
  }

  /** Ends what is under way. Idempotent. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closedError());
    for (const call of this.#active) call.cancel();
    this.#grpc.close();
  }

  async #begin({ signal, deadline }: AttemptOptions): Promise<Metadata> {
    await this.#anotherConnect(deadline);
    this.closing.throwIfAborted();
    if (signal?.aborted === true) throw cancelledError(signal);
    const metadata = new Metadata();
    const { token, target, home } = this.#settings;
    if (token === undefined) this.#fileToken ??= readTokenFile(target, home);
    const secret = token ?? this.#fileToken;
    if (secret === undefined) return metadata;
    if (!/^\S+$/.test(secret)) throw new HeddleError("config-invalid", "the token has white space in it");
    metadata.set("authorization", `Bearer ${secret}`);
    return metadata;
  }

  /**
   * After a failed connect the channel refuses calls until it tries again. A daemon may have come back in
   * the meantime, so that the next attempt, and not the last one, decides what a new call meets.
   */
  async #anotherConnect(deadline: number): Promise<void> {
    if (this.closing.aborted) return;
    if (this.#grpc.getChannel().getConnectivityState(false) !== connectivityState.TRANSIENT_FAILURE) return;
    const until = Math.min(deadline, Date.now() + 1.5 * reconnectMsMax);
    await new Promise<void>((resolve) => this.#grpc.waitForReady(until, () => resolve()));
  }

  #track(call: Cancellable, { signal, onAttached }: AttemptOptions): () => void {
    const cancel = () => call.cancel();
    this.#active.add(call);
    signal?.addEventListener("abort", cancel, { once: true });
    call.on("metadata", () => {
      this.#reached = true;
      onAttached?.();
    });
    return () => {
      this.#active.delete(call);
      signal?.removeEventListener("abort", cancel);
    };
  }

  #failure(error: unknown, { signal }: AttemptOptions): HeddleError {
    if (HeddleError.is(error)) return error;
    if (this.closing.aborted) return closedError();
    if (signal?.aborted === true) return cancelledError(signal);
    const failure = decodeError(error);
    if (isRemoteError(error)) {
      this.#reached = true;
      return failure.code === "unauthenticated" ? this.#unauthenticated(failure) : failure;
    }
    const { target } = this.#settings;
    // Nobody here cancelled it: the daemon's end of the connection did.
    if (failure.code !== "daemon-unreachable" && failure.code !== "cancelled") return failure;
    const message = `no daemon answers at ${target}; start one with: heddle daemon`;
    return new HeddleError("daemon-unreachable", message, { details: { target }, cause: error });
  }

  #unauthenticated(failure: HeddleError): HeddleError {
    const { token, target, home } = this.#settings;
    this.#fileToken = undefined;
    const path = tokenFilePath(target, home);
    const from = token === undefined ? `the token file is ${path}` : "the token was given by option or environment";
    return new HeddleError("unauthenticated", `${failure.message}; ${from}`, { cause: failure });
  }
}

function encoded<Request>(method: Pick<WireMethod<Request, never>, "encodeRequest">, request: Request): Buffer {
  const bytes = method.encodeRequest(request);
  if (bytes.length <= requestBytesMax) return bytes;
  const message = `the request has ${bytes.length} bytes, and at most ${requestBytesMax} are accepted`;
  throw new HeddleError("value-too-large", message, { details: { bytes: bytes.length, bytesMax: requestBytesMax } });
}

function drained(call: NodeJS.EventEmitter, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off("drain", done);
      ended.removeEventListener("abort", done);
      resolve();
    };
    call.once("drain", done);
    ended.addEventListener("abort", done, { once: true });
  });
}

function closedError(): HeddleError {
  return new HeddleError("cancelled", "the client is closed");
}

function cancelledError(signal: AbortSignal): HeddleError {
  return new HeddleError("cancelled", "the call was cancelled", { cause: signal.reason });
}
