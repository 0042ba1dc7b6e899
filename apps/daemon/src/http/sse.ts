/**
 * Followers over server-sent events. The stream opens with the first thing that there is to say, so that
 * an error before it has a status of its own; where there is nothing to say and never will be, the answer
 * is 204, which tells clients not to come back. A stream that is complete ends in order. Any other is
 * cut, and whoever follows comes back with the last id seen.
 */
import { HeddleError, publicError } from "@heddle/core";
import { encodeSse, type HttpMethod, type SseForm, sseHeartbeat, sseHeartbeatMs } from "@heddle/wire/http";
import type { FastifyReply } from "fastify";
import { callerOf, type HttpRoute, orAborted, type PresentCaller, partsOf } from "./edge.ts";

/** A request, batches of items for as long as they come. The next batch is asked for when the last one has left. */
export function events<Request, Item>(
  method: HttpMethod<Request, readonly Item[]>,
  form: SseForm<Item>,
  answers: (request: Request, caller: PresentCaller) => AsyncIterable<readonly Item[]>,
): HttpRoute {
  const { verb, path } = method;
  return {
    verb,
    path,
    serve: (context) => async (request, reply) => {
      const caller = callerOf(context, request, reply, true);
      const parts = partsOf(request);
      const last = request.headers["last-event-id"];
      // Who comes back asks as the first time, and says in the header how far it got.
      const query = !form.resumes || last === undefined || last === "" ? parts.query : { ...parts.query, after: last };
      const asked = method.decodeRequest({ ...parts, query });
      const stream = new EventStream(reply);
      try {
        for await (const batch of answers(asked, caller)) {
          for (const message of form.split(batch)) await stream.write(encodeSse(form, message), caller.signal);
        }
        caller.signal.throwIfAborted();
        // One that begins anew each time has no end of its own.
        if (!form.resumes) throw new HeddleError("shutting-down", "the daemon is shutting down");
      } catch (error) {
        if (!stream.isOpen) throw error;
        if (!caller.signal.aborted && publicError(error).message === "internal error") context.report(`${verb} ${path}`, error);
        stream.cut();
        return undefined;
      } finally {
        stream.stop();
      }
      if (stream.isOpen) {
        stream.end();
        return undefined;
      }
      reply.code(204);
      return "";
    },
  };
}

/** One answer that is a stream. */
class EventStream {
  readonly #reply: FastifyReply;
  readonly #heartbeat: NodeJS.Timeout;
  isOpen = false;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
    this.#heartbeat = setInterval(() => this.#beat(), sseHeartbeatMs);
  }

  /** Resolves when the connection takes more. */
  async write(text: string, signal: AbortSignal): Promise<void> {
    if (text === "") return;
    const { raw } = this.#open();
    if (raw.write(text)) return signal.throwIfAborted();
    const drained = new Promise<void>((resolve) => raw.once("drain", resolve));
    await orAborted(drained, signal);
  }

  /** The stream is complete. */
  end(): void {
    this.#reply.raw.end();
  }

  /** It is not: the connection ends behind what was written, without the mark of the stream's end. */
  cut(): void {
    const { raw } = this.#reply;
    // Who does not read is not waited for.
    if (raw.writableNeedDrain) raw.destroy();
    else raw.socket?.destroySoon();
  }

  stop(): void {
    clearInterval(this.#heartbeat);
  }

  /** A reader that is behind sees from its bytes that the stream lives. */
  #beat(): void {
    const { raw } = this.#open();
    if (!raw.writableNeedDrain) raw.write(sseHeartbeat);
  }

  #open(): FastifyReply {
    if (this.isOpen) return this.#reply;
    this.isOpen = true;
    this.#reply.hijack();
    this.#reply.raw.writeHead(200, {
      ...(this.#reply.getHeaders() as Record<string, string>),
      "content-type": "text/event-stream; charset=utf-8",
      // What stands in between and gathers bytes would hold events back.
      "x-accel-buffering": "no",
    });
    return this.#reply;
  }
}
