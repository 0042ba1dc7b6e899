/** A node server that says what it is told to, without a network: the other end of a dialer. */
import type { DialNodeServer, NodeServerSocketEvents } from "../src/node-servers/dial.ts";

export interface SeenMessage {
  readonly type: string;
  readonly instanceId?: string;
  readonly payload?: Readonly<Record<string, unknown>>;
}

export const definitionOf = (uid: string, extra: object = {}): object => ({
  uid,
  name: uid,
  category: "Test",
  version: "1",
  inputs: [{ name: "a", type: "string" }],
  outputs: [{ name: "b", type: "string" }],
  parameters: [],
  ...extra,
});

export class ScriptedServer {
  /** The URLs that were dialled, each time. */
  readonly dials: { readonly url: string; readonly token: string | undefined }[] = [];
  /** What was sent to it, on every connection. */
  readonly seen: SeenMessage[] = [];
  #events: NodeServerSocketEvents | undefined;

  readonly dial: DialNodeServer = (url, token, events) => {
    this.dials.push({ url, token });
    this.#events = events;
    return {
      send: (text) => {
        this.seen.push(JSON.parse(text) as SeenMessage);
      },
      close: () => undefined,
    };
  };

  say(message: unknown): void {
    this.#events?.message(typeof message === "string" ? message : JSON.stringify(message));
  }

  greet(options: { uid?: string; pack?: string; incarnation?: string; nodes?: readonly unknown[] } = {}): void {
    const { uid = "server-1", pack = "test/pack", incarnation, nodes = [definitionOf("echo")] } = options;
    const payload = {
      domain: "d",
      serverDisplayName: "S",
      serverUid: uid,
      serverPackageId: pack,
      nanocoreHttpEndpoint: null,
      nodeDefinitions: nodes,
    };
    this.say({
      type: "handshake",
      serverUid: uid,
      payload: incarnation === undefined ? payload : { ...payload, heddle: { incarnation } },
    });
  }

  status(request: SeenMessage | undefined, status: object): void {
    this.say({ type: "node_status", instanceId: request?.instanceId, payload: { nodeId: request?.payload?.["nodeId"], status } });
  }

  hangUp(reason = "it hung up"): void {
    this.#events?.closed(reason);
  }
}
