/** The wires of a daemon, as one thing with two forms: what holds for methods, errors and streams holds on each. */
import { createClient, type RemoteApi } from "@heddle/client";
import { createHttpClient } from "@heddle/client/http";
import type { Daemon } from "@heddle/daemon";
import type { FakeDaemonOptions } from "./fake-engine.ts";

/** How a test connects. */
export interface ConnectOptions {
  readonly token?: string | undefined;
  /** Where files of the user would be. */
  readonly home: string;
  readonly timeoutMs?: number;
  readonly reattachMs?: number;
}

/** A client, whatever the wire. */
export interface WireClient extends RemoteApi, AsyncDisposable {
  close(): Promise<void>;
}

export interface Wire {
  readonly name: "gRPC" | "HTTP";
  /** `host:port` of a daemon on this wire. */
  addressOf(daemon: Daemon): string;
  /** Makes a daemon listen there. */
  at(port: number): Pick<FakeDaemonOptions, "grpcPort" | "httpPort">;
  connect(address: string, options: ConnectOptions): WireClient;
}

const grpc: Wire = {
  name: "gRPC",
  addressOf: ({ address }) => address,
  at: (port) => ({ grpcPort: port }),
  connect: (target, { home, ...options }) => createClient({ target, env: { HEDDLE_HOME: home }, ...options }),
};

const http: Wire = {
  name: "HTTP",
  addressOf: ({ httpAddress }) => httpAddress ?? "",
  at: (port) => ({ httpPort: port }),
  connect: (address, { home: _, ...options }) => createHttpClient({ baseUrl: `http://${address}`, ...options }),
};

export const wires: readonly Wire[] = [grpc, http];

export function portOf(address: string): number {
  return Number(address.split(":").at(-1));
}
