/** A node server: one port, one path, a page for people and a WebSocket for clients. */
import { randomUUID } from "node:crypto";
import websocket from "@fastify/websocket";
import { HeddleError, type NodeDefinition } from "@heddle/core";
import Fastify, { type FastifyInstance } from "fastify";
import { refusalOf } from "./admission.ts";
import { type NodeServerConfig, type NodeServerSettings, parseNodeServerConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { Executions } from "./executions.ts";
import { Frames } from "./frames.ts";
import type { ServedNode } from "./node.ts";
import { readPackageName, readServerFile } from "./project-files.ts";
import { type Adopter, adoptNodes, NodeRegistry, stopAdopting } from "./registry.ts";

/** The configuration in the spelling of the Python SDK. */
export interface SnakeCaseSettings {
  readonly domain: string;
  readonly server_name: string;
  readonly server_uid: string;
  readonly port?: number;
  readonly nodes_path?: string;
  readonly auto_watch?: boolean;
  readonly watch_debounce_time?: number;
}

export interface NodeServerOptions {
  /** Served beside those that are registered. */
  readonly nodes?: readonly ServedNode[];
  /** Stronger than the configuration. Default: that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Told of handlers of the shutdown that threw. Default: standard error. */
  onError?(message: string, error: unknown): void;
}

/** Where a server listens. */
export interface NodeServerListening {
  readonly port: number;
  /** What a client connects to: `ws://host:port/`. */
  readonly url: string;
}

export interface NodeServer {
  /** Listens. Asked again, it answers the same. Errors: `config-invalid` where the port is taken, `shutting-down` after `stop`. */
  start(): Promise<NodeServerListening>;
  /** Ends executions and connections, then calls the shutdown handlers in their order. Asked again, it waits for the same. */
  stop(): Promise<void>;
  onShutdown(handler: () => void | Promise<void>): void;
  getNodeDefinitions(): readonly NodeDefinition[];
  /** Serves one more node; clients that are connected are told. Throws `node-invalid` where its uid is another node's. */
  add(node: ServedNode): void;
}

const keptMax = 1_000;
const keptCharsMax = 64 * 1024 * 1024;
/** How long clients may take to say goodbye. */
const goodbyeMs = 500;

/**
 * Makes a server. It listens once it is started. Without a configuration, the file `nanoserver.json` of
 * the current folder is read.
 *
 * @throws HeddleError `config-invalid`; `node-invalid` where two nodes have one uid.
 */
export function createNodeServer(config?: NodeServerSettings | SnakeCaseSettings, options: NodeServerOptions = {}): NodeServer {
  const parsed = parseNodeServerConfig(config ?? readServerFile(process.cwd()), options.environment ?? process.env);
  const server = new Server(parsed, options);
  for (const node of options.nodes ?? []) server.adopt(node);
  adoptNodes(server);
  return {
    start: () => server.start(),
    stop: () => server.stop(),
    onShutdown: (handler) => server.onShutdown(handler),
    getNodeDefinitions: () => server.registry.definitions(),
    add: (node) => server.adopt(node),
  };
}

class Server implements Adopter {
  readonly registry = new NodeRegistry();
  readonly #config: NodeServerConfig;
  readonly #options: NodeServerOptions;
  readonly #frames: Frames;
  readonly #executions: Executions;
  readonly #connections = new Set<Connection>();
  readonly #handlers: (() => void | Promise<void>)[] = [];
  #app: FastifyInstance | undefined;
  #listening: Promise<NodeServerListening> | undefined;
  #stopped: Promise<void> | undefined;
  #heart: NodeJS.Timeout | undefined;
  #allGone: (() => void) | undefined;

  constructor(config: NodeServerConfig, options: NodeServerOptions) {
    this.#config = config;
    this.#options = options;
    const { domain, serverName, serverUid, nanocoreHttpEndpoint } = config;
    const serverPackageId = config.serverPackageId ?? readPackageName(process.cwd()) ?? serverUid;
    this.#frames = new Frames({ domain, serverName, serverUid, serverPackageId, nanocoreHttpEndpoint, incarnation: randomUUID() });
    this.#executions = new Executions({
      frames: this.#frames,
      listInputs: config.listInputs,
      stopGraceMs: config.stopGraceMs,
      keepMs: config.keepMs,
      keptMax,
      keptCharsMax,
      nowMs: () => performance.now(),
      node: (uid) => this.registry.get(uid),
    });
  }

  adopt(node: ServedNode): void {
    this.registry.add(node);
    if (this.#connections.size === 0) return;
    const frame = this.#frames.definitions(this.registry.definitions());
    for (const connection of this.#connections) connection.send(frame);
  }

  onShutdown(handler: () => void | Promise<void>): void {
    this.#handlers.push(handler);
  }

  start(): Promise<NodeServerListening> {
    if (this.#stopped !== undefined) return Promise.reject(new HeddleError("shutting-down", "the node server was stopped: make another"));
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  async #listen(): Promise<NodeServerListening> {
    const { host, port, messageBytesMax, heartbeatIntervalMs } = this.#config;
    const app = Fastify({ forceCloseConnections: true });
    this.#app = app;
    app.register(websocket, {
      options: { maxPayload: messageBytesMax },
      // A socket that fails is closed by its library, with the code that says why.
      errorHandler: () => undefined,
      preClose: (done) => done(),
    });
    app.register(async (routes) => {
      // Here, behind the plugin's own hooks: it closes the sockets of those whom it knows to have been refused.
      routes.addHook("onRequest", async (request, reply) => {
        const { origin, host: name, authorization } = request.headers;
        const queryToken = (request.query as Readonly<Record<string, unknown>>)["token"];
        const refusal = refusalOf(this.#config, { origin, host: name, authorization, queryToken });
        if (refusal !== undefined) await reply.code(refusal.status).send({ message: refusal.message });
      });
      routes.route({
        method: "GET",
        url: "/",
        handler: async () => this.#frames.page(this.registry.definitions()),
        wsHandler: (socket) => this.#connect(new Connection(socket, this.#frames, this.#executions), socket),
      });
    });
    try {
      await app.listen({ host, port });
    } catch (error) {
      await app.close();
      throw listenError(error, host, port);
    }
    this.#heart = setInterval(() => {
      for (const connection of this.#connections) connection.beat();
    }, heartbeatIntervalMs).unref();
    const [address] = app.addresses();
    const taken = typeof address === "object" ? address.port : port;
    return { port: taken, url: `ws://${host.includes(":") ? `[${host}]` : host}:${taken}/` };
  }

  #connect(connection: Connection, socket: { on(event: "close", listener: () => void): void }): void {
    this.#connections.add(connection);
    socket.on("close", () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#allGone?.();
    });
    connection.send(this.#frames.handshake(this.registry.definitions()));
    if (this.#stopped !== undefined) connection.close();
  }

  async #close(): Promise<void> {
    stopAdopting(this);
    // A start that is under way is seen through: what it opened is closed here.
    await this.#listening?.catch(() => undefined);
    clearInterval(this.#heart);
    this.#executions.stopAll();
    await this.#sayGoodbye();
    await this.#app?.close();
    for (const handler of this.#handlers) {
      try {
        await handler();
      } catch (error) {
        this.#report("a shutdown handler of the node server failed", error);
      }
    }
  }

  async #sayGoodbye(): Promise<void> {
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, goodbyeMs);
      this.#allGone = () => {
        clearTimeout(timer);
        resolve();
      };
      for (const connection of this.#connections) connection.close();
    });
    for (const connection of this.#connections) connection.terminate();
  }

  #report(message: string, error: unknown): void {
    if (this.#options.onError === undefined) console.error(`${message}:`, error);
    else this.#options.onError(message, error);
  }
}

function listenError(error: unknown, host: string, port: number): HeddleError {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown";
  const why = code === "EADDRINUSE" ? "is taken: choose another, or 0 for any free one" : `cannot be listened on (${code})`;
  return new HeddleError("config-invalid", `port ${port} of ${host} ${why}`, { cause: error });
}
