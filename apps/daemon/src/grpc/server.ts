/** The gRPC server: routes on a socket, and an orderly end. */
import { type MethodDefinition, Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { HeddleError, type RuntimeApi } from "@heddle/core";
import type { WorkerHub } from "@heddle/remote";
import { formatAddress, requestBytesMax } from "@heddle/wire";
import type { EdgeContext } from "./edge.ts";
import { routesOf } from "./routes.ts";
import { workerRoute } from "./workers.ts";

/** What a server serves, and where. Port 0 takes any free one. */
export interface GrpcServerOptions extends Omit<EdgeContext, "stopping"> {
  readonly api: RuntimeApi;
  /** Where workers are let in; without it, there are none. */
  readonly workers?: WorkerHub;
  readonly host: string;
  readonly port: number;
}

/** A server that answers. */
export interface GrpcServer {
  /** `host:port` as bound. */
  readonly address: string;
  /** Takes no new calls, ends followers and long polls as `shutting-down`, lets the others finish within `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const keepalive = {
  // A follower whose machine has gone is found by this, and its stream ends.
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
};

/** Listens. Errors: `config-invalid` when the address cannot be bound. */
export async function openGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const stopping = new AbortController();
  const context: EdgeContext = {
    authenticate: (secret) => options.authenticate(secret),
    report: (path, error) => options.report(path, error),
    stopping: stopping.signal,
  };
  const server = new Server({
    "grpc.max_receive_message_length": requestBytesMax,
    "grpc.max_send_message_length": -1,
    ...keepalive,
  });
  const definitions: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const handlers: UntypedServiceImplementation = {};
  const { workers } = options;
  for (const route of [...routesOf(options.api), ...(workers === undefined ? [] : [workerRoute(workers)])]) {
    const { path, requestStream, responseStream } = route;
    definitions[path] = { path, requestStream, responseStream, ...asBytes };
    handlers[path] = route.serve(context);
  }
  server.addService(definitions, handlers);
  const { host } = options;
  const port = await bound(server, host, options.port);
  return {
    address: formatAddress({ host, port }),
    stop: (graceMs) => {
      stopping.abort(new HeddleError("shutting-down", "the daemon is shutting down"));
      return stopped(server, graceMs);
    },
  };
}

const same = (bytes: Buffer): Buffer => bytes;

/** Messages stay bytes in grpc-js; the routes read them, so that a bad one is an error of ours. */
const asBytes = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

function bound(server: Server, host: string, port: number): Promise<number> {
  const address = formatAddress({ host, port });
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, actual) => {
      if (error === null) return resolve(actual);
      const hint = "is another daemon running there? Name a free port with --grpc-port";
      reject(new HeddleError("config-invalid", `cannot listen on ${address}: ${error.message}; ${hint}`, { cause: error }));
    });
  });
}

function stopped(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
