/** Where the daemon calls back: one gRPC service with one stream, on which calls come and outcomes go. */
import { Server, ServerCredentials, type ServerDuplexStream, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { HeddleError, type JsonObject, type LogLevel, parseJson, TimeRange } from "@heddle/core";
import {
  type Address,
  encodeError,
  formatAddress,
  healthAction,
  pluginInstanceMetadata,
  pluginStreamPath,
  responseBytesMax,
  type ServingOutcome,
  type ServingSession,
  type ServingWork,
  serverByteStream,
  startServing,
  streamProtocol,
} from "@heddle/wire";
import type { ReadyPlugin } from "../check-plugin.ts";
import { perform } from "../perform.ts";

export interface StreamServerOptions {
  readonly plugin: ReadyPlugin;
  /** Whoever calls must show it: the daemon learned it when the plugin registered. */
  readonly instance: string;
  readonly listen: Address;
  readonly slots: number;
  readonly log: (line: string) => void;
  /** The last stream of the daemon is gone, and it did not end in order. */
  readonly onDeserted: () => void;
}

/** A plugin that answers. */
export interface StreamServer {
  readonly port: number;
  /** Takes no more calls, lets those under way finish within `graceMs`, then aborts them and closes. */
  stop(graceMs: number): Promise<void>;
}

const same = (bytes: Buffer): Buffer => bytes;

/** How long aborted calls may still take, once the grace is over. */
const lastWordsMs = 500;

/** Listens. Errors: `config-invalid` when the address cannot be bound. */
export async function openStreamServer(options: StreamServerOptions): Promise<StreamServer> {
  const sessions = new Set<ServingSession>();
  const empty = new Set<() => void>();
  const server = new Server({ "grpc.max_receive_message_length": responseBytesMax, "grpc.max_send_message_length": -1 });
  const definition = {
    path: pluginStreamPath,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const open = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    if (call.metadata.get(pluginInstanceMetadata)[0] !== options.instance) {
      call.emit("error", encodeError(new HeddleError("unauthenticated", "this plugin is called by the daemon that it registered with")));
      return;
    }
    const session = serve(call, options, (error) => {
      sessions.delete(session);
      if (sessions.size > 0) return;
      for (const tell of empty) tell();
      if (error !== undefined) options.onDeserted();
    });
    sessions.add(session);
  };
  server.addService({ open: definition }, { open } satisfies UntypedServiceImplementation);
  const port = await bound(server, options.listen);

  const allOver = (withinMs: number): Promise<void> =>
    new Promise((resolve) => {
      if (sessions.size === 0) return resolve();
      const done = () => {
        clearTimeout(timer);
        empty.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      empty.add(done);
    });

  return {
    port,
    async stop(graceMs) {
      for (const session of sessions) session.drain();
      await allOver(graceMs);
      for (const session of sessions) session.abortAll("shutdown");
      await allOver(sessions.size === 0 ? 0 : lastWordsMs);
      for (const session of [...sessions]) session.close();
      server.forceShutdown();
    },
  };
}

function serve(
  call: ServerDuplexStream<Buffer, Buffer>,
  options: StreamServerOptions,
  onEnd: (error: HeddleError | undefined) => void,
): ServingSession {
  const { plugin, instance, slots, log } = options;
  const { name, version } = plugin.info;
  return startServing({
    stream: serverByteStream(call),
    hello: { protocol: streamProtocol, name, instance, slots, handlers: [], plugin: name, bundles: [], version },
    perform: (work) => carryOut(plugin, work),
    onEnd(error) {
      if (error !== undefined) log(`${name}: the daemon is gone: ${error.message}`);
      onEnd(error);
    },
  });
}

/** A health check is a task of its own name, and what it throws is its answer. */
async function checkHealth(plugin: ReadyPlugin): Promise<ServingOutcome> {
  await plugin.form.healthCheck();
  return { kind: "succeeded", result: null };
}

function carryOut(plugin: ReadyPlugin, work: ServingWork): Promise<ServingOutcome> {
  const { name: action, inputJson, timeRangeJson, timeoutMs, tenant, run, node, activation, attempt, idempotencyKey } = work.task;
  if (action === healthAction) return checkHealth(plugin);
  const request = {
    action,
    // It was written by the daemon, which writes objects here; inputs are checked against the schema next.
    params: parseJson(inputJson) as JsonObject,
    ...(timeRangeJson === undefined ? {} : { timeRange: TimeRange.parse(parseJson(timeRangeJson)) }),
    ...(timeoutMs === undefined ? {} : { deadlineMs: Date.now() + timeoutMs }),
    tenant,
    run,
    node,
    activation,
    attempt,
    idempotencyKey,
  };
  return perform(plugin, request, {
    get signal() {
      return work.signal;
    },
    log: (level: LogLevel, text: string, fields?: JsonObject) => work.log(level, "log", text, fields),
    progress: ({ message = "", step, total }) => work.progress(message, step, total),
  });
}

function bound(server: Server, listen: Address): Promise<number> {
  const address = formatAddress(listen);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) return resolve(port);
      reject(
        new HeddleError("config-invalid", `the plugin cannot listen on ${address}: ${error.message}; name a free port`, { cause: error }),
      );
    });
  });
}
