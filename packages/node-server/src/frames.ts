/** The messages that a node server sends, as the text that goes over the wire. */
import type { ErrorCode, FromNodeServer, NodeDefinition, NodeStatus } from "@heddle/core";

/** Who sends them. */
export interface ServerIdentity {
  readonly domain: string;
  readonly serverName: string;
  readonly serverUid: string;
  readonly serverPackageId: string;
  readonly nanocoreHttpEndpoint: string | null;
  readonly incarnation: string;
}

/** Whom a message is about. */
interface About {
  readonly instanceId?: string;
  readonly nodeId?: number;
}

export class Frames {
  readonly #identity: ServerIdentity;
  readonly #server: { readonly serverUid: string; readonly serverPackageId: string };

  constructor(identity: ServerIdentity) {
    this.#identity = identity;
    this.#server = { serverUid: identity.serverUid, serverPackageId: identity.serverPackageId };
  }

  handshake(nodeDefinitions: readonly NodeDefinition[]): string {
    const { domain, serverName, nanocoreHttpEndpoint, incarnation } = this.#identity;
    const payload = {
      domain,
      serverDisplayName: serverName,
      ...this.#server,
      nanocoreHttpEndpoint,
      nodeDefinitions: [...nodeDefinitions],
      heddle: { incarnation },
    };
    return textOf({ type: "handshake", ...this.#server, payload });
  }

  definitions(nodeDefinitions: readonly NodeDefinition[]): string {
    return textOf({ type: "definitions_update", ...this.#server, payload: { nodeDefinitions: [...nodeDefinitions] } });
  }

  status({ instanceId, nodeId }: { readonly instanceId: string; readonly nodeId: number }, status: NodeStatus): string {
    return textOf({ type: "node_status", ...this.#server, instanceId, payload: { nodeId, status } });
  }

  stopped(instanceId: string, count: number): string {
    const message = `Stopping ${count} ${count === 1 ? "node" : "nodes"}`;
    return textOf({ type: "ack_stop_workflow", ...this.#server, instanceId, payload: { success: true, message } });
  }

  error(code: ErrorCode, message: string, { instanceId, nodeId }: About): string {
    return textOf({
      type: "error",
      ...this.#server,
      ...(instanceId === undefined ? {} : { instanceId }),
      payload: { code, message, ...(nodeId === undefined ? {} : { nodeId }) },
    });
  }

  pong(): string {
    return textOf({ type: "pong", ...this.#server });
  }

  /** What a browser is shown. */
  page(nodes: readonly NodeDefinition[]): Readonly<Record<string, unknown>> {
    const { domain, nanocoreHttpEndpoint, serverName } = this.#identity;
    return {
      message: "The node server is running",
      domain,
      nanocoreHttpEndpoint,
      serverDisplayName: serverName,
      ...this.#server,
      loadedNodes: nodes.length,
      nodeUIDs: nodes.map(({ uid }) => uid),
    };
  }
}

function textOf(message: FromNodeServer): string {
  return JSON.stringify(message);
}
