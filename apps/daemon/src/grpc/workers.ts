/** The stream of a worker: who dials is authenticated as every caller is, and then it is the hub's. */
import type { handleBidiStreamingCall } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import type { WorkerHub } from "@heddle/remote";
import { encodeError, serverByteStream, workerStreamPath } from "@heddle/wire";
import { callerOf, type EdgeContext, type Route } from "./edge.ts";

/** The route that workers dial. A daemon that stops lets them finish what they have. */
export function workerRoute(hub: WorkerHub): Route {
  return {
    path: workerStreamPath,
    requestStream: true,
    responseStream: true,
    serve: (context: EdgeContext): handleBidiStreamingCall<Buffer, Buffer> => {
      context.stopping.addEventListener("abort", () => hub.drain(), { once: true });
      return (call) => {
        const stream = serverByteStream(call);
        callerOf(context, call, false).then(
          ({ principal }) => {
            call.sendMetadata(new Metadata());
            hub.accept(stream, principal);
          },
          (error: unknown) => {
            // Nobody listens to the stream yet: an error is how it ends, and no event of its own.
            call.on("error", () => undefined);
            call.emit("error", encodeError(error));
          },
        );
      };
    },
  };
}
