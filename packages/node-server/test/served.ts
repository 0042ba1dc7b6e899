/** A server on loopback for a test, and a client of it that speaks the wire by hand, as programs of others do. */
import { once } from "node:events";
import type { NodeServerSettings } from "../src/config.ts";
import { createNodeServer, defineNode, type NodeServer, type ServedNode } from "../src/index.ts";

export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/** Gives back what it was given: `a` as `b`. */
export const echo = defineNode({
  uid: "echo",
  name: "Echo",
  category: "Test",
  version: "1.0.0",
  inputs: [{ name: "a", type: "json" }],
  outputs: [{ name: "b", type: "json" }],
  parameters: [],
  execute: ({ inputLists }) => ({ b: inputLists.a ?? [] }),
});

/** A promise and the way to settle it. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

export class Served implements AsyncDisposable {
  readonly server: NodeServer;
  readonly url: string;
  readonly #clients: Client[] = [];

  private constructor(server: NodeServer, url: string) {
    this.server = server;
    this.url = url;
  }

  static async open(nodes: readonly ServedNode[], settings: Partial<NodeServerSettings> = {}): Promise<Served> {
    const server = createNodeServer(
      { domain: "test.local", serverName: "Test", serverUid: "server-1", serverPackageId: "test/pack", port: 0, ...settings },
      { nodes, environment: {} },
    );
    const { url } = await server.start();
    return new Served(server, url);
  }

  /** A client that has had its handshake. */
  async client(headers: Record<string, string> = {}): Promise<Client> {
    const client = new Client(this.url, headers);
    this.#clients.push(client);
    await client.next();
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.socket.close();
    await this.server.stop();
  }
}

/** Holds every message, in order; `next` waits for one. */
export class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  /** All that came. */
  readonly all: Message[] = [];
  #read = 0;
  #wake: () => void = () => undefined;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, { headers });
    this.closed = once(this.socket, "close").then(([event]) => (event as CloseEvent).code);
    this.socket.addEventListener("message", ({ data }) => {
      this.all.push(JSON.parse(String(data)) as Message);
      this.#wake();
    });
  }

  async next(): Promise<Message> {
    while (this.#read >= this.all.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.all[this.#read++] as Message;
  }

  async take(count: number): Promise<readonly Message[]> {
    const taken: Message[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** All up to the terminal status of this execution, as far as not read yet. */
  async untilEnd(instanceId: string): Promise<readonly Message[]> {
    const taken: Message[] = [];
    for (;;) {
      const message = await this.next();
      taken.push(message);
      if (message["instanceId"] === instanceId && ["complete", "error"].includes(statusIn(message)?.type ?? "")) return taken;
    }
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  request(instanceId: string, nodeUid: string, inputs: unknown = {}, extra: Record<string, unknown> = {}): void {
    const { nodeId = 1, parameters = [], ...payload } = extra;
    const graphNode = { id: nodeId, uid: nodeUid, name: nodeUid, category: "Test", version: "1", inputs: [], outputs: [], parameters };
    this.send({
      type: "request_execution",
      serverUid: "server-1",
      instanceId,
      payload: { nodeId, nodeUid, graphNode, inputs, ...payload },
    });
  }

  /** An answer to this shows that all before it was served. */
  async settled(): Promise<readonly Message[]> {
    this.send({ type: "ping" });
    const taken: Message[] = [];
    for (;;) {
      const message = await this.next();
      if (message.type === "pong") return taken;
      taken.push(message);
    }
  }
}

export interface StatusSeen {
  readonly type: string;
  readonly message?: string;
  readonly outputs?: unknown;
}

export function statusIn(message: Message): StatusSeen | undefined {
  return message.type === "node_status" ? (message["payload"] as { status: StatusSeen }).status : undefined;
}
