/**
 * Calls over fetch: tokens, deadlines, cancellation, and errors of ours. It tries each call once; who
 * tries again is decided above. It runs in browsers, at the edge and in Node.
 */
import { HeddleError } from "@heddle/core";
import { decodeHttpError, type HttpMethod, type HttpRequest, requestBytesMax, type SseForm, SseReader } from "@heddle/wire/http";
import type { Reach } from "../patience.ts";
import type { AttemptOptions } from "../transport.ts";

/** What a transport needs to know. */
export interface HttpSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
}

/** A call that is under way. */
interface Sent {
  readonly response: Response;
  /** Tells an error of the connection as one of ours. */
  failure(error: unknown): HeddleError;
  /** Lets go of it; what has not come yet is not waited for. */
  release(): void;
}

/** The way to one daemon. */
export class HttpTransport implements Reach {
  readonly #settings: HttpSettings;
  readonly #closing = new AbortController();
  #reached = false;

  constructor(settings: HttpSettings) {
    this.#settings = settings;
  }

  get reached(): boolean {
    return this.#reached;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  async call<Request, Response>(method: HttpMethod<Request, Response>, request: Request, options: AttemptOptions): Promise<Response> {
    const sent = await this.#send(method.encodeRequest(request), options);
    try {
      const text = await sent.response.text().catch((error: unknown) => Promise.reject(sent.failure(error)));
      return method.decodeResponse(text);
    } finally {
      sent.release();
    }
  }

  /** Items as they come. Returns behind the last one; throws `daemon-unreachable` where the stream was cut before. */
  async *events<Request, Item>(
    method: HttpMethod<Request, readonly Item[]>,
    form: SseForm<Item>,
    request: Request,
    options: AttemptOptions & { readonly lastEventId?: string | undefined },
  ): AsyncGenerator<readonly Item[], void, undefined> {
    const sent = await this.#send(method.encodeRequest(request), options);
    options.onAttached?.();
    // Nothing is left to tell, and never will be.
    if (sent.response.status === 204) return sent.release();
    const body = sent.response.body?.getReader();
    const text = new TextDecoder();
    const events = new SseReader(form);
    let ended = false;
    try {
      for (;;) {
        const piece = await body?.read().catch((error: unknown) => Promise.reject(sent.failure(error)));
        if (piece === undefined || piece.done) break;
        const batch = events.push(text.decode(piece.value, { stream: true }));
        if (batch.length === 0) continue;
        ended = batch.slice(-1).some((item) => form.isLast(item));
        yield batch;
      }
    } finally {
      sent.release();
    }
    if (!ended) throw new HeddleError("daemon-unreachable", "the daemon ended the stream before its last event");
  }

  /** Ends what is under way. Idempotent. */
  close(): void {
    this.#closing.abort(closedError());
  }

  async #send({ verb, target, body }: HttpRequest, options: AttemptOptions & { readonly lastEventId?: string | undefined }): Promise<Sent> {
    if (body !== undefined) assertSize(body);
    const { baseUrl, token } = this.#settings;
    const stop = new AbortController();
    const release = this.#track(stop, options);
    const failure = (error: unknown) => this.#failure(error, stop.signal, options);
    try {
      const response = await this.#settings.fetch(`${baseUrl}${target}`, {
        method: verb,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(options.lastEventId === undefined ? {} : { "last-event-id": options.lastEventId }),
        },
        ...(body === undefined ? {} : { body }),
        signal: stop.signal,
        redirect: "error",
        credentials: "omit",
        cache: "no-store",
      });
      if (response.ok) {
        this.#reached = true;
        return { response, failure, release };
      }
      throw await this.#refusal(response);
    } catch (error) {
      release();
      throw failure(error);
    }
  }

  /** The error that an answer tells. */
  async #refusal(response: Response): Promise<HeddleError> {
    const error = decodeHttpError(response.status, await response.text());
    if (error.code !== "daemon-unreachable") this.#reached = true;
    return error;
  }

  /** Aborts `stop` with the call, its deadline and the client. The returned function ends both the call and the watch. */
  #track(stop: AbortController, { signal, deadline }: AttemptOptions): () => void {
    this.closing.throwIfAborted();
    if (signal?.aborted === true) throw cancelledError(signal);
    const abort = () => stop.abort();
    const late = () => stop.abort(new HeddleError("deadline-exceeded", "the daemon did not answer in time"));
    const timer = Number.isFinite(deadline) ? setTimeout(late, Math.max(0, deadline - Date.now())) : undefined;
    this.closing.addEventListener("abort", abort, { once: true });
    signal?.addEventListener("abort", abort, { once: true });
    return () => {
      clearTimeout(timer);
      this.closing.removeEventListener("abort", abort);
      signal?.removeEventListener("abort", abort);
      stop.abort();
    };
  }

  #failure(error: unknown, stopped: AbortSignal, { signal }: AttemptOptions): HeddleError {
    if (this.closing.aborted) return closedError();
    if (signal?.aborted === true) return cancelledError(signal);
    if (HeddleError.is(error)) return error;
    if (HeddleError.is(stopped.reason)) return stopped.reason;
    const { baseUrl } = this.#settings;
    const message = `no daemon answers at ${baseUrl}; start one with: heddle daemon`;
    return new HeddleError("daemon-unreachable", message, { details: { baseUrl }, cause: error });
  }
}

function assertSize(body: string): void {
  if (body.length * 3 <= requestBytesMax) return;
  const bytes = new TextEncoder().encode(body).length;
  if (bytes <= requestBytesMax) return;
  const message = `the request has ${bytes} bytes, and at most ${requestBytesMax} are accepted`;
  throw new HeddleError("value-too-large", message, { details: { bytes, bytesMax: requestBytesMax } });
}

function closedError(): HeddleError {
  return new HeddleError("cancelled", "the client is closed");
}

function cancelledError(signal: AbortSignal): HeddleError {
  return new HeddleError("cancelled", "the call was cancelled", { cause: signal.reason });
}
