/**
 * A stream of messages both ways, whoever dialled: what sessions are built on. The two makers adapt the
 * calls of grpc-js; tests join two ends in memory.
 */
import { type ClientDuplexStream, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { HeddleError } from "@heddle/core";
import { decodeError, encodeError } from "../errors.ts";

/** One end of a stream of messages. */
export interface ByteStream {
  /** False: the other side is slow, and `drained` says when to go on. */
  write(bytes: Buffer): boolean;
  /** Nothing more will be written. What was written still goes. With an error, the other side is told, where the transport can. */
  end(error?: HeddleError): void;
  /** Lets go at once, in both directions. */
  cut(): void;
  /** Begins to listen. Called once. */
  open(listener: ByteListener): void;
}

/** What a stream tells. Nothing follows `closed`, which is told once: with why, unless the other side ended it in order. */
export interface ByteListener {
  bytes(bytes: Buffer): void;
  drained(): void;
  closed(error: HeddleError | undefined): void;
}

/** The end of who was dialled. */
export function serverByteStream(call: ServerDuplexStream<Buffer, Buffer>): ByteStream {
  let over = false;
  const fail = (error: object): void => {
    if (over) return;
    over = true;
    call.emit("error", error);
  };
  return {
    write: (bytes) => over || call.write(bytes),
    end(error) {
      if (error !== undefined) return fail(encodeError(error));
      if (!over) call.end();
      over = true;
    },
    cut: () => fail({ code: status.CANCELLED, details: "the session is over" }),
    open(listener) {
      const closed = once(listener);
      call.on("data", (bytes: Buffer) => listener.bytes(bytes));
      call.on("drain", () => listener.drained());
      call.on("end", () => closed(undefined));
      call.on("cancelled", () => {
        over = true;
        closed(new HeddleError("cancelled", "its connection is gone"));
      });
      // What is emitted by us is told to the other side, and is no news here.
      call.on("error", (error) => closed(over ? undefined : decodeError(error)));
    },
  };
}

/** How long who was dialled may take to end a call that is over. */
const endMsMax = 5_000;

/** The end of who dialled. `failureOf` tells a broken call as an error of ours. */
export function clientByteStream(
  call: ClientDuplexStream<Buffer, Buffer>,
  failureOf: (error: unknown) => HeddleError = decodeError,
): ByteStream {
  let over = false;
  // A call that is cut before anybody listens ends with an error, which must not be without a listener.
  call.on("error", () => undefined);
  return {
    write: (bytes) => over || call.write(bytes),
    end(error) {
      if (!over) call.end();
      over = true;
      // The other side has been told, and is to end the call; one that does not is not waited for.
      if (error !== undefined) setTimeout(() => call.cancel(), endMsMax).unref();
    },
    cut() {
      over = true;
      call.cancel();
    },
    open(listener) {
      const closed = once(listener);
      call.on("data", (bytes: Buffer) => listener.bytes(bytes));
      call.on("drain", () => listener.drained());
      call.on("end", () => closed(undefined));
      call.on("error", (error) => {
        over = true;
        closed(failureOf(error));
      });
    },
  };
}

function once(listener: ByteListener): ByteListener["closed"] {
  let told = false;
  return (error) => {
    if (told) return;
    told = true;
    listener.closed(error);
  };
}
