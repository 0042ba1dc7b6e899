/** The three calls by which a plugin makes itself known, over one gRPC channel. */
import { credentials, Client as GrpcClient, Metadata } from "@grpc/grpc-js";
import { HeddleError, type PluginInfo } from "@heddle/core";
import { decodeError, pluginsWire, readTokenFile, type WireMethod } from "@heddle/wire";

/** What a daemon answers to a plugin. Errors: those of PluginsApi, `daemon-unreachable`, `deadline-exceeded`. */
export interface DaemonCalls {
  register(info: PluginInfo, address: string, instance: string): Promise<{ readonly heartbeatIntervalMs: number }>;
  heartbeat(plugin: string, instance: string): Promise<{ readonly registered: boolean; readonly heartbeatIntervalMs: number }>;
  /** Resolves once the daemon has let go of it. */
  deregister(plugin: string, instance: string, timeoutMs: number): Promise<void>;
  close(): void;
}

const timeoutMsDefault = 15_000;

const same = (bytes: Buffer): Buffer => bytes;

/** Makes the calls of one daemon. */
export function daemonCalls(target: string, token: string | undefined, home: string): DaemonCalls {
  const client = new GrpcClient(target, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.enable_http_proxy": 0,
  });
  const unary = async <Request, Response>(
    method: WireMethod<Request, Response>,
    request: Request,
    timeoutMs = timeoutMsDefault,
  ): Promise<Response> => {
    const bytes = method.encodeRequest(request);
    const metadata = new Metadata();
    // A token file may come, or change, while it tries.
    const secret = token ?? readTokenFile(target, home);
    if (secret !== undefined) metadata.set("authorization", `Bearer ${secret}`);
    const answer = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(method.path, same, same, bytes, metadata, { deadline: Date.now() + timeoutMs }, (error, value) => {
        if (error === null && value !== undefined) resolve(value);
        else reject(failureOf(error, target));
      });
    });
    return method.decodeResponse(answer);
  };
  return {
    register: (info, address, instance) => unary(pluginsWire.register, { info, address, instance }),
    heartbeat: (plugin, instance) => unary(pluginsWire.heartbeat, { plugin, instance }),
    deregister: async (plugin, instance, timeoutMs) => void (await unary(pluginsWire.deregister, { plugin, instance }, timeoutMs)),
    close: () => client.close(),
  };
}

function failureOf(error: unknown, target: string): HeddleError {
  const failure = decodeError(error);
  return failure.code === "daemon-unreachable"
    ? new HeddleError("daemon-unreachable", `no daemon answers at ${target}`, { cause: error })
    : failure;
}
