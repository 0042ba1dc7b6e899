/**
 * An engine that records what reaches it and answers from a table. The edges under test are real, sockets
 * included; only what is behind them is not.
 */
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Caller,
  type EventRecord,
  HeddleError,
  isTerminalEvent,
  type Principal,
  parseDaemonConfig,
  type RuntimeApi,
} from "@heddle/core";
import { type Daemon, type Engine, startDaemon } from "@heddle/daemon";
import { deferred } from "./deferred.ts";
import { rpcs } from "./rpcs.ts";
import { bundleView, manifest, samples } from "./samples.ts";

export const adminSecret = "hdl_admin_secret";
export const admin: Principal = { subject: "admin", tenant: "default", roles: ["admin"] };

/** A call as it arrived. */
export interface Recorded {
  readonly method: string;
  readonly request: unknown;
  readonly caller: Caller;
}

/** The stream of one run, which outlives the daemons that serve it. */
export class FakeStream {
  readonly events: EventRecord[] = [];
  #changed = deferred();

  append(...records: readonly EventRecord[]): void {
    this.events.push(...records);
    this.#changed.resolve();
    this.#changed = deferred();
  }

  async *follow(after: number, signal: AbortSignal | undefined): AsyncGenerator<readonly EventRecord[]> {
    let at = after;
    const aborted = new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
    while (signal?.aborted !== true) {
      const batch = this.events.slice(at, at + 50);
      at += batch.length;
      if (batch.length > 0) yield batch;
      if (isTerminalEvent(this.events[at - 1]?.event.kind ?? "")) return;
      if (batch.length === 0) await Promise.race([this.#changed.promise, aborted]);
    }
  }
}

/** What a test may change about the engine. */
export interface FakeEngine extends Engine {
  readonly recorded: Recorded[];
  /** By `group.method`: instead of the sample's answer. */
  readonly answers: Map<string, (request: never, caller: Caller) => unknown>;
  readonly uploads: { path: string; bytes: Buffer }[];
}

type Loose = Record<string, Record<string, { readonly answer: unknown } | undefined> | undefined>;

export function createFakeEngine(stream = new FakeStream()): FakeEngine {
  const recorded: Recorded[] = [];
  const uploads: { path: string; bytes: Buffer }[] = [];
  const answers: FakeEngine["answers"] = new Map();
  const group = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, method) => (request: never, caller: Caller) => {
          const key = `${name}.${String(method)}`;
          recorded.push({ method: key, request, caller });
          const answer = answers.get(key);
          if (answer !== undefined) return answer(request, caller);
          return Promise.resolve((samples as unknown as Loose)[name]?.[String(method)]?.answer);
        },
      },
    );
  answers.set("runs.follow", (request: { after?: number }, caller) => stream.follow(request.after ?? 0, caller.signal));
  answers.set("approvals.follow", () => {
    throw new HeddleError("request-invalid", "what is in the inbox is for each test to say");
  });
  answers.set("bundles.get", async () => ({ view: bundleView, manifest }));
  answers.set("bundles.put", async (upload: { files: AsyncIterable<{ path: string; bytes: Uint8Array }> }) => {
    for await (const { path, bytes } of upload.files) uploads.push({ path, bytes: Buffer.from(bytes) });
    return bundleView;
  });
  const api = Object.fromEntries(Object.keys(rpcs).map((name) => [name, group(name)]));
  return {
    api: api as unknown as RuntimeApi,
    recorded,
    answers,
    uploads,
    ready: async () => undefined,
    authenticate: async (secret) => (secret === adminSecret ? admin : undefined),
    ensureAdminToken: async (known) => (known === adminSecret ? undefined : adminSecret),
    close: async () => undefined,
  };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "heddle-conformance-"));
}

export interface FakeDaemonOptions {
  /** Where the token file goes. */
  readonly home: string;
  readonly grpcPort?: number;
  readonly httpPort?: number;
  readonly corsOrigins?: readonly string[];
  readonly graceMs?: number;
}

/** A daemon on loopback over a fake engine, at free ports unless they are named. */
export function startFakeDaemon(engine: Engine, options: FakeDaemonOptions): Promise<Daemon> {
  const { home, grpcPort = 0, httpPort = 0, corsOrigins = [], graceMs = 2_000 } = options;
  const config = parseDaemonConfig({
    dataDir: temporaryFolder(),
    grpc: { port: grpcPort },
    http: { port: httpPort, corsOrigins },
    shutdown: { graceMs },
  });
  return startDaemon({ config, env: { HEDDLE_HOME: home }, openEngine: () => engine });
}

/** A TCP relay that a test can cut, as a network does. */
export interface Relay extends AsyncDisposable {
  readonly address: string;
  /** Bytes taken from the daemon so far. */
  readonly received: () => number;
  /** Destroys all connections; new ones are taken. */
  cut(): void;
}

export async function openRelay(target: string): Promise<Relay> {
  const sockets = new Set<Socket>();
  const port = Number(target.split(":").at(-1));
  let received = 0;
  const server: Server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    far.on("data", (bytes: Buffer) => {
      received += bytes.length;
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    received: () => received,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
