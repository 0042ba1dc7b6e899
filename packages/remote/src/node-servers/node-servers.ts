/** The node servers of a daemon: each tenant's own, and the executor of `remote` nodes over them. */
import { failureOf, HeddleError, type NodeServerView, type TenantId } from "@heddle/core";
import type { AbortHandle, Clock, NodeServerAddress, NodeServerHost, Outcome, Task } from "@heddle/ports";
import { chooseServer, parametersOf } from "./choice.ts";
import { NodeServerConnection } from "./connection.ts";
import { type DialNodeServer, dialWebSocket } from "./dial.ts";
import { RemoteCall } from "./remote-call.ts";

export interface NodeServersOptions {
  readonly clock: Clock;
  /** Default: over the WebSocket of the platform. */
  readonly dial?: DialNodeServer;
  /** How long a server that was asked to stop an attempt may take to say that it did. */
  readonly graceMs?: number;
  /** Told what a server sent that could not be used: one sentence for people. */
  report?(message: string): void;
}

/** Longer than a server of ours takes to stop. */
const graceDefaultMs = 5_000;

/** Makes the host. It connects to what it is given, and to nothing else. */
export function createNodeServers(options: NodeServersOptions): NodeServerHost {
  return new NodeServers(options);
}

class NodeServers implements NodeServerHost {
  readonly #options: NodeServersOptions;
  readonly #tenants = new Map<TenantId, Map<string, NodeServerConnection>>();
  /** Attempts that no server has yet. */
  readonly #waiting = new Set<RemoteCall>();
  readonly #placed = new Map<RemoteCall, NodeServerConnection>();
  #closed = false;

  constructor(options: NodeServersOptions) {
    this.#options = options;
  }

  async add(server: NodeServerAddress, addedAtMs: number): Promise<NodeServerView> {
    if (this.#closed) throw new HeddleError("shutting-down", "no node server is added any more");
    const url = urlOf(server.url);
    const servers = this.#tenants.get(server.tenant) ?? new Map<string, NodeServerConnection>();
    this.#tenants.set(server.tenant, servers);
    let connection = servers.get(url);
    if (connection === undefined || connection.token !== server.token) {
      connection?.close(removed(url));
      connection = new NodeServerConnection({ ...server, url }, addedAtMs, {
        clock: this.#options.clock,
        dial: this.#options.dial ?? dialWebSocket,
        changed: () => this.#placeWaiting(server.tenant),
        report: (message) => this.#options.report?.(message),
      });
      servers.set(url, connection);
    }
    await connection.tried;
    return connection.view();
  }

  async remove(tenant: TenantId, url: string): Promise<void> {
    const name = urlOf(url);
    const connection = this.#tenants.get(tenant)?.get(name);
    if (connection === undefined) throw new HeddleError("node-server-not-found", `no node server was added as ${name}`);
    this.#tenants.get(tenant)?.delete(name);
    connection.close(removed(name));
    // Without it, another server may be the only one that offers a node; and a wait has another reason.
    this.#placeWaiting(tenant);
  }

  list(tenant: TenantId): readonly NodeServerView[] {
    return this.#servers(tenant).map((connection) => connection.view());
  }

  execute(task: Task, abort: AbortHandle): Promise<Outcome> {
    if (this.#closed) return Promise.resolve({ kind: "aborted" });
    const { node } = task;
    if (node.kind !== "remote") {
      const failure = failureOf("handler-not-found", `${node.id} is not a node of a node server`, "denied", { node: node.id });
      return Promise.resolve({ kind: "failed", failure });
    }
    return new Promise((resolve) => {
      const call = new RemoteCall(task, node.remote, abort, (outcome) => {
        this.#waiting.delete(call);
        this.#placed.delete(call);
        resolve(outcome);
      });
      if (abort.aborted) {
        call.settle({ kind: "aborted" });
        return;
      }
      this.#place(call);
      abort.onAbort(() => this.#abort(call));
    });
  }

  /** Nobody is asked to stop: what runs elsewhere goes on, and is asked for again by the next daemon. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const call of [...this.#waiting]) call.settle({ kind: "aborted" });
    for (const servers of this.#tenants.values()) for (const connection of servers.values()) connection.close({ kind: "aborted" });
    this.#tenants.clear();
  }

  #servers(tenant: TenantId): readonly NodeServerConnection[] {
    return [...(this.#tenants.get(tenant)?.values() ?? [])];
  }

  #place(call: RemoteCall): void {
    const { tenant, node } = call.task;
    const choice = chooseServer(this.#servers(tenant), call.target, node.id);
    if (choice.kind === "refused") {
      call.settle({ kind: "failed", failure: choice.failure });
      return;
    }
    if (choice.kind === "nobody") {
      this.#waiting.add(call);
      call.waitFor(choice.message);
      return;
    }
    const parameters = parametersOf(choice.definition, call.target.parameters ?? {}, node.id);
    if (!("length" in parameters)) {
      call.settle({ kind: "failed", failure: parameters });
      return;
    }
    this.#waiting.delete(call);
    this.#placed.set(call, choice.server);
    choice.server.begin(call, choice.definition, parameters);
  }

  #placeWaiting(tenant: TenantId): void {
    for (const call of [...this.#waiting]) if (call.task.tenant === tenant) this.#place(call);
  }

  #abort(call: RemoteCall): void {
    if (call.isSettled) return;
    const connection = this.#placed.get(call);
    if (connection === undefined) {
      call.settle({ kind: "aborted" });
      return;
    }
    connection.stop(call);
    call.disarm = this.#options.clock.setTimer(this.#options.graceMs ?? graceDefaultMs, () => {
      connection.forget(call);
      call.settle({ kind: "aborted" });
    });
  }
}

function removed(url: string): Outcome {
  return { kind: "lost", message: `the node server ${url} was removed`, counted: false };
}

/** The address in one form. Errors: `request-invalid`. */
function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
    throw new HeddleError("request-invalid", "the url of a node server is one of ws:// or wss://");
  }
  if (url.username !== "" || url.password !== "" || url.searchParams.has("token")) {
    throw new HeddleError("request-invalid", "the url of a node server holds no secret: give the token beside it");
  }
  url.hash = "";
  return url.href;
}
